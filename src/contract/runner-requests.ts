/** What runners send: registration, polls, and the reports about what they run. Answers are in runner-protocol.ts. */
import { z } from 'zod';
import { CONTAINMENTS, LANDING_CAUSES, OUTCOMES } from '../domain/words.ts';
import { TEXT, clean, required, name, time, strings } from './fields.ts';
import { diff } from './shapes.ts';

const fence = z.number().int().min(0);
export const registerRunner = z.strictObject({
  name: name('a runner name'),
  slots: z.number().int().min(0).max(1000),
  labels: strings(50).optional(),
  kinds: z.array(z.enum(['attempt', 'verify', 'land', 'session'])).optional(),
  version: z.string().max(100),
  pid: z.number().int().optional(),
  containment: z.array(z.enum(CONTAINMENTS)).optional(),
  /** What it speaks: RUNNER_PROTOCOL of its version. */
  protocol: z.number().int().min(1).optional(),
});
const commitId = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, { message: 'a full commit id' });
/** With the bundle as the body; an empty one where the repository has all of it. */
export const uploadBundle = z.strictObject({
  fence: z.coerce.number().int().min(0),
  head: commitId,
  wip: commitId.optional(),
});
export const drainRunner = z.strictObject({
  draining: z.boolean(),
  /** Stop what runs, at no retry's cost, instead of waiting for its end. */
  handOver: z.boolean().optional(),
  reason: clean(1000).optional(),
});
export const pollRunner = z.strictObject({
  freeSlots: z.number().int().min(0).max(1000),
  waitMs: z.number().int().min(0).max(60_000).optional(),
  instance: z.string().max(100).optional(),
  draining: z.boolean().optional(),
  /** What it was told and is busy with: such offers and stops are still in the answer, but no reason to give one. */
  known: z
    .strictObject({
      offers: z.array(z.strictObject({ id: z.string().max(100), fence: z.number().int() })).max(2000),
      stop: z.array(z.string().max(100)).max(2000),
    })
    .optional(),
});
export const fenced = z.strictObject({ fence });
/** Which process of a runner's name is speaking, as its registration said; one that was superseded is told so. */
const instance = z.string().max(100).optional();
export const attemptAccept = fenced.extend({
  instance,
  base: z.string().max(64).optional(),
  branch: z.string().max(300).optional(),
});
const usage = z.strictObject({
  usd: z.number().min(0).optional(),
  inputTokens: z.number().min(0).optional(),
  outputTokens: z.number().min(0).optional(),
  /** Counted by the runner's gateway; else it is what the agent says of itself. */
  metered: z.boolean().optional(),
});
export const attemptHeartbeat = fenced.extend({
  instance,
  usage: usage.optional(),
  /** True once the runner starts the agent process: the first renewal is answered before that. */
  started: z.boolean().optional(),
});
export const attemptPermission = fenced.extend({
  text: required(TEXT),
  choices: z
    .array(z.strictObject({ id: z.string().max(200), label: z.string().max(500) }))
    .min(1)
    .max(20),
});
/** Far beyond any real output, and far within what a number keeps exactly, also behind the fence that is put before it. */
const MOST_OUTPUT_SEQ = 1_000_000_000_000_000;
export const outputItems = z
  .array(
    z.strictObject({
      seq: z.number().int().min(0).max(MOST_OUTPUT_SEQ),
      at: time,
      stream: z.string().max(50),
      text: z.string().max(65_536),
    }),
  )
  .max(1000);
export const attemptOutput = fenced.extend({ items: outputItems });
export const attemptPark = fenced.extend({
  session: z.string().max(500).nullable().optional(),
  usage: usage.optional(),
  treeGone: z.boolean(),
});
export const attemptEnd = fenced.extend({
  outcome: z.enum(OUTCOMES),
  reason: clean(10_000).optional(),
  exitCode: z.number().int().nullable().optional(),
  head: z.string().max(64).nullable().optional(),
  session: z.string().max(500).nullable().optional(),
  usage: usage.optional(),
  notBefore: time.nullable().optional(),
  diff: diff.optional(),
  treeGone: z.boolean(),
});
export type AttemptEnd = z.infer<typeof attemptEnd>;
/** Of a session: what this run of it has used so far. */
export const workHeartbeat = fenced.extend({ usage: usage.optional() });
export const workOutput = fenced.extend({ evidence: z.string().max(100), items: outputItems });
export const verifyResult = z.strictObject({
  evidence: z.array(
    z.strictObject({
      id: z.string().max(100),
      state: z.enum(['verified', 'refuted', 'unverified']),
      reason: clean(20_000).nullable(),
      details: z.strictObject({
        exitCode: z.number().int().nullable().optional(),
        durationMs: z.number().optional(),
        files: z.array(z.string()).optional(),
        protectedPaths: z.array(z.string()).optional(),
      }),
    }),
  ),
});
export type VerifyResult = z.infer<typeof verifyResult>;
const landedCommit = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, { message: 'a full commit id' });
const landingChecks = z
  .array(
    z.strictObject({
      name: z.string().max(64),
      exitCode: z.number().int().nullable(),
      durationMs: z.number().min(0),
    }),
  )
  .max(50);
/** The push that comes next. `onto` is what the branch is at now: 40 or 64 zeros where it does not exist yet. */
export const workIntent = fenced.extend({
  commit: landedCommit,
  onto: landedCommit,
  branch: z.string().max(300),
  checks: landingChecks,
});
const why = clean(20_000);
export const landResult = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('pushed'), commit: landedCommit }),
  z.strictObject({ state: z.literal('contained'), commit: landedCommit, checks: landingChecks }),
  z.strictObject({ state: z.literal('moved'), reason: why }),
  z.strictObject({ state: z.literal('merged'), commit: landedCommit }),
  z.strictObject({ state: z.literal('not_merged'), reason: why.nullable() }),
  z.strictObject({ state: z.literal('deployed'), commit: landedCommit, said: why }),
  z.strictObject({ state: z.literal('not_deployed'), reason: why }),
  z.strictObject({ state: z.literal('failed'), cause: z.enum(LANDING_CAUSES), reason: why }),
  z.strictObject({ state: z.literal('held'), reason: why }),
  z.strictObject({ state: z.literal('unable'), reason: why }),
]);
export type LandResult = z.infer<typeof landResult>;
export const sessionResult = z.strictObject({
  session: z.string().max(500).nullable().optional(),
  usage: usage.optional(),
  notBefore: time.nullable().optional(),
});
export const workEnd = fenced.extend({
  outcome: z.enum(['done', 'unable']),
  reason: clean(10_000).optional(),
  result: z.unknown().optional(),
});
