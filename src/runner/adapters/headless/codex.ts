/** The adapter for Codex without a terminal. */
import { join } from 'node:path';
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
            ...setting('sandbox_workspace_write.writable_roots', [gitFolder(launch.offer, launch.worktree)]),
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

/** The bare clone that the worktree belongs to: beside the folder of worktrees, where the runner keeps both. */
function gitFolder(offer: { project: { key: string } }, worktree: string): string {
  return join(worktree, '..', '..', 'clones', `${offer.project.key}.git`);
}

export const codexAdapter: Adapter = headlessAdapter(codex);
