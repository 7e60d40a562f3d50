/**
 * Configured resources: projects, profiles, campaigns, jobs, the policy and runners. Each change is an event in the
 * resource's own stream with the members that were set, and raises the configuration's version, which every claim
 * checks again inside its transaction.
 */
import { type DocumentEvent, type Job, type Policy, type Stamped, evolveDocument } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import type { Actor } from '../domain/words.ts';
import type { DocumentKind, Effect, Guard, Row, StreamAppend } from '../store/port.ts';
import { AlreadyAnswered, type Caller, type Deps, type Respond, notFound, readPolicy } from './deps.ts';

export interface DocumentOptions<T> {
  ifMatch?: number | undefined;
  effects?: readonly Effect[];
  guards?: readonly Guard[];
  /** The remedy of the maintenance policy that allows it, where the system acts by itself. */
  because?: { policy?: string };
  respond?: Respond<T & Stamped> | undefined;
}

/** Creates a document; refuses when the id is taken. */
export async function createDocument<T extends object>(
  deps: Deps,
  caller: Caller,
  kind: DocumentKind,
  id: string,
  state: T,
  options: DocumentOptions<T> = {},
): Promise<(T & Stamped) | Refusal> {
  const existing = await deps.store.document<T>(kind, id);
  if (existing) return refuse('already_exists', `There is a ${kind} ${id} already.`);
  const written = await write<T>(deps, caller, kind, id, null, state, 'created', options);
  return written ?? refuse('already_exists', `There is a ${kind} ${id} already.`);
}

/** Sets members of a document; null from `decide` means that nothing changes. */
export async function changeDocument<T extends object>(
  deps: Deps,
  caller: Caller,
  kind: DocumentKind,
  id: string,
  decide: (state: T & Stamped) => Partial<T> | Refusal,
  options: DocumentOptions<T> = {},
): Promise<(T & Stamped) | Refusal> {
  for (;;) {
    const state = await deps.store.document<T>(kind, id);
    if (!state) return notFound(kind, id);
    if (options.ifMatch !== undefined && options.ifMatch !== state.version) {
      return refuse(
        'version_conflict',
        `The ${kind} ${id} is at version ${state.version}, and the change was decided on ${options.ifMatch}.`,
        {
          current: { version: state.version, status: '' },
        },
      );
    }
    const set = decide(state);
    if ('refused' in set) return set as Refusal;
    const written = await write<T>(deps, caller, kind, id, state, set, 'changed', options);
    if (written) return written;
  }
}

async function write<T extends object>(
  deps: Deps,
  caller: Caller,
  kind: DocumentKind,
  id: string,
  before: (T & Stamped) | null,
  set: Partial<T>,
  verb: string,
  options: DocumentOptions<T>,
): Promise<(T & Stamped) | Refusal | null> {
  const at = await deps.store.now();
  const { state, append, row } = documentWrite<T>(caller, kind, id, before, set, verb, at, options.because);
  const result = await deps.store.commit({
    guards: options.guards ?? [],
    appends: [append],
    rows: [row],
    effects: options.effects ?? [],
    ...(caller.idempotency && options.respond
      ? { idempotency: { ...caller.idempotency, answer: await options.respond(state), at } }
      : {}),
  });
  if (result.committed) return state;
  if (result.conflict.kind === 'idempotency') throw new AlreadyAnswered();
  if (result.conflict.kind === 'guard')
    return refuse(
      'version_conflict',
      `The change of ${kind} ${id} lost its ground: ${result.conflict.guard}.`,
    );
  return null;
}

/** What a change of a document adds to a commit: for one of its own, or for a commit that changes more than it. */
export function documentWrite<T extends object>(
  caller: Caller,
  kind: DocumentKind,
  id: string,
  before: (T & Stamped) | null,
  set: Partial<T>,
  verb: string,
  at: number,
  because: { policy?: string } = {},
): { state: T & Stamped; append: StreamAppend; row: Row } {
  const event: DocumentEvent & { actor: Actor } = {
    type: `${kind}.${verb}`,
    at,
    actor: caller.actor,
    data: { set: set as Record<string, unknown>, ...because },
  };
  const state = evolveDocument<T>(before, event);
  return {
    state,
    append: {
      stream: `${kind}:${id}`,
      expected: before?.version ?? 0,
      events: [event],
      project: kind === 'project' ? id : null,
    },
    row: { row: 'document', kind, id, state },
  };
}

/** The policy is one document that exists from its first change on; before, it is what the settings say. */
export async function changePolicy(
  deps: Deps,
  caller: Caller,
  set: Partial<Policy>,
  options: DocumentOptions<Policy> = {},
): Promise<(Policy & Stamped) | Refusal> {
  for (;;) {
    const before = await deps.store.document<Policy>('policy', 'policy');
    const current = await readPolicy(deps);
    if (options.ifMatch !== undefined && options.ifMatch !== current.version) {
      return refuse(
        'version_conflict',
        `The policy is at version ${current.version}, and the change was decided on ${options.ifMatch}.`,
        {
          current: { version: current.version, status: '' },
        },
      );
    }
    const written = await write<Policy>(deps, caller, 'policy', 'policy', before, set, 'changed', options);
    if (written && isRefusal(written)) return written;
    if (written) return { ...current, ...written };
  }
}

/** Enabled or disabled by a person, with a reason, for good. The system changes a job only by the maintenance policy. */
export async function changeJob(
  deps: Deps,
  caller: Caller,
  name: string,
  set: { enabled: boolean; reason: string },
  options: DocumentOptions<Job> = {},
): Promise<(Job & Stamped) | Refusal> {
  if (caller.actor.kind !== 'human') {
    return refuse('actor_not_allowed', 'Jobs are enabled and disabled by people.');
  }
  return changeDocument<Job>(
    deps,
    caller,
    'job',
    name,
    () => ({ ...set, changedBy: caller.actor.id }),
    options,
  );
}

/** The jobs of Mission Control itself exist from the first start on. */
export async function ensureJobs(deps: Deps, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (await deps.store.document<Job>('job', name)) continue;
    await write<Job>(
      deps,
      { actor: { kind: 'control_plane', id: 'installation' } },
      'job',
      name,
      null,
      { name, enabled: true, changedBy: null, reason: null },
      'created',
      {},
    );
  }
}
