/**
 * The state of one ticket: what `evolve` makes of its stream. Attempts, questions, evidence and waivers live in it,
 * so that one compare-and-swap guards them all. Times are milliseconds since the epoch.
 */
import type {
  AttemptState,
  Decider,
  EvidenceKind,
  EvidenceState,
  LandingCause,
  LandingState,
  OnAccept,
  Outcome,
  QuestionKind,
  QuestionState,
  TicketStatus,
} from '../words.ts';

export interface Budget {
  usd?: number | undefined;
  tokens?: number | undefined;
}

export interface Completion {
  requires: EvidenceKind[];
  checks: string[];
  decidedBy: Decider;
  onAccept: OnAccept;
  allowEmptyDiff: boolean;
}

export interface Cost {
  usd: number;
  inputTokens: number;
  outputTokens: number;
  /** False where some of it is what the agent said of itself; absent where nothing was used. */
  metered?: boolean | undefined;
}

export interface Attempt {
  id: string;
  kind: 'agent' | 'person';
  number: number;
  profile: string | null;
  runner: string | null;
  state: AttemptState;
  outcome: Outcome | null;
  reason: string | null;
  /** Set while `stopping`: where this attempt goes once its process tree is gone. The outcome is fixed by then. */
  stoppingTo: 'parked' | 'ended' | null;
  fence: number;
  branch: string | null;
  base: string | null;
  head: string | null;
  session: string | null;
  summary: string | null;
  exitCode: number | null;
  cost: Cost;
  lastProgress: { text: string; percent: number | null; at: number } | null;
  /** Where its worktree starts; null is the default branch. */
  startAt: string | null;
  /** The earlier attempt whose worktree and session it continues. */
  continues: string | null;
  /** Who submitted: for an agent its attempt id, for a person their name. */
  submittedBy: string | null;
  offeredAt: number;
  startedAt: number | null;
  parkedAt: number | null;
  endedAt: number | null;
}

export interface Question {
  id: string;
  kind: QuestionKind;
  text: string;
  context: string | null;
  choices: { id: string; label: string }[];
  state: QuestionState;
  answer: string | null;
  /** The id of the chosen choice, where one was chosen. */
  choice: string | null;
  answeredBy: string | null;
  attempt: string | null;
  askedAt: number;
  answeredAt: number | null;
  /** The attempts (with fence) into whose prompt or session the answer went. */
  deliveredTo: string[];
}

export interface Evidence {
  id: string;
  attempt: string;
  kind: EvidenceKind;
  claim: Record<string, unknown>;
  state: EvidenceState;
  reason: string | null;
  verifiedAt: number | null;
  required: boolean;
  /** How often a verifier could not run; after the last try the item goes to a person. */
  tries: number;
  givenUp: boolean;
  retryAt: number | null;
  /** Somebody asked for another look, also after the decision. */
  reverify: boolean;
  details: Record<string, unknown>;
}

export interface Waiver {
  id: string;
  attempt: string;
  kind: EvidenceKind;
  reason: string;
  by: string;
  expiresAt: number;
  createdAt: number;
}

export interface Feedback {
  attempt: string | null;
  text: string;
  by: string;
  at: number;
}

export interface Decision {
  attempt: string;
  commit: string | null;
  evidenceHash: string;
  by: string;
  at: number;
}

export interface LandingCheck {
  name: string;
  exitCode: number | null;
  durationMs: number;
}

/** Accepted work on its way into the project's branch; see landing.ts. */
export interface Landing {
  id: string;
  attempt: string;
  mode: OnAccept;
  /** The submitted commit that was accepted. */
  commit: string;
  state: LandingState;
  /** Set once it has ended. */
  cause: LandingCause | null;
  /** What it waits for or why it ended, for people. */
  reason: string | null;
  /** Every announced push, newest last: who goes on first looks whether one of them has arrived. */
  intents: { commit: string; onto: string; branch: string; at: number }[];
  /** The checks that passed on the newest merge result. */
  checks: LandingCheck[];
  /** The commit that landed; null until then. */
  result: string | null;
  /** The branch that a pull request is to be made of. */
  branch: string | null;
  /** Tries in a row that came to nothing: the branch moved, or the runner could not. */
  tries: number;
  retryAt: number | null;
  /** Since when the deploy is waited for, or the pull request. */
  waitsSince: number | null;
  recordedAt: number;
}

export interface TicketFields {
  title: string;
  description: string;
  priority: number;
  assignee: string | null;
  campaign: string | null;
  profile: string | null;
  labels: string[];
  acceptanceCriteria: string[];
  blockedBy: string[];
  completion: Partial<Completion> | null;
  budget: Budget | null;
  notBefore: number | null;
}

export interface Ticket extends TicketFields {
  key: string;
  project: string;
  number: number;
  status: TicketStatus;
  /** Raised by changes of fields, status, attempt state, questions and evidence; never by progress or comments. */
  version: number;
  /** The current fencing token; raised by every claim and every resume. */
  fence: number;
  statusSince: number;
  createdAt: number;
  createdBy: string;
  updatedAt: number;
  /** Since the last ready, request_changes by a person or the orchestrator, answered exhaustion, or reopen. */
  retriesSpent: number;
  /** Releases in a row that spent no retry; only for their back-off. */
  freeReleases: number;
  /** Attempts up to this number belong to earlier rounds of recurring work; 0 where there was one round only. */
  earlierRounds: number;
  attempts: Attempt[];
  questions: Question[];
  evidence: Evidence[];
  waivers: Waiver[];
  feedback: Feedback[];
  decision: Decision | null;
  landing: Landing | null;
}

export function newestAttempt(ticket: Ticket): Attempt | null {
  return ticket.attempts.at(-1) ?? null;
}

/** The attempt that has not ended, if there is one; invariant 1 says it is the newest. */
export function openAttempt(ticket: Ticket): Attempt | null {
  const newest = newestAttempt(ticket);
  return newest && newest.state !== 'ended' ? newest : null;
}

export function openQuestions(ticket: Ticket): Question[] {
  return ticket.questions.filter((question) => question.state === 'open');
}

/** Offered, running and stopping attempts hold a slot; a parked one does not. */
export function holdsSlot(attempt: Attempt): boolean {
  return attempt.state === 'offered' || attempt.state === 'running' || attempt.state === 'stopping';
}

export function submittedAttempt(ticket: Ticket): Attempt | null {
  const newest = newestAttempt(ticket);
  return newest && newest.outcome === 'submitted' ? newest : null;
}

export function evidenceOf(ticket: Ticket, attempt: string): Evidence[] {
  return ticket.evidence.filter((evidence) => evidence.attempt === attempt);
}

/** What this round of the ticket has cost; it is what its budget is for. */
export function ticketCost(ticket: Ticket): Cost {
  const total: Cost = { usd: 0, inputTokens: 0, outputTokens: 0 };
  for (const attempt of ticket.attempts) {
    if (attempt.number <= ticket.earlierRounds) continue;
    total.usd += attempt.cost.usd;
    total.inputTokens += attempt.cost.inputTokens;
    total.outputTokens += attempt.cost.outputTokens;
  }
  return total;
}
