/**
 * The shapes that the API returns (design: "Shapes" of the contract). One schema validates, documents and types a
 * message. Times are RFC 3339 in UTC with milliseconds.
 */
import { z } from 'zod';
import {
  ADAPTERS,
  ALERT_SEVERITIES,
  ALERT_STATES,
  ATTEMPT_STATES,
  CONTAINMENTS,
  DECIDERS,
  EVIDENCE_KINDS,
  EVIDENCE_STATES,
  INBOX_KINDS,
  INBOX_STATES,
  LANDINGS,
  LANDING_CAUSES,
  LANDING_STATES,
  OUTCOMES,
  QUESTION_KINDS,
  QUESTION_STATES,
  REVIEW_SIDES,
  ROLES,
  RUNTIMES,
  SKIP_REASONS,
  TICKET_STATUSES,
  WORK_KINDS,
} from '../domain/words.ts';

export const time = z.string().describe('RFC 3339, UTC, milliseconds');
export const nullable = <T extends z.ZodType>(schema: T) => schema.nullable();

/** An argv array; a plain string `s` means `["/bin/sh", "-c", s]`. */
export const argv = z.array(z.string().min(1).max(8192)).min(1).max(200);

export const budget = z.object({
  usd: z.number().positive().optional(),
  tokens: z.number().int().positive().optional(),
});
export type Budget = z.infer<typeof budget>;

/** What a model costs, in US dollars for a million tokens. */
export const price = z.object({
  inputPerMillion: z.number().min(0),
  outputPerMillion: z.number().min(0),
  /** Of what was read from a cache; else as any input. */
  cachedPerMillion: z.number().min(0).optional(),
});

export const completion = z.object({
  requires: z.array(z.enum(EVIDENCE_KINDS)),
  checks: z.array(z.string()),
  decidedBy: z.enum(DECIDERS),
  onAccept: z.enum(LANDINGS),
  allowEmptyDiff: z.boolean(),
});
export type Completion = z.infer<typeof completion>;

export const check = z.object({ name: z.string(), command: argv, timeoutSeconds: z.number().int() });
export type Check = z.infer<typeof check>;

/** What a live look at a registered thing found; shown where it was registered, and again where it bites. */
export const finding = z.object({ ok: z.boolean(), subject: z.string(), message: z.string() });
export type Finding = z.infer<typeof finding>;

export const project = z.object({
  key: z.string(),
  name: z.string(),
  repository: z.object({ path: z.string().optional(), url: z.string().optional() }),
  defaultBranch: z.string(),
  setup: nullable(z.object({ command: argv, timeoutSeconds: z.number().int() })),
  checks: z.array(check),
  deploy: nullable(
    z.object({
      environment: z.string(),
      probe: z.object({ url: z.string().optional(), command: argv.optional() }),
      timeoutSeconds: z.number().int(),
    }),
  ),
  completion,
  protectedPaths: z.array(z.string()),
  defaultProfile: nullable(z.string()),
  runnerLabels: z.array(z.string()),
  limits: z.object({
    maxAttempts: z.number().int(),
    maxWorkers: nullable(z.number().int()),
    backoffSeconds: z.number(),
  }),
  budget: nullable(budget),
  warnings: z.array(finding),
  version: z.number().int(),
  createdAt: time,
  updatedAt: time,
});
export type Project = z.infer<typeof project>;

/** The model gateway in front of a provider: agents of the profile get a token of their attempt instead of the key. */
export const gateway = z.object({
  upstream: z.string(),
  key: z.object({ env: z.string().optional(), secret: z.string().optional() }).optional(),
  price: price.optional(),
});
export type GatewaySettings = z.infer<typeof gateway>;

export const profile = z.object({
  id: z.string(),
  adapter: z.enum(ADAPTERS),
  command: argv,
  role: z.enum(['worker', 'orchestrator']),
  env: z.record(z.string(), z.string()),
  envAllow: z.array(z.string()),
  home: z.enum(['isolated', 'inherit']),
  files: z.record(z.string(), z.string()),
  model: nullable(z.string()),
  acp: nullable(z.object({ authMethod: z.string().optional(), mode: z.string().optional() })),
  gateway: nullable(gateway),
  timeoutSeconds: z.number(),
  stallSeconds: z.number(),
  holdSeconds: z.number(),
  maxWorkers: nullable(z.number().int()),
  permissions: z.enum(['ask', 'allow', 'deny']),
  budget: nullable(budget),
  warnings: z.array(finding),
  rateLimitedUntil: nullable(time),
  version: z.number().int(),
  createdAt: time,
  updatedAt: time,
});
export type Profile = z.infer<typeof profile>;

export const campaign = z.object({
  key: z.string(),
  name: z.string(),
  owner: z.string(),
  maxWorkers: nullable(z.number().int()),
  version: z.number().int(),
  createdAt: time,
  updatedAt: time,
});
export type Campaign = z.infer<typeof campaign>;

