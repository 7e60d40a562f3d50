/**
 * What the server answers to runners. A runner polls; each answer repeats every offer that it has not accepted yet, so
 * a lost answer loses nothing.
 */
import { z } from 'zod';
import { LANDINGS } from '../domain/words.ts';
import { argv, check, gateway } from './shapes.ts';

export const registered = z.object({
  id: z.string(),
  leaseMs: z.number(),
  graceMs: z.number(),
  instance: z.string(),
  /** How long an offer stands: where the work starts is told with the acceptance if it is known in half of that. */
  offerMs: z.number().optional(),
  /** The largest bundle that is taken; a server that says none takes none. */
  bundleMaxBytes: z.number().optional(),
});

/** Commits of an attempt that another runner made: what to fetch from the server where they are not in the clone. */
export const handedOver = z.object({
  attempt: z.string(),
  ticket: z.string(),
  number: z.number().int(),
  /** null where all of it is in the project's repository. */
  sha256: z.string().nullable(),
  size: z.number(),
  head: z.string(),
  wip: z.string().nullable(),
});
export type HandedOver = z.infer<typeof handedOver>;

/** Where the runner gets the code from, and how it prepares a fresh worktree. */
export const projectForRunner = z.object({
  key: z.string(),
  repository: z.object({ path: z.string().optional(), url: z.string().optional() }),
  defaultBranch: z.string(),
  setup: z.object({ command: argv, timeoutSeconds: z.number() }).nullable(),
});

export const profileForRunner = z.object({
  id: z.string(),
  adapter: z.enum(['command', 'acp', 'claude', 'codex']),
  command: argv,
  env: z.record(z.string(), z.string()),
  envAllow: z.array(z.string()),
  home: z.enum(['isolated', 'inherit']),
  files: z.record(z.string(), z.string()),
  model: z.string().nullable(),
  acp: z.object({ authMethod: z.string().optional(), mode: z.string().optional() }).nullable(),
  gateway: gateway.nullable(),
  timeoutSeconds: z.number(),
  stallSeconds: z.number(),
  holdSeconds: z.number(),
  permissions: z.enum(['ask', 'allow', 'deny']),
});

export const attemptOffer = z.object({
  kind: z.literal('attempt'),
  attempt: z.string(),
  number: z.number().int(),
  ticket: z.string(),
  fence: z.number().int(),
  /** The attempt's own token, valid until the attempt parks or ends. */
  token: z.string(),
  project: projectForRunner,
  profile: profileForRunner,
  prompt: z.string(),
  /** Set when a parked attempt goes on: in its worktree and, where the agent can, in its session. */
  resume: z
    .object({
      session: z.string().nullable(),
      /** To permission questions that were asked before it was parked; other answers are in the prompt. */
      answers: z.array(z.object({ question: z.string(), choice: z.string() })).optional(),
    })
    .nullable(),
  /** For an agent whose session cannot be continued: the whole ticket, and what came before in this attempt. */
  restartPrompt: z.string().nullable().optional(),
  /** Whether the server has tools for the agent at `/mcp`. */
  mcp: z.boolean().optional(),
  /** Where a fresh worktree starts: the submitted head, a saved `mc-wip` branch, or null for the default branch. */
  startAt: z.string().nullable(),
  /** An earlier attempt whose worktree and session this one continues, if they are still there. */
  continues: z
    .object({ attempt: z.string(), number: z.number().int(), session: z.string().nullable() })
    .nullable(),
  /** Earlier attempts whose commits this one may start from. */
  bundles: z.array(handedOver).optional(),
});
export type AttemptOffer = z.infer<typeof attemptOffer>;

export const verifyOffer = z.object({
  kind: z.literal('verify'),
  work: z.string(),
  ticket: z.string(),
  attempt: z.string(),
  attemptNumber: z.number().int(),
  personal: z.boolean(),
  fence: z.number().int(),
  project: projectForRunner,
  branch: z.string().nullable(),
  base: z.string().nullable(),
  commit: z.string().nullable(),
  bundle: handedOver.nullable().optional(),
  allowEmptyDiff: z.boolean(),
  protectedPaths: z.array(z.string()),
  evidence: z.array(
    z.discriminatedUnion('kind', [
      z.object({ id: z.string(), kind: z.literal('commit'), commit: z.string() }),
      z.object({ id: z.string(), kind: z.literal('check'), check }),
    ]),
  ),
});
export type VerifyOffer = z.infer<typeof verifyOffer>;

