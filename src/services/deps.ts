/**
 * What every use case gets: the store's port, and the sources of time, ids and chance, so that a simulation can run
 * the same services on its own. A service loads, lets the domain decide, and commits; only this room commits.
 */
import type { Actor } from '../domain/words.ts';
import type { Completion, Ticket } from '../domain/ticket/state.ts';
import type { DecideContext, TicketRules } from '../domain/ticket/decide.ts';
import type { Finding, Policy, Project } from '../domain/config.ts';
import { effectiveCompletion } from '../domain/ticket/completion.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Blobs, IdempotentAnswer, Store } from '../store/port.ts';
import type { Outgoing } from './notify/outgoing.ts';

export interface Timing {
  /** How long an attempt's lease lasts between renewals. */
  leaseMs: number;
  /** How long after a lease's end nothing else may start. */
  graceMs: number;
  /** How long an offer waits for its runner. */
  offerMs: number;
  /** The dispatch lease. */
  dispatchLeaseMs: number;
  /** After such a silence a parked attempt's runner is given up. */
  parkedSilenceMs: number;
}

export interface Deps {
  store: Store;
  timing: Timing;
  newId: (prefix: string) => string;
  random: () => number;
  sha256: (text: string) => string;
  /** 256 bits in base64url that only this installation's secret makes of a purpose and a number. */
  derive: (purpose: string, number: number) => string;
  defaultMaxWorkers: number;
  inspect: Inspect;
  /** Where the content of artifacts and bundles is kept; wired by main, so that this room does no I/O of its own. */
  artifacts: Blobs;
  /** The largest artifact that is taken, in bytes. */
  artifactMaxBytes: number;
  /** The largest bundle of commits that is taken, in bytes. */
  bundleMaxBytes: number;
  /** Requests to where notifications go; wired by main, so that this room does no I/O of its own. */
  outgoing: Outgoing;
}

/** Looks at the machine for what people register; wired by main, so that this room does no I/O of its own. */
export interface Inspect {
  repository: (
    repository: { path?: string | undefined; url?: string | undefined },
    branch: string | undefined,
  ) => Promise<{ usable: boolean; message: string; defaultBranch: string | null }>;
  command: (subject: string, command: readonly string[]) => Promise<Finding>;
  /** Which known agent programs there are. */
  agents: () => Promise<
    { id: string; path: string | null; version: string | null; problem: string | null }[]
  >;
}

/** Who asks, and how the answer is to be kept for an idempotent repetition. */
export interface Caller {
  actor: Actor;
  /** `admin`, `member`, …; null for principals inside the server. */
  role?: string | null;
  tokenId?: string;
  idempotency?: { scope: string; key: string; bodyHash: string };
}

/** Makes the answer that is stored in the same transaction as the effect. */
export type Respond<T> = (result: T) => Promise<IdempotentAnswer>;

/** Thrown when the same Idempotency-Key was committed meanwhile; the transport then repeats the stored answer. */
export class AlreadyAnswered extends Error {}

export const system = (id: string): Caller => ({ actor: { kind: 'control_plane', id } });

export const DEFAULT_POLICY = (maxWorkers: number): Policy => ({
  maxWorkers,
  budget: null,
  remedies: [],
  windows: [],
  paused: null,
});

export async function readPolicy(deps: Deps): Promise<Policy & { version: number }> {
  return policyOf(deps, await deps.store.document<Policy>('policy', 'policy'));
}

export function policyOf(deps: Deps, stored: Policy | null): Policy & { version: number } {
  const known = policies.get(deps);
  if (known && known.stored === stored) return known.policy;
  // Only what people have set is stored; the rest follows the settings that the server was started with.
  const policy = { ...DEFAULT_POLICY(deps.defaultMaxWorkers), version: 0, ...stored };
  policies.set(deps, { stored, policy });
  return policy;
}

/** What was stored last, and what it meant: read with every change, and made by few. Nobody may change one. */
const policies = new WeakMap<Deps, { stored: Policy | null; policy: Policy & { version: number } }>();

const NO_PROJECT: Completion = {
  requires: ['signal', 'commit'],
  checks: [],
  decidedBy: 'human',
  onAccept: 'leave_branch',
  allowEmptyDiff: false,
};

export function rulesFor(
  project: Project | null,
  ticket: Pick<Ticket, 'completion'>,
  policy: Policy,
): TicketRules {
  return {
    maxAttempts: project?.limits.maxAttempts ?? 3,
    backoffSeconds: project?.limits.backoffSeconds ?? 30,
    completion: effectiveCompletion(project?.completion ?? NO_PROJECT, ticket.completion),
    checkNames: project?.checks.map((check) => check.name) ?? [],
    deployEnvironment: project?.deploy?.environment ?? null,
    deployTimeoutMs: (project?.deploy?.timeoutSeconds ?? 1800) * 1000,
    paused: policy.paused !== null,
  };
}

export function decideContext(deps: Deps, actor: Actor, now: number, rules: TicketRules): DecideContext {
  return { now, actor, newId: deps.newId, random: deps.random, sha256: deps.sha256, rules };
}

/** A refusal with the ticket's present version and status, which every caller may want to show. */
export function withCurrent(refusal: Refusal, ticket: Ticket): Refusal {
  if (refusal.current || refusal.code === 'stale_attempt') return refusal;
  return { ...refusal, current: { version: ticket.version, status: ticket.status } };
}

export function notFound(what: string, id: string): Refusal {
  return refuse('not_found', `There is no ${what} ${id}.`);
}
