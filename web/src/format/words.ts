/** The closed lists of the domain in the words that people read, with what each means. A list that grows does not compile here. */
import type {
  ActorKind,
  AlertSeverity,
  EvidenceKind,
  EvidenceState,
  InboxKind,
  LandingState,
  OnAccept,
  Outcome,
  Runtime,
  SkipReason,
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

export const STATUS_MEANS: Record<TicketStatus, string> = {
  backlog: 'Written down, not queued. Nobody works on it until a person makes it ready.',
  todo: 'Queued. A worker takes it as soon as nothing keeps it from starting.',
  in_progress: 'A worker has it: an attempt is offered, running or stopping.',
  needs_input: 'The agent asked something and is parked. It costs no slot, and goes on with the answer.',
  in_review: 'Submitted. Mission Control verifies the evidence, then somebody decides.',
  done: 'Accepted, with the evidence that the completion policy requires, verified by Mission Control itself.',
  cancelled: 'Closed without a result. What was written is kept, and it can be reopened.',
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

export const SKIP_MEANS: Record<SkipReason, string> = {
  paused: 'Mission Control is paused. Nothing new starts until a person resumes it.',
  job_disabled: 'The job that picks up such tickets is disabled. See Jobs for who did it, and why.',
  maintenance_window: 'A maintenance window is open. Work starts again when it ends.',
  not_before: 'It waits for a moment in time: a set date, a back-off after a failure, or a rate limit.',
  blocked_by: 'It waits for another ticket to be done. A cancelled blocker does not count as done.',
  assignee_not_runnable:
    'It is assigned to a person, so no worker takes it. Reassign it, or hand it in yourself.',
  campaign_owner_mismatch: 'Its campaign belongs to another profile than the one that would run it.',
  profile_unavailable:
    'No profile is set, or the profile cannot be used. Set one here or as the project’s default.',
  project_unavailable: 'The project’s repository cannot be used. See Settings for what its check found.',
  runner_unavailable:
    'No runner that fits is ready. Start one, or look at the labels that the project asks for.',
  previous_attempt_stopping:
    'The last attempt is still stopping. Its processes must be gone before the next begins.',
  profile_limit: 'The profile has as many workers as it may have.',
  project_limit: 'The project has as many workers as it may have.',
  campaign_limit: 'The campaign has as many workers as it may have.',
  no_free_slot: 'Every worker slot is taken. It is next when one comes free.',
  worker_count_unknown:
    'The number of active workers could not be read, so nothing is started: full until known.',
  budget_exhausted: 'A budget is spent. A person can raise it.',
  claim_conflict: 'Somebody else changed it at the moment of the claim. The next tick looks again.',
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

/** What Mission Control's own jobs are for, by name. */
export const JOB_MEANS: Record<string, string> = {
  'ticket-pickup': 'Gives tickets in To do to workers with a free slot.',
  'needs-input-pickup': 'Goes on with tickets whose questions are answered.',
  operator: 'Looks for what is stuck or ill, and raises alerts.',
  audit: 'Replays the log and checks every invariant, as the page Trust does.',
  retention: 'Takes away what has had its time: old answers kept for repeated requests, ended tokens.',
};
