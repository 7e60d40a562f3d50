/**
 * What callers send. Defaults are filled in by the services, not here, so that a PATCH can tell "absent" from "default".
 * Limits on sizes are those of docs/security.md: titles 200, texts 64 KiB, lists 200.
 */
import { z } from 'zod';
import {
  ADAPTERS,
  DECIDERS,
  EVIDENCE_KINDS,
  LANDINGS,
  REMEDIES,
  REVIEW_SIDES,
  ROLES,
  TRANSITIONS,
} from '../domain/words.ts';
import { MISSED_RUNS } from '../domain/schedule/schedule.ts';
import {
  TEXT,
  clean,
  text,
  required,
  name,
  commandInput,
  time,
  ticketKey,
  seconds,
  strings,
  commitId,
} from './fields.ts';
import { budget, price } from './shapes.ts';

const completionInput = z.strictObject({
  requires: z.array(z.enum(EVIDENCE_KINDS)).max(6).optional(),
  checks: strings(50).optional(),
  decidedBy: z.enum(DECIDERS).optional(),
  onAccept: z.enum(LANDINGS).optional(),
  allowEmptyDiff: z.boolean().optional(),
});

const projectFields = {
  name: required(200),
  repository: z
    .strictObject({
      path: z.string().min(1).max(4096).optional(),
      url: z.string().min(1).max(4096).optional(),
    })
    .refine((r) => (r.path === undefined) !== (r.url === undefined), {
      message: 'give either path or url',
    }),
  defaultBranch: z.string().min(1).max(200).optional(),
  setup: z.strictObject({ command: commandInput, timeoutSeconds: seconds.optional() }).nullable().optional(),
  checks: z
    .array(
      z.strictObject({
        name: name('a check name'),
        command: commandInput,
        timeoutSeconds: seconds.optional(),
      }),
    )
    .max(50)
    .optional(),
  deploy: z
    .strictObject({
      environment: name('an environment'),
      probe: z
        .strictObject({
          url: z
            .url({ protocol: /^https?$/ })
            .refine((url) => !/^[^/]*\/\/[^/]*@/.test(url), {
              message: 'an http or https address without a name and password in it',
            })
            .optional(),
          command: commandInput.optional(),
        })
        .refine((p) => (p.url === undefined) !== (p.command === undefined), {
          message: 'give either url or command',
        }),
      timeoutSeconds: seconds.optional(),
    })
    .nullable()
    .optional(),
  completion: completionInput.optional(),
  protectedPaths: strings(200).optional(),
  defaultProfile: name('a profile id').nullable().optional(),
  runnerLabels: strings(20).optional(),
  limits: z
    .strictObject({
      maxAttempts: z.number().int().min(1).max(1000).optional(),
      maxWorkers: z.number().int().min(0).max(10_000).nullable().optional(),
      backoffSeconds: z.number().min(0).max(86_400).optional(),
    })
    .optional(),
  budget: budget.nullable().optional(),
};
export const createProject = z.strictObject({
  key: z
    .string()
    .regex(/^[A-Z][A-Z0-9]{0,9}$/, { message: 'a project key is 1 to 10 capitals or digits, like MC' }),
  ...projectFields,
});
export const patchProject = z.strictObject({
  ...projectFields,
  name: projectFields.name.optional(),
  repository: projectFields.repository.optional(),
});

