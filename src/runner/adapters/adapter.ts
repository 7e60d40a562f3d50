/**
 * What is different between kinds of agents: how one is started, what it says, how it is asked, answered and told to
 * stop. Everything else (worktree, environment, lease, process tree, reports) is the same for all, and not here.
 */
import type { Readable, Writable } from 'node:stream';
import type { AttemptOffer } from '../../contract/runner-protocol.ts';
import type { ExitState } from '../processes/agent-process.ts';
import type { ProcessId } from '../processes/process-table.ts';
import type { Transcript } from '../transcript/transcript-file.ts';

export interface Usage {
  usd?: number;
  inputTokens?: number;
  outputTokens?: number;
}

export function addUsage(a: Usage, b: Usage): Usage {
  const total: Usage = { ...a };
  for (const name of ['usd', 'inputTokens', 'outputTokens'] as const) {
    const more = b[name];
    if (more !== undefined) total[name] = (total[name] ?? 0) + more;
  }
  return total;
}

export interface Launch {
  offer: AttemptOffer;
  /** The profile's command with its placeholders filled. */
  command: string[];
  worktree: string;
  env: Record<string, string>;
  promptFile: string;
  /** What to tell it. */
  prompt: string;
  /** What to tell it where its session cannot be continued: all of the ticket, and what came before. */
  restartPrompt: string;
  /** The agent's own session to go on with, where it has one. */
  session: string | null;
  /** Mission Control's own tools over MCP, where the server has them. */
  mcp: { url: string; token: string } | null;
  /** Answers to permission questions that were asked before the attempt was parked. */
  answers: { question: string; choice: string }[];
}

/** What an adapter wants to know again in a later life, of the runner or of the attempt; JSON. */
export type Memory = Record<string, unknown>;

export interface ProgramSpec {
  command: string[];
  cwd: string;
  env: Record<string, string>;
}

/** What the runner does for an adapter. */
export interface AgentHost {
  /**
   * Starts a program in the attempt's tree, which outlives this runner. Its standard output becomes live output, or,
   * with `events`, is kept in that file for the adapter to read.
   */
  start(spec: ProgramSpec & { input: string | null; events?: string }): Promise<ProcessId>;
  /** Starts a program in the attempt's tree and talks to it; it ends with this runner. Standard error is live output. */
  open(spec: ProgramSpec): Promise<{ keeper: ProcessId; input: Writable; output: Readable }>;
  readExit(keeper: ProcessId): ExitState;
  /** Ends all that runs for the attempt: what a program that died left behind must not work beside the next one. */
  clear(): Promise<void>;
  /** A file of the attempt's own, kept until it ends. */
  file(name: string): string;
  /** A line of the runner's in the live output. */
  note(text: string): void;
  readonly transcript: Transcript & { countFromAgent(): number };
  /** What was remembered last, also by the attempt that this one resumes or continues. */
  memory(): Memory;
  remember(memory: Memory): void;
  /** The agent's session is known: written down, so that it survives this runner. */
  setSession(session: string): void;
  /** Opens a permission question. @returns its id @throws where the attempt is not current any more */
  ask(text: string, choices: { id: string; label: string }[]): Promise<string>;
  /** The question was not answered while the agent was held. @returns whether the attempt is being parked; else an answer is coming */
  park(session: string | null): Promise<boolean>;
  /** Asks the server whether the attempt has a result (or is to stop): if not, an agent that stopped is to go on. */
  isOver(): Promise<boolean>;
  /** Resolves after this many milliseconds, or at once when the attempt is ending. */
  pause(ms: number): Promise<void>;
  readonly isEnding: boolean;
  /** Wall time, in milliseconds. */
  now(): number;
}

/** How an agent ended, as far as the adapter can tell; without an outcome it left without a result. */
export interface AgentEnd {
  exitCode: number | null;
  outcome?: 'failed' | 'rate_limited';
  reason?: string;
  /** Wall time, in milliseconds; with `rate_limited`. */
  notBefore?: number;
}

export interface RunningAgent {
  /** Looked at several times a second. */
  state(): 'running' | AgentEnd;
  /** What a later attempt can go on with. */
  session(): string | null;
  /** Of this life of the agent. */
  usage(): Usage | null;
  /** It waits for an answer, so its silence means nothing. */
  isHeld(): boolean;
  /** A permission question was answered; called again with every renewal until it is known to have arrived. */
  answer(question: string, choice: string): void;
  /**
   * Asks the agent to come to an end by itself; its tree is stopped soon afterwards in any case.
   * @param mayFinish it has just given its result, and may say its last word
   */
  windUp(mayFinish: boolean): Promise<void>;
}

export interface Adapter {
  start(launch: Launch, host: AgentHost): Promise<RunningAgent>;
  /** Goes on with an agent that an earlier life of the runner started; null where that cannot be. */
  adopt(keeper: ProcessId, host: AgentHost, launch: Launch): RunningAgent | null;
}
