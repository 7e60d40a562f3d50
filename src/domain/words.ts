/**
 * The words of the domain: every closed list that code, API, pages and docs share.
 * A list is a const tuple, so that schemas validate against it and `switch` statements are exhaustive over it.
 */

export const TICKET_STATUSES = [
  'backlog',
  'todo',
  'in_progress',
  'needs_input',
  'in_review',
  'done',
  'cancelled',
] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

export const TRANSITIONS = [
  'ready',
  'defer',
  'claim',
  'ask',
  'resume',
  'submit',
  'hand_in',
  'accept',
  'land',
  'request_changes',
  'release',
  'exhaust',
  'cancel',
  'reopen',
] as const;
export type Transition = (typeof TRANSITIONS)[number];

export const ATTEMPT_STATES = ['offered', 'running', 'stopping', 'parked', 'ended'] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

export const OUTCOMES = [
  'submitted',
  'failed',
  'lost',
  'timed_out',
  'cancelled',
  'declined',
  'rate_limited',
  'stopped',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const EVIDENCE_KINDS = ['signal', 'commit', 'check', 'deploy', 'review', 'artifact'] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

export const EVIDENCE_STATES = ['unverified', 'verified', 'refuted'] as const;
export type EvidenceState = (typeof EVIDENCE_STATES)[number];

export const QUESTION_KINDS = ['question', 'permission', 'attempts_exhausted'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

export const QUESTION_STATES = ['open', 'answered', 'withdrawn'] as const;
export type QuestionState = (typeof QUESTION_STATES)[number];

export const INBOX_KINDS = ['review', 'question', 'attempts_exhausted', 'alert', 'conflict'] as const;
export type InboxKind = (typeof INBOX_KINDS)[number];

export const INBOX_STATES = ['pending', 'delivered', 'acted'] as const;
export type InboxState = (typeof INBOX_STATES)[number];

export const INBOX_DECISIONS = [
  'accept',
  'request_changes',
  'cancel',
  'answer',
  'retry',
  'acknowledge',
  'create_ticket',
  'escalate',
  'withdrawn',
] as const;
export type InboxDecision = (typeof INBOX_DECISIONS)[number];

export const ALERT_SEVERITIES = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

export const ALERT_STATES = ['open', 'acknowledged', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

export const RUNTIMES = [
  'idle',
  'queued',
  'starting',
  'running',
  'stopping',
  'parked',
  'stalled',
  'verifying',
  'landing',
  'closed',
] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** Why a ticket that could be dispatched was not. Decided at the branch that blocks, and carried verbatim. */
export const SKIP_REASONS = [
  'paused',
  'job_disabled',
  'maintenance_window',
  'not_before',
  'blocked_by',
  'assignee_not_runnable',
  'campaign_owner_mismatch',
  'profile_unavailable',
  'project_unavailable',
  'runner_unavailable',
  'previous_attempt_stopping',
  'profile_limit',
  'project_limit',
  'campaign_limit',
  'no_free_slot',
  'worker_count_unknown',
  'budget_exhausted',
  'claim_conflict',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why a worker's write was refused; each tells the worker that this attempt is no longer its own. */
export const STALE_REASONS = ['superseded', 'ended', 'lease_expired', 'cancelled', 'parked'] as const;
export type StaleReason = (typeof STALE_REASONS)[number];

export const ROLES = ['admin', 'member', 'viewer', 'orchestrator', 'runner'] as const;
export type Role = (typeof ROLES)[number];

export const DECIDERS = ['human', 'orchestrator', 'policy'] as const;
export type Decider = (typeof DECIDERS)[number];

/** The two sides of a diff that a comment can stand at. */
export const REVIEW_SIDES = ['before', 'after'] as const;
export type ReviewSide = (typeof REVIEW_SIDES)[number];

export const LANDINGS = ['leave_branch', 'merge', 'squash', 'pull_request'] as const;
export type OnAccept = (typeof LANDINGS)[number];

/**
 * Where a landing is: waiting for its turn; being built and checked; between the announced push and its result; a
 * pull request that awaits its merge; waiting for the deploy to be seen. The last three are final.
 */
export const LANDING_STATES = [
  'queued',
  'building',
  'pushing',
  'awaiting_merge',
  'deploying',
  'landed',
  'ended',
  'withdrawn',
] as const;
export type LandingState = (typeof LANDING_STATES)[number];

/** Why a landing ended without landing. */
export const LANDING_CAUSES = [
  'conflict',
  'check_failed',
  'unclean_clone',
  'push_refused',
  'branch_moved',
  'pull_request_closed',
  'deploy_not_seen',
  'evidence_incomplete',
  'unable',
] as const;
export type LandingCause = (typeof LANDING_CAUSES)[number];

export const ADAPTERS = ['command', 'acp', 'claude', 'codex'] as const;
export type Adapter = (typeof ADAPTERS)[number];

/** How a runner keeps process trees together, besides the marks that it always looks for in /proc. */
export const CONTAINMENTS = ['cgroups', 'pid_namespaces'] as const;
export type Containment = (typeof CONTAINMENTS)[number];

export const WORK_KINDS = ['attempt', 'verify', 'land', 'session'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];

/**
 * Who did it. `human` is a person (token of role admin, member or viewer), `orchestrator` an orchestrator's token,
 * `policy` the completion policy applied by the verifier, `attempt` a worker through its attempt token, `runner` the
 * process that runs it; `dispatcher`, `control_plane` and `operator` are principals inside the server without a token.
 */
export const ACTOR_KINDS = [
  'human',
  'orchestrator',
  'policy',
  'dispatcher',
  'attempt',
  'runner',
  'control_plane',
  'operator',
] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

export interface Actor {
  kind: ActorKind;
  /** A token's name for people and orchestrators, else the id of the attempt, the runner or the loop. */
  id: string;
}

/**
 * What the system may do to its own jobs, where the maintenance policy lists it.
 * `enable_job`: a job that was switched off is switched on again when work has waited for it for a quarter of an hour
 * and nobody has acknowledged the alert that says so.
 */
export const REMEDIES = ['enable_job'] as const;
export type Remedy = (typeof REMEDIES)[number];

/** What people are told of: by the app, a push to their devices, or a webhook. */
export const NOTIFICATION_KINDS = [
  'question',
  'review',
  'conflict',
  'escalated',
  'overdue',
  'exhausted',
  'alert_critical',
  'alert_warning',
  'alert_info',
  'done',
  'paused',
] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** The ways that a person chooses; webhooks are an installation's, and have filters of their own. */
export const NOTIFICATION_WAYS = ['app', 'push'] as const;
export type NotificationWay = (typeof NOTIFICATION_WAYS)[number];

/**
 * `held` until quiet hours are over, `waiting` for its (next) try, then `sent`, `given_up` after a day of trying, or
 * `dropped`: its matter was settled before, it went out in a digest, or its destination is gone.
 */
export const DELIVERY_STATES = ['held', 'waiting', 'sent', 'given_up', 'dropped'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Jobs of Mission Control itself; users' recurring tickets are jobs named after their schedule. */
export const SYSTEM_JOBS = ['ticket-pickup', 'needs-input-pickup', 'operator', 'audit', 'retention'] as const;
export type SystemJob = (typeof SYSTEM_JOBS)[number];
