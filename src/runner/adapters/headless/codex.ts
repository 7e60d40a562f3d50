/** The adapter for Codex without a terminal. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Adapter } from '../adapter.ts';
import { CodexEvents } from './codex-events.ts';
import type { Dialect } from './dialect.ts';
import { headlessAdapter } from './headless-agent.ts';

const codex: Dialect = {
  command(launch, session) {
    const { model, permissions } = launch.offer.profile;
    const setting = (name: string, value: unknown): string[] => ['-c', `${name}=${JSON.stringify(value)}`];
    // Its own sandbox makes `.git` read-only, a worktree's lies in the clone, and mc-coord needs the network.
    const limits =
      permissions === 'allow'
        ? ['--dangerously-bypass-approvals-and-sandbox']
        : [
            ...setting('sandbox_mode', permissions === 'deny' ? 'read-only' : 'workspace-write'),
            ...setting('sandbox_workspace_write.network_access', true),
            ...setting('sandbox_workspace_write.writable_roots', gitFolders(launch.worktree)),
          ];
    return [
      ...launch.command,
      'exec',
      ...(session === null ? [] : ['resume']),
      '--json',
      ...limits,
      ...(model === null ? [] : ['--model', model]),
      ...(launch.mcp === null
        ? []
        : [
            ...setting('mcp_servers.mission_control.url', launch.mcp.url),
            ...setting('mcp_servers.mission_control.bearer_token_env_var', 'MC_TOKEN'),
          ]),
      ...(session === null ? [] : [session]),
      '-',
    ];
  },
  parser: (memory) => new CodexEvents(memory),
};

/**
 * Where git writes for a worktree: its own folder in the clone, and the clone. Both are named, because the sandbox
 * makes the first read-only again where only the second is.
 */
function gitFolders(worktree: string): string[] {
  try {
    const [, folder] = /^gitdir: (.+)$/m.exec(readFileSync(join(worktree, '.git'), 'utf8')) ?? [];
    return folder === undefined ? [] : [dirname(dirname(folder)), folder];
  } catch {
    return [];
  }
}

export const codexAdapter: Adapter = headlessAdapter(codex);
