/** The kinds of agents that this runner can run, by the name that profiles use. */
import type { Adapter as AdapterName } from '../../domain/words.ts';
import { acpAdapter } from './acp/acp.ts';
import type { Adapter } from './adapter.ts';
import { commandAdapter } from './command.ts';
import { claudeAdapter } from './headless/claude.ts';
import { codexAdapter } from './headless/codex.ts';

export const ADAPTERS: Record<AdapterName, Adapter> = {
  command: commandAdapter,
  acp: acpAdapter,
  claude: claudeAdapter,
  codex: codexAdapter,
};
