/**
 * What is different between kinds of agents: how one is started, what it says, how it is asked, answered and told to
 * stop. Everything else (worktree, environment, lease, process tree, reports) is the same for all, and not here.
 */
import type { AttemptOffer } from '../../contract/runner-protocol.ts';
import type { ExitState } from '../processes/agent-process.ts';
import type { ProcessId } from '../processes/process-table.ts';

export interface Usage {
  usd?: number;
  inputTokens?: number;
  outputTokens?: number;
}

export interface Launch {
  offer: AttemptOffer;
  /** The profile's command with its placeholders filled. */
  command: string[];
  worktree: string;
  env: Record<string, string>;
  promptFile: string;
  /** The agent's own session to go on with, where it has one. */
  session: string | null;
}

/** What the runner does for an adapter. */
export interface AgentHost {
  /** Starts a program in the attempt's tree; its streams become live output. */
  start(spec: {
    command: string[];
    cwd: string;
    env: Record<string, string>;
    input: string | null;
  }): Promise<ProcessId>;
  readExit(keeper: ProcessId): ExitState;
  /** A line of the runner's in the live output. */
  note(text: string): void;
  /** Opens a permission question. @returns its id */
  ask(text: string, choices: { id: string; label: string }[]): Promise<string>;
}

export interface RunningAgent {
  /** Looked at several times a second. */
  state(): ExitState;
  /** What a later attempt can go on with. */
  session(): string | null;
  usage(): Usage | null;
  /** A permission question was answered while the agent waits for it. */
  answer(question: string, choice: string): Promise<void>;
  /** Asks the agent to come to an end by itself; its tree is stopped soon afterwards in any case. */
  windUp(): Promise<void>;
}

export interface Adapter {
  start(launch: Launch, host: AgentHost): Promise<RunningAgent>;
  /** Goes on with an agent that an earlier life of the runner started; null where that cannot be. */
  adopt(keeper: ProcessId, host: AgentHost, session: string | null): RunningAgent | null;
}