export const landOffer = z.object({
  kind: z.literal('land'),
  work: z.string(),
  landing: z.string(),
  ticket: z.string(),
  attempt: z.string(),
  attemptNumber: z.number().int(),
  fence: z.number().int(),
  project: projectForRunner,
  /** `push` builds, checks, announces and pushes; `look` looks for a pull request's merge; `probe` for the deploy. */
  step: z.enum(['push', 'look', 'probe']),
  mode: z.enum(LANDINGS),
  /** The accepted commit. */
  commit: z.string(),
  bundle: handedOver.nullable().optional(),
  base: z.string().nullable(),
  /** What has landed already, where the deploy is waited for. */
  landed: z.string().nullable(),
  /** Of the pull request. */
  branch: z.string(),
  /** Pushes that were announced before, by whomever: first of all it is looked whether one of them has arrived. */
  intents: z.array(z.object({ commit: z.string(), onto: z.string() })),
  /** The result of the last of them is not known yet: whether it has arrived is all that this work is to find out. */
  announced: z.boolean(),
  message: z.string(),
  /** When it was accepted: dates the merge, so that building it again gives the same commit. */
  at: z.string(),
  checks: z.array(check),
  probe: z
    .object({ url: z.string().optional(), command: argv.optional(), timeoutSeconds: z.number() })
    .nullable(),
});
export type LandOffer = z.infer<typeof landOffer>;

/** An orchestrator that is an agent: woken, it decides what waits in the inbox, and ends its turn. */
export const sessionOffer = z.object({
  kind: z.literal('session'),
  work: z.string(),
  fence: z.number().int(),
  /** An orchestrator's token, for this run only. */
  token: z.string(),
  /** The server has Mission Control's own tools over MCP. */
  mcp: z.boolean(),
  profile: profileForRunner,
  prompt: z.string(),
  resume: z.object({ session: z.string() }).nullable(),
});
export type SessionOffer = z.infer<typeof sessionOffer>;

export const offer = z.discriminatedUnion('kind', [attemptOffer, verifyOffer, landOffer, sessionOffer]);
export type Offer = z.infer<typeof offer>;

/** What is offered: with the fence it tells this offer from every other. */
export function offerId(one: Offer): string {
  return one.kind === 'attempt' ? one.attempt : one.work;
}

export const polled = z.object({
  offers: z.array(offer),
  stop: z.array(z.string()),
  /** Take nothing more, and leave when nothing runs any more; `hand_over`: stop what runs, for others to go on with. */
  drain: z.enum(['finish', 'hand_over']).optional(),
});
export type Polled = z.infer<typeof polled>;

export const heartbeatAnswer = z.object({
  leaseMs: z.number(),
  directive: z.enum(['continue', 'park', 'stop']),
  answers: z.array(z.object({ question: z.string(), choice: z.string() })).optional(),
  /** What this run may use in all before a budget stops it; members that nothing limits are left out. */
  budget: z.object({ usd: z.number().optional(), tokens: z.number().optional() }).optional(),
  /** How long ago the agent last signalled; null when it has not. Signals do not pass the runner, which judges stalls. */
  sinceSignalMs: z.number().nullable().optional(),
});
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswer>;

export const ticketForWorker = z.object({
  key: z.string(),
  title: z.string(),
  description: z.string(),
  acceptanceCriteria: z.array(z.string()),
  status: z.string(),
  attempt: z.number().int(),
  feedback: z.array(z.string()),
  answers: z.array(z.object({ question: z.string(), answer: z.string() })),
  earlierAttempts: z.array(
    z.object({ number: z.number().int(), outcome: z.string().nullable(), reason: z.string().nullable() }),
  ),
  checks: z.array(z.string()),
});
export type TicketForWorker = z.infer<typeof ticketForWorker>;
