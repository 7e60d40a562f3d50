/**
 * What one tick of the dispatcher looks at: one consistent picture, read before anything is decided.
 *
 * The two lanes have separate types. A `NeedsInputCandidate` can only be made from a row of the needs_input lane, so
 * the code of that lane cannot see a todo ticket, let alone start it.
 */
import type { Budget, Cost } from '../ticket/state.ts';
import type { Campaign, Policy, Profile, Project } from '../config.ts';
import type { SkipReason } from '../words.ts';

interface CandidateFields {
  key: string;
  version: number;
  project: string;
  profile: string | null;
  assignee: string | null;
  campaign: string | null;
  notBefore: number | null;
  /** Blockers that are not done, with their status. */
  unfinishedBlockers: { key: string; status: string }[];
  budget: Budget | null;
  cost: Cost;
  /** An earlier attempt's process may still be alive. */
  stopping: boolean;
  /** The stored reason, so that only a change is written. */
  storedSkip: { code: SkipReason; detail: string } | null;
}

export interface TodoCandidate extends CandidateFields {
  lane: 'todo';
}

export interface NeedsInputCandidate extends CandidateFields {
  lane: 'needs_input';
  /** The runner that keeps the parked attempt's session and worktree; null where none is parked. */
  parkedOn: string | null;
}

export type Candidate = TodoCandidate | NeedsInputCandidate;

export interface ActiveWorker {
  attempt: string;
  ticket: string;
  project: string;
  profile: string | null;
  campaign: string | null;
  runner: string | null;
}

export interface RunnerSlots {
  id: string;
  name: string;
  slots: number;
  labels: string[];
  /** Seen within the time that an offer lives, and not draining. */
  alive: boolean;
  takesAttempts: boolean;
}

/** Yes, no, or unknown with the reason: a gate that cannot be read is never an empty list. */
export type Reading<T> = { known: true; value: T } | { known: false; reason: string };

export interface DispatchWorld {
  now: number;
  policy: Policy;
  /** A maintenance window that is open now, by its reason. */
  openWindow: string | null;
  jobs: { todo: boolean; needs_input: boolean };
  projects: ReadonlyMap<string, Project>;
  profiles: ReadonlyMap<string, Profile>;
  campaigns: ReadonlyMap<string, Campaign>;
  runners: Reading<readonly RunnerSlots[]>;
  workers: Reading<readonly ActiveWorker[]>;
  /** Spent today by project; `total` over all. */
  spentToday: Reading<{ byProject: ReadonlyMap<string, Cost>; total: Cost }>;
}

export interface DispatchSnapshot extends DispatchWorld {
  needsInput: readonly NeedsInputCandidate[];
  todo: readonly TodoCandidate[];
}
