/**
 * What the runner's logic needs of the world, as interfaces: the simulation runs the real logic on fakes of these,
 * in virtual time. The real ones are named beside each.
 */
import type { HeartbeatAnswer, Polled } from '../contract/runner-protocol.ts';
import type { Diff } from '../contract/shapes.ts';
import type { ExitState, ProcessSpec, TalkingProcess } from './processes/agent-process.ts';
import type { ProcessId } from './processes/process-table.ts';
import type { StopOptions } from './processes/process-tree.ts';
import type { SavedWork } from './git/saved-work.ts';
import type { Worktree, WorktreePlan, WorktreeRequest } from './git/worktrees.ts';

export interface Registration {
  id: string;
  leaseMs: number;
  graceMs: number;
  instance: string;
  offerMs?: number;
  bundleMaxBytes?: number;
}

export type AttemptVerb = 'accept' | 'heartbeat' | 'permission' | 'output' | 'park' | 'end';
export type WorkVerb = 'accept' | 'heartbeat' | 'output' | 'intent' | 'end';

/** The server, over HTTP: control-plane.ts. Every method throws `ApiProblem` or `Unreachable`. */
export interface ControlPlane {
  /** The address in use now; it changes when a server comes back on another port. */
  readonly url: string;
  register(body: Record<string, unknown>): Promise<Registration>;
  poll(runner: string, body: Record<string, unknown>, signal: AbortSignal): Promise<Polled>;
  attempt<T = unknown>(
    id: string,
    verb: AttemptVerb,
    body: Record<string, unknown>,
    timeoutMs?: number,
  ): Promise<T>;
  work<T = unknown>(
    id: string,
    verb: WorkVerb,
    body: Record<string, unknown>,
    timeoutMs?: number,
  ): Promise<T>;
  uploadBundle(
    attempt: string,
    of: { fence: number; head: string; wip: string | null },
    content: Uint8Array | null,
    timeoutMs: number,
  ): Promise<void>;
  downloadBundle(attempt: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Whether a server answers at this address: the one that was written into an agent's environment. */
  isAnswering(url: string): Promise<boolean>;
}

export type WorkHeartbeat = Pick<HeartbeatAnswer, 'leaseMs' | 'directive' | 'budget'>;

export interface Tree {
  addRoot(root: ProcessId): void;
  track(): void;
  isGone(): boolean;
  stop(options: StopOptions): Promise<boolean>;
}

/** Programs and their trees: processes/. */
export interface Processes {
  /** Has a keeper wait under this mark, so that what is started under it later starts sooner. */
  prepare(marker: string): Promise<void>;
  /** Ends a keeper that still waits under this mark. */
  dismiss(marker: string): Promise<void>;
  start(spec: ProcessSpec): Promise<ProcessId>;
  open(spec: Omit<ProcessSpec, 'input' | 'output'>): Promise<TalkingProcess>;
  readExit(exit: string, keeper: ProcessId): ExitState;
  tree(marker: string, roots: ProcessId[]): Tree;
  strayMarkers(owner: string): Set<string>;
}

/** Clones and worktrees: git/. */
export interface Workspaces {
  plan(request: WorktreeRequest, signal?: AbortSignal): Promise<WorktreePlan>;
  /** For the next attempt at this project, while there is time. */
  prepareSpare(project: WorktreeRequest['project']): Promise<void>;
  /** Takes away what was prepared so long ago and not used; without a time all, and nothing is prepared any more. */
  dropSpares(unusedMs?: number): Promise<void>;
  make(plan: WorktreePlan, signal?: AbortSignal): Promise<Worktree>;
  save(project: string, path: string, ticket: string, number: number): Promise<SavedWork>;
  retire(project: string, path: string, ticket: string, number: number): Promise<SavedWork>;
  head(project: string, branch: string): Promise<string | null>;
  diff(project: string, base: string, head: string): Promise<Diff>;
}