export const question = z.object({
  id: z.string(),
  kind: z.enum(QUESTION_KINDS),
  text: z.string(),
  context: nullable(z.string()),
  choices: z.array(z.object({ id: z.string(), label: z.string() })),
  state: z.enum(QUESTION_STATES),
  answer: nullable(z.string()),
  answeredBy: nullable(z.string()),
  attempt: nullable(z.string()),
  askedAt: time,
  answeredAt: nullable(time),
});
export type Question = z.infer<typeof question>;

export const evidence = z.object({
  id: z.string(),
  attempt: z.string(),
  kind: z.enum(EVIDENCE_KINDS),
  claim: z.record(z.string(), z.unknown()),
  state: z.enum(EVIDENCE_STATES),
  reason: nullable(z.string()),
  verifiedAt: nullable(time),
  required: z.boolean(),
  details: z.object({
    exitCode: z.number().int().nullable().optional(),
    durationMs: z.number().optional(),
    outputUrl: z.string().optional(),
    files: z.array(z.string()).optional(),
    protectedPaths: z.array(z.string()).optional(),
    sha256: z.string().optional(),
    size: z.number().optional(),
    /** Of an artifact. */
    contentUrl: z.string().optional(),
    /** What the probe of a deploy answered. */
    said: z.string().optional(),
    commit: z.string().optional(),
  }),
});
export type Evidence = z.infer<typeof evidence>;

export const waiver = z.object({
  id: z.string(),
  attempt: z.string(),
  kind: z.enum(EVIDENCE_KINDS),
  reason: z.string(),
  by: z.string(),
  expiresAt: time,
  createdAt: time,
});
export type Waiver = z.infer<typeof waiver>;

export const landing = z.object({
  id: z.string(),
  attempt: z.string(),
  mode: z.enum(LANDINGS),
  state: z.enum(LANDING_STATES),
  /** What landed; before that what is being pushed, or what was accepted. */
  commit: nullable(z.string()),
  cause: nullable(z.enum(LANDING_CAUSES)),
  reason: nullable(z.string()),
  /** The branch of the pull request. */
  branch: nullable(z.string()),
  /** Passed on the merge result. */
  checks: z.array(
    z.object({ name: z.string(), exitCode: nullable(z.number().int()), durationMs: z.number() }),
  ),
  /** Until when the deploy has to be seen. */
  deadline: nullable(time),
  recordedAt: time,
});
export type Landing = z.infer<typeof landing>;

export const skip = z.object({ code: z.enum(SKIP_REASONS), detail: z.string(), at: time });
export type Skip = z.infer<typeof skip>;
export const why = z.object({ current: nullable(skip), history: z.array(skip) });
export type Why = z.infer<typeof why>;

export const attempt = z.object({
  id: z.string(),
  kind: z.enum(['agent', 'person']),
  number: z.number().int(),
  ticket: z.string(),
  profile: nullable(z.string()),
  runner: nullable(z.string()),
  state: z.enum(ATTEMPT_STATES),
  outcome: nullable(z.enum(OUTCOMES)),
  reason: nullable(z.string()),
  fence: z.number().int(),
  branch: nullable(z.string()),
  base: nullable(z.string()),
  head: nullable(z.string()),
  session: nullable(z.string()),
  summary: nullable(z.string()),
  exitCode: nullable(z.number().int()),
  cost: z.object({
    usd: z.number(),
    inputTokens: z.number(),
    outputTokens: z.number(),
    /** False where some of it is what the agent said of itself; absent where nothing was used. */
    metered: z.boolean().optional(),
  }),
  lastProgress: nullable(z.object({ text: z.string(), percent: nullable(z.number()), at: time })),
  offeredAt: time,
  startedAt: nullable(time),
  endedAt: nullable(time),
});
export type Attempt = z.infer<typeof attempt>;

export const ticket = z.object({
  key: z.string(),
  project: z.string(),
  title: z.string(),
  description: z.string(),
  status: z.enum(TICKET_STATUSES),
  priority: z.number().int(),
  assignee: nullable(z.string()),
  owner: nullable(z.string()),
  campaign: nullable(z.string()),
  profile: nullable(z.string()),
  labels: z.array(z.string()),
  acceptanceCriteria: z.array(z.string()),
  blockedBy: z.array(z.string()),
  completion,
  /** What the ticket sets itself; the rest of `completion` is its project's. */
  ownCompletion: nullable(completion.partial()),
  budget: nullable(budget),
  version: z.number().int(),
  nextAction: z.object({ text: z.string(), actor: nullable(z.string()) }),
  runtime: z.enum(RUNTIMES),
  age: z.number().describe('seconds since the status changed'),
  sentence: z.string(),
  attempt: nullable(
    z.object({
      id: z.string(),
      number: z.number().int(),
      profile: nullable(z.string()),
      state: z.enum(ATTEMPT_STATES),
      outcome: nullable(z.enum(OUTCOMES)),
      startedAt: nullable(time),
      lastProgress: attempt.shape.lastProgress,
    }),
  ),
  questions: z.array(question),
  evidence: z.array(evidence),
  waivers: z.array(waiver),
  landing: nullable(landing),
  feedback: nullable(z.string()),
  whyNotRunning: nullable(skip),
  /** Transitions that this caller may try now, from the one table; a guard may still refuse with a reason. */
  allowedTransitions: z.array(z.string()),
  notBefore: nullable(time),
  createdBy: z.string(),
  createdAt: time,
  updatedAt: time,
  statusSince: time,
});
export type Ticket = z.infer<typeof ticket>;