/** A path below HOME, as it will be written there. */
const homeFile = clean(500).refine(
  (path) =>
    path !== '' && !path.startsWith('/') && path.split('/').every((part) => !['', '.', '..'].includes(part)),
  {
    message:
      'a file is named by its path in HOME, like .config/agent/settings.json, without "." or ".." in it',
  },
);
const profileFields = {
  adapter: z.enum(ADAPTERS),
  command: commandInput,
  role: z.enum(['worker', 'orchestrator']).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(TEXT)).optional(),
  envAllow: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
    .max(100)
    .optional(),
  home: z.enum(['isolated', 'inherit']).optional(),
  files: z.record(homeFile, z.string().max(262_144)).optional(),
  model: z.string().max(200).nullable().optional(),
  acp: z
    .strictObject({ authMethod: z.string().max(200).optional(), mode: z.string().max(200).optional() })
    .nullable()
    .optional(),
  gateway: z
    .strictObject({
      upstream: z.url(),
      key: z
        .strictObject({
          env: z
            .string()
            .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
            .optional(),
          secret: name('a secret').optional(),
        })
        .refine((key) => (key.env === undefined) !== (key.secret === undefined), {
          message: 'give either env or secret',
        })
        .optional(),
      price: price.optional(),
    })
    .nullable()
    .optional(),
  timeoutSeconds: z.number().min(1).max(604_800).optional(),
  stallSeconds: z.number().min(1).max(604_800).optional(),
  holdSeconds: z.number().min(0).max(86_400).optional(),
  maxWorkers: z.number().int().min(0).max(10_000).nullable().optional(),
  permissions: z.enum(['ask', 'allow', 'deny']).optional(),
  budget: budget.nullable().optional(),
};
export const createProfile = z.strictObject({ id: name('a profile id'), ...profileFields });
export const patchProfile = z.strictObject({
  ...profileFields,
  adapter: profileFields.adapter.optional(),
  command: profileFields.command.optional(),
});

export const createCampaign = z.strictObject({
  key: name('a campaign key'),
  name: required(200),
  owner: name('an owner'),
  maxWorkers: z.number().int().min(0).max(10_000).nullable().optional(),
});
export const patchCampaign = z.strictObject({
  name: required(200).optional(),
  owner: name('an owner').optional(),
  maxWorkers: z.number().int().min(0).max(10_000).nullable().optional(),
});

const ticketFields = {
  title: required(200),
  description: text.optional(),
  priority: z.number().int().min(0).max(4).optional(),
  assignee: name('an assignee').nullable().optional(),
  campaign: name('a campaign key').nullable().optional(),
  profile: name('a profile id').nullable().optional(),
  blockedBy: z.array(ticketKey).max(200).optional(),
  labels: strings(50, required(100)).optional(),
  acceptanceCriteria: strings(100, required(2000)).optional(),
  completion: completionInput.nullable().optional(),
  budget: budget.nullable().optional(),
  notBefore: time.nullable().optional(),
};
export const createTicket = z.strictObject({
  project: z.string().min(1).max(10),
  status: z.enum(['backlog', 'todo']).optional(),
  ...ticketFields,
});
export type CreateTicket = z.infer<typeof createTicket>;
export const patchTicket = z.strictObject({ ...ticketFields, title: ticketFields.title.optional() });
export type PatchTicket = z.infer<typeof patchTicket>;

export const evidenceClaim = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('commit'), commit: commitId }),
  z.strictObject({ kind: z.literal('check'), name: z.string().max(200) }),
  z.strictObject({
    kind: z.literal('deploy'),
    environment: z.string().max(200),
    version: z.string().max(200).optional(),
  }),
  z.strictObject({ kind: z.literal('artifact'), name: z.string().max(500) }),
]);
export type EvidenceClaim = z.infer<typeof evidenceClaim>;

/** What stands at lines of a diff; of request_changes. */
const reviewComments = z
  .array(
    z
      .strictObject({
        path: required(4096),
        side: z.enum(REVIEW_SIDES).default('after'),
        line: z.number().int().min(1).max(10_000_000),
        endLine: z.number().int().min(1).max(10_000_000).optional(),
        quote: clean(10_000).default(''),
        text: required(10_000),
      })
      .refine((comment) => (comment.endLine ?? comment.line) >= comment.line, {
        message: 'endLine is not before line',
      })
      .transform((comment) => ({ ...comment, endLine: comment.endLine ?? comment.line })),
  )
  .max(200);

export const transition = z.strictObject({
  transition: z.enum(TRANSITIONS),
  reason: clean(10_000).optional(),
  feedback: text.optional(),
  comments: reviewComments.optional(),
  summary: text.optional(),
  commit: commitId.optional(),
  evidence: z.array(evidenceClaim).max(50).optional(),
});
export type TransitionRequest = z.infer<typeof transition>;

/** That a pull request was closed and will not be merged. */
export const closeMerge = z.strictObject({ reason: required(10_000) });

export const createComment = z.strictObject({ text: required(TEXT) });
export const answer = z
  .strictObject({ text: required(TEXT).optional(), choice: z.string().min(1).max(1000).optional() })
  .refine((a) => (a.text === undefined) !== (a.choice === undefined), {
    message: 'give either text or choice',
  });
