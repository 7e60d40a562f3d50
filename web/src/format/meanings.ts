/** What a state, a reason or a job means, in whole sentences; only the pages that explain load them. */
import type { SkipReason, TicketStatus } from '../../../src/domain/words.ts';

export const STATUS_MEANS: Record<TicketStatus, string> = {
  backlog: 'Written down, not queued. Nobody works on it until a person makes it ready.',
  todo: 'Queued. A worker takes it as soon as nothing keeps it from starting.',
  in_progress: 'A worker has it: an attempt is offered, running or stopping.',
  needs_input: 'The agent asked something and is parked. It costs no slot, and goes on with the answer.',
  in_review: 'Submitted. Mission Control verifies the evidence, then somebody decides.',
  done: 'Accepted, with the evidence that the completion policy requires, verified by Mission Control itself.',
  cancelled: 'Closed without a result. What was written is kept, and it can be reopened.',
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

/** What Mission Control's own jobs are for, by name. */
export const JOB_MEANS: Record<string, string> = {
  'ticket-pickup': 'Gives tickets in To do to workers with a free slot.',
  'needs-input-pickup': 'Goes on with tickets whose questions are answered.',
  operator: 'Looks for what is stuck or ill, and raises alerts.',
  audit: 'Replays the log and checks every invariant, as the page Trust does.',
  retention: 'Takes away what has had its time: old answers kept for repeated requests, ended tokens.',
};