/** What a reviewer wrote at lines of a diff. */
export const reviewComment = z.object({
  path: z.string(),
  side: z.enum(REVIEW_SIDES),
  line: z.number().int(),
  endLine: z.number().int(),
  quote: z.string(),
  text: z.string(),
});
export type ReviewComment = z.infer<typeof reviewComment>;

export const event = z.object({
  seq: z.number().int().nullable(),
  type: z.string(),
  actor: z.object({ kind: z.string(), id: z.string() }),
  at: time,
  data: z.record(z.string(), z.unknown()),
  /** One sentence for people, derived from type and data. */
  text: z.string(),
});
export type Event = z.infer<typeof event>;

export const inboxItem = z.object({
  id: z.string(),
  kind: z.enum(INBOX_KINDS),
  state: z.enum(INBOX_STATES),
  ticket: nullable(z.string()),
  subject: z.string(),
  for: z.enum(['person', 'orchestrator']),
  attempt: nullable(z.string()),
  question: nullable(z.string()),
  deadline: nullable(time),
  deliveries: z.number().int(),
  deliveryId: z.string().optional(),
  result: nullable(z.object({ decision: z.string(), reason: z.string(), by: z.string(), via: z.string() })),
  createdAt: time,
  version: z.number().int(),
});
export type InboxItem = z.infer<typeof inboxItem>;

export const alert = z.object({
  id: z.string(),
  fingerprint: z.string(),
  rule: z.string(),
  subject: z.string(),
  severity: z.enum(ALERT_SEVERITIES),
  state: z.enum(ALERT_STATES),
  occurrences: z.number().int(),
  recurrences: z.number().int(),
  firstSeen: time,
  lastSeen: time,
  detail: z.string(),
  version: z.number().int(),
});
export type Alert = z.infer<typeof alert>;

export const policy = z.object({
  version: z.number().int(),
  maxWorkers: z.number().int(),
  budget: nullable(budget),
  remedies: z.array(z.string()),
  windows: z.array(z.object({ cron: z.string(), minutes: z.number().int(), reason: z.string().optional() })),
  paused: nullable(z.object({ by: z.string(), reason: z.string(), at: time, stop: z.boolean() })),
});
export type Policy = z.infer<typeof policy>;

export const runner = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['ready', 'silent', 'draining']),
  slots: z.number().int(),
  busy: z.number().int(),
  labels: z.array(z.string()),
  kinds: z.array(z.enum(WORK_KINDS)),
  pid: z.number().int().nullable(),
  version: z.string(),
  /** What keeps process trees together there, besides the marks that are looked for in /proc. */
  containment: z.array(z.enum(CONTAINMENTS)),
  lastSeenAt: nullable(time),
});
export type Runner = z.infer<typeof runner>;

export const outputItem = z.object({ seq: z.number().int(), at: time, stream: z.string(), text: z.string() });
export type OutputItem = z.infer<typeof outputItem>;
export const output = z.object({
  items: z.array(outputItem),
  nextAfter: z.number().int(),
  ended: z.boolean(),
});
export type Output = z.infer<typeof output>;

export const comment = z.object({
  at: time,
  by: z.string(),
  kind: z.string(),
  text: z.string(),
  /** Of feedback that was written at lines of a diff. */
  review: z
    .object({ attempt: nullable(z.string()), summary: z.string(), comments: z.array(reviewComment) })
    .optional(),
});
export type Comment = z.infer<typeof comment>;

export const token = z.object({
  id: z.string(),
  role: z.enum(ROLES),
  name: z.string(),
  expiresAt: nullable(time),
  createdAt: time,
  lastUsedAt: nullable(time),
});
export type Token = z.infer<typeof token>;
export const issuedToken = token.extend({ token: z.string() });
export type IssuedToken = z.infer<typeof issuedToken>;

export const verification = z.object({
  ok: z.boolean(),
  head: z.object({ seq: z.number().int(), hash: z.string() }),
  events: z.number().int(),
  invariants: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      ok: z.boolean(),
      checked: z.number().int(),
      violations: z.array(z.string()),
    }),
  ),
});
export type Verification = z.infer<typeof verification>;

export const diff = z.object({
  base: nullable(z.string()),
  head: nullable(z.string()),
  files: z.array(
    z.object({ path: z.string(), additions: z.number(), deletions: z.number(), protected: z.boolean() }),
  ),
  patch: z.string(),
  truncated: z.boolean(),
});
export type Diff = z.infer<typeof diff>;

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  advice: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  missing: z.array(z.string()).optional(),
  current: z.object({ version: z.number().int(), status: z.string() }).optional(),
  reason: z.string().optional(),
  result: z.unknown().optional(),
});
export type Problem = z.infer<typeof problem>;

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}
