/**
 * The adapter for any program: the prompt on standard input and in a file, both streams as live output, and all else
 * by `mc-coord`. It has no session; what it resumes with is its worktree.
 */
import type { ProcessId } from '../processes/process-table.ts';
import type { Adapter, AgentHost, Launch, RunningAgent } from './adapter.ts';

export const commandAdapter: Adapter = {
  async start(launch: Launch, host: AgentHost): Promise<RunningAgent> {
    const keeper = await host.start({
      command: launch.command,
      cwd: launch.worktree,
      env: launch.env,
      input: launch.promptFile,
    });
    return commandAgent(keeper, host);
  },
  adopt: (keeper, host) => commandAgent(keeper, host),
};

function commandAgent(keeper: ProcessId, host: AgentHost): RunningAgent {
  return {
    state: () => host.readExit(keeper),
    session: () => null,
    usage: () => null,
    isHeld: () => false,
    answer: () => undefined,
    windUp: () => Promise.resolve(),
  };
}