export const createWaiver = z.strictObject({
  kind: z.enum(EVIDENCE_KINDS),
  reason: required(10_000),
  expiresAt: time,
});

export const leaseInbox = z.strictObject({
  consumer: required(200),
  max: z.number().int().min(1).max(100).optional(),
  seconds: z.number().int().min(1).max(86_400).optional(),
});
export const actInbox = z.strictObject({
  deliveryId: z.string().max(200).optional(),
  decision: z.enum([
    'accept',
    'request_changes',
    'cancel',
    'answer',
    'retry',
    'acknowledge',
    'create_ticket',
    'escalate',
  ]),
  reason: required(10_000),
  feedback: text.optional(),
  comments: reviewComments.optional(),
  text: text.optional(),
  choice: z.string().max(1000).optional(),
  profile: z.string().max(64).optional(),
  budget: budget.optional(),
  ticket: createTicket.optional(),
});
export type ActInbox = z.infer<typeof actInbox>;

const scheduledTicket = z.strictObject(ticketFields).omit({ blockedBy: true, notBefore: true });
const scheduleFields = {
  cron: z.string().min(1).max(200),
  timezone: z.string().min(1).max(100).optional(),
  missedRun: z.enum(MISSED_RUNS).optional(),
};
export const createSchedule = z.strictObject({
  project: z.string().min(1).max(10),
  ...scheduleFields,
  ticket: scheduledTicket,
});
export const patchSchedule = z.strictObject({
  ...scheduleFields,
  cron: scheduleFields.cron.optional(),
  ticket: scheduledTicket.partial().optional(),
  enabled: z.boolean().optional(),
  reason: clean(10_000).optional(),
});
export const patchJob = z.strictObject({ enabled: z.boolean(), reason: required(10_000) });
export const pause = z.strictObject({
  paused: z.boolean(),
  stop: z.boolean().optional(),
  reason: clean(10_000).optional(),
});
export const putPolicy = z.strictObject({
  maxWorkers: z.number().int().min(0).max(10_000).optional(),
  budget: budget.nullable().optional(),
  remedies: z.array(z.enum(REMEDIES)).max(REMEDIES.length).optional(),
  windows: z
    .array(
      z.strictObject({
        cron: z.string().max(200),
        minutes: z.number().int().min(1).max(10_080),
        reason: clean(500).optional(),
      }),
    )
    .max(50)
    .optional(),
});
export const createToken = z.strictObject({
  role: z.enum(ROLES),
  name: required(100),
  expiresAt: time.nullable().optional(),
});
export const createSession = z
  .strictObject({ code: z.string().max(200).optional(), token: z.string().max(500).optional() })
  .refine((s) => (s.code === undefined) !== (s.token === undefined), {
    message: 'give either code or token',
  });

/* Signals: one shape for HTTP, the command line and MCP. */
export const signal = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('progress'),
    text: required(10_000),
    percent: z.number().min(0).max(100).optional(),
  }),
  z.strictObject({
    type: z.literal('ask'),
    text: required(TEXT),
    choices: z.array(required(500)).max(20).optional(),
    context: text.optional(),
  }),
  z.strictObject({
    type: z.literal('evidence'),
    kind: z.enum(['commit', 'check', 'deploy', 'artifact']),
    commit: commitId.optional(),
    name: z.string().max(500).optional(),
    environment: z.string().max(200).optional(),
    version: z.string().max(200).optional(),
  }),
  z.strictObject({
    type: z.literal('submit'),
    summary: required(TEXT),
    commit: commitId.optional(),
    evidence: z.array(evidenceClaim).max(50).optional(),
  }),
  z.strictObject({ type: z.literal('fail'), reason: required(10_000), retry: z.boolean().optional() }),
]);
export type Signal = z.infer<typeof signal>;

/** A name without folders: it is what a download is called. */
const artifactName = clean(200).refine(
  (s) => /^[^/\\\u0001-\u001f\u007f]+$/.test(s) && !/^\.{1,2}$/.test(s),
  {
    message: 'a file name without folders',
  },
);
export const createArtifact = z.strictObject({
  name: artifactName,
  content: z.string(),
  encoding: z.enum(['utf8', 'base64']).optional(),
});
