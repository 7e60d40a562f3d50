/** The adapter for Claude Code without a terminal; also for what prints the same events (`qwen`), by its profile. */
import type { Adapter } from '../adapter.ts';
import { ClaudeEvents } from './claude-events.ts';
import type { Dialect } from './dialect.ts';
import { headlessAdapter } from './headless-agent.ts';

const claude: Dialect = {
  command({ command, offer, mcp }, session, files) {
    const { model, permissions } = offer.profile;
    return [
      ...command,
      '-p',
      '--output-format',
      'stream-json',
      '--verbose',
      ...(session === null ? [] : ['--resume', session]),
      ...(model === null ? [] : ['--model', model]),
      // Without a terminal nobody can be asked: what is not allowed beforehand is denied, and listed in the transcript.
      ...(permissions === 'allow' ? ['--permission-mode', 'bypassPermissions'] : []),
      ...(mcp === null ? [] : ['--mcp-config', files.mcp]),
    ];
  },
  mcpFile({ mcp }) {
    if (mcp === null) return null;
    const server = { type: 'http', url: mcp.url, headers: { Authorization: `Bearer ${mcp.token}` } };
    return JSON.stringify({ mcpServers: { mission_control: server } });
  },
  parser: () => new ClaudeEvents(),
};

export const claudeAdapter: Adapter = headlessAdapter(claude);
