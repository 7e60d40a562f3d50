/** The closed lists of the domain in the words that people read, with what each means. A list that grows does not compile here. */
import type {
  ActorKind,
  AlertSeverity,
  Decider,
  EvidenceKind,
  EvidenceState,
  InboxKind,
  LandingState,
  OnAccept,
  Outcome,
  Runtime,
  TicketStatus,
} from '../../../src/domain/words.ts';

export const STATUS_WORDS: Record<TicketStatus, string> = {
  backlog: 'Backlog',
  todo: 'To do',
  in_progress: 'In progress',
  needs_input: 'Needs input',
  in_review: 'In review',
  done: 'Done',
  cancelled: 'Cancelled',
};

export const RUNTIME_WORDS: Record<Runtime, string> = {
  idle: 'Idle',
  queued: 'Queued',
  starting: 'Starting',
  running: 'Running',
  stopping: 'Stopping',
  parked: 'Parked',
  stalled: 'Stalled',
  verifying: 'Verifying',
  landing: 'Landing',
  closed: 'Closed',
};

export const PRIORITY_WORDS = ['Urgent', 'High', 'Medium', 'Low', 'Lowest'] as const;

export const EVIDENCE_WORDS: Record<EvidenceKind, string> = {
  signal: 'Signal',
  commit: 'Commit',
  check: 'Check',
  deploy: 'Deploy',
  review: 'Review',
  artifact: 'Artifact',
};

export const EVIDENCE_STATE_WORDS: Record<EvidenceState, string> = {
  unverified: 'not verified yet',
  verified: 'verified',
  refuted: 'refuted',
};

export const OUTCOME_WORDS: Record<Outcome, string> = {
  submitted: 'Submitted',
  failed: 'Failed',
  lost: 'Lost',
  timed_out: 'Timed out',
  cancelled: 'Cancelled',
  declined: 'Declined',
  rate_limited: 'Rate limited',
  stopped: 'Stopped',
};

export const INBOX_WORDS: Record<InboxKind, string> = {
  review: 'Review',
  question: 'Question',
  attempts_exhausted: 'Out of attempts',
  alert: 'Alert',
  conflict: 'Conflict',
};

export const ON_ACCEPT_WORDS: Record<OnAccept, string> = {
  leave_branch: 'Leave the branch',
  merge: 'Merge',
  squash: 'Squash and merge',
  pull_request: 'Push a branch for a pull request',
};

export const DECIDER_WORDS: Record<Decider, string> = {
  human: 'A person',
  orchestrator: 'The orchestrator',
  policy: 'The policy, when all evidence is verified',
};

export const LANDING_WORDS: Record<LandingState, string> = {
  queued: 'Waits for its turn',
  building: 'Builds the merge, and runs the checks on it',
  pushing: 'Pushes',
  awaiting_merge: 'Waits for the pull request to be merged',
  deploying: 'Waits for the deploy to be seen',
  landed: 'Landed',
  ended: 'Did not land',
  withdrawn: 'Withdrawn',
};

export const SEVERITY_WORDS: Record<AlertSeverity, string> = {
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
};

const ACTOR_WORDS: Record<ActorKind, string> = {
  human: 'a person',
  orchestrator: 'the orchestrator',
  policy: 'the completion policy',
  dispatcher: 'the dispatcher',
  attempt: 'the worker',
  runner: 'a runner',
  control_plane: 'Mission Control',
  operator: 'the operator',
};
/** Whose turn it is, in words; what the list does not know is said as it came. */
export const actorWords = (actor: string): string =>
  (ACTOR_WORDS as Record<string, string | undefined>)[actor] ?? actor.replaceAll('_', ' ');
