/**
 * The way of every write to a ticket: load the stream's state → the domain decides → one commit with the events, the
 * rows, the inbox items and the effects. When somebody else was first, it loads and decides again; a caller's
 * `If-Match` is compared with what was loaded, so that such a repetition never overwrites what the caller has not seen.
 */
import type { Project } from '../domain/config.ts';
import { type ItemChange, evolveInbox, reactToTicket } from '../domain/inbox/inbox.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { needsVerifier } from '../domain/ticket/completion.ts';
import type { DecideContext, Decision } from '../domain/ticket/decide.ts';
import { evolveTicket } from '../domain/ticket/evolve.ts';
import type { TicketEvent } from '../domain/ticket/events.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import type { CommitPlan, Effect, Guard, Row, Store, StreamAppend } from '../store/port.ts';
import {
  AlreadyAnswered,
  type Caller,
  type Deps,
  type Respond,
  decideContext,
  notFound,
  policyOf,
  rulesFor,
  withCurrent,
} from './deps.ts';
import { effectsOf } from './ticket-effects.ts';

export interface TicketChanged {
  ticket: Ticket;
  before: Ticket;
  events: TicketEvent[];
  project: Project | null;
}

export interface ChangeOptions {
  ifMatch?: number | undefined;
  guards?: readonly Guard[];
  effects?: readonly Effect[];
  /** How a settled inbox item says it was settled. */
  via?: string;
  reason?: string | undefined;
  /** The delivery of an inbox item under which it was decided. */
  deliveryId?: string | undefined;
  /** Further streams that belong to the same commit. */
  also?: { appends: readonly StreamAppend[]; rows: readonly Row[] };
  respond?: Respond<TicketChanged> | undefined;
}

/** More losses in a row than any real contention makes; a bug otherwise. */
const MAX_TRIES = 50;

export async function changeTicket(
  deps: Deps,
  caller: Caller,
  key: string,
  decide: (ticket: Ticket, context: DecideContext, project: Project | null) => Decision,
  options: ChangeOptions = {},
): Promise<TicketChanged | Refusal> {
  const first = await tryChange(deps, caller, key, decide, options);
  if (first !== null) return first;
  // Each batch has one winner: hundreds who try again together would take hundreds of rounds. Losers form a queue.
  const leave = await takeTurn(deps.store, key);
  try {
    for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
      const changed = await tryChange(deps, caller, key, decide, options);
      if (changed !== null) return changed;
    }
  } finally {
    leave();
  }
  throw new Error(`the change of ${key} lost ${MAX_TRIES} times in a row`);
}

const turns = new WeakMap<Store, Map<string, Promise<void>>>();

async function takeTurn(store: Store, key: string): Promise<() => void> {
  const queue = turns.get(store) ?? new Map<string, Promise<void>>();
  turns.set(store, queue);
  const before = queue.get(key);
  let leave = (): void => undefined;
  const turn = new Promise<void>((resolve) => (leave = resolve));
  queue.set(key, turn);
  await before;
  return () => {
    if (queue.get(key) === turn) queue.delete(key);
    leave();
  };
}

/** One try; null when somebody else was first and it has to be decided again. */
async function tryChange(
  deps: Deps,
  caller: Caller,
  key: string,
  decide: (ticket: Ticket, context: DecideContext, project: Project | null) => Decision,
  options: ChangeOptions,
): Promise<TicketChanged | Refusal | null> {
  const { store } = deps;
  const { record, policy, now, ...basis } = await store.ticketBasis(key);
  if (!record) return notFound('ticket', key);
  const before = record.state;
  if (options.ifMatch !== undefined && options.ifMatch !== before.version) {
    return refuse(
      'version_conflict',
      `${key} is at version ${before.version}, and the change was decided on ${options.ifMatch}.`,
      {
        current: { version: before.version, status: before.status },
      },
    );
  }
  const { project } = basis;
  const rules = rulesFor(project, before, policyOf(deps, policy));
  const context = decideContext(deps, caller.actor, now, rules);
  const decision = decide(before, context, project);
  if (isRefusal(decision)) return withCurrent(decision, before);
  const events = decision;
  const ticket = events.reduce<Ticket>((state, event) => evolveTicket(state, event), before);
  const changed: TicketChanged = { ticket, before, events, project };
  if (events.length === 0 && !options.also && !options.effects && !caller.idempotency) return changed;
  const plan = await planOf(deps, caller, changed, record.streamVersion, context, options);
  if (isRefusal(plan)) return withCurrent(plan, before);
  const result = await store.commit(plan);
  if (result.committed) return changed;
  if (result.conflict.kind === 'idempotency') throw new AlreadyAnswered();
  if (result.conflict.kind === 'guard') {
    return refuse('version_conflict', `The change of ${key} lost its ground: ${result.conflict.guard}.`, {
      reason: result.conflict.guard,
      current: { version: before.version, status: before.status },
    });
  }
  if (result.conflict.kind === 'unique') {
    return refuse('stale_attempt', `${result.conflict.what} has been taken over meanwhile.`, {
      reason: 'superseded',
    });
  }
  if (options.also) {
    return refuse(
      'version_conflict',
      `Something that belongs to the change of ${key} has changed meanwhile.`,
      { reason: 'stream' },
    );
  }
  return null;
}

async function planOf(
  deps: Deps,
  caller: Caller,
  changed: TicketChanged,
  streamVersion: number,
  context: DecideContext,
  options: ChangeOptions,
): Promise<CommitPlan | Refusal> {
  const { ticket, before, events } = changed;
  const appends: StreamAppend[] = [];
  const rows: Row[] = [];
  if (events.length > 0) {
    const version = streamVersion + events.length;
    appends.push({
      stream: `ticket:${ticket.key}`,
      expected: streamVersion,
      events,
      ticket: ticket.key,
      project: ticket.project,
    });
    rows.push({
      row: 'ticket',
      state: ticket,
      before,
      streamVersion: version,
      toVerify: needsVerifier(ticket, context.rules.completion),
    });
    const open = touchesInbox(events) && mayHaveItems(before) ? await deps.store.openInboxOf(ticket.key) : [];
    const versions = new Map(open.map((entry) => [entry.item.id, entry.streamVersion]));
    const changes = reactToTicket(
      events,
      ticket,
      open.map((entry) => entry.item),
      {
        now: context.now,
        newId: deps.newId,
        rules: context.rules,
        via: options.via ?? viaOf(caller),
        reason: options.reason,
        deliveryId: options.deliveryId,
      },
    );
    // Whichever way it is decided: a person's item is not the orchestrator's. The commit holds the item to this version.
    const notTheirs = caller.actor.kind === 'orchestrator' ? changes.find(decidesForPerson) : undefined;
    if (notTheirs) {
      return refuse(
        'actor_not_allowed',
        `Inbox item ${notTheirs.id} is for a person to decide: ${notTheirs.before?.subject.slice(0, 200)}`,
      );
    }
    for (const change of changes) {
      const expected = versions.get(change.id) ?? 0;
      const item = change.events.reduce((state, event) => evolveInbox(state, event), change.before);
      if (!item) continue;
      appends.push({
        stream: `inbox:${change.id}`,
        expected,
        events: change.events,
        ticket: ticket.key,
        project: ticket.project,
      });
      rows.push({ row: 'inbox', item, streamVersion: expected + change.events.length });
    }
  }
  appends.push(...(options.also?.appends ?? []));
  rows.push(...(options.also?.rows ?? []));
  return {
    guards: options.guards ?? [],
    appends,
    rows,
    // What the caller ends comes first: what follows from the events may end it too.
    effects: [...(options.effects ?? []), ...effectsOf(deps, events, ticket)],
    ...(caller.idempotency && options.respond
      ? { idempotency: { ...caller.idempotency, answer: await options.respond(changed), at: context.now } }
      : {}),
  };
}

/** Every item about a ticket comes of an attempt or a question of it. */
function mayHaveItems(before: Ticket): boolean {
  return before.attempts.length > 0 || before.questions.length > 0;
}

function touchesInbox(events: readonly TicketEvent[]): boolean {
  return events.some(
    ({ type }) => type === 'ticket.transitioned' || /^(question|evidence|landing)\./.test(type),
  );
}

/** A cancel may close anybody's item, because the table lets the orchestrator cancel. */
function decidesForPerson(change: ItemChange): boolean {
  return (
    change.before?.for === 'person' &&
    change.events.some(
      (event) =>
        event.type === 'inbox.acted' &&
        event.actor.kind === 'orchestrator' &&
        event.data.result.decision !== 'cancel',
    )
  );
}

function viaOf(caller: Caller): string {
  switch (caller.actor.kind) {
    case 'human':
    case 'orchestrator':
      return 'transition';
    case 'policy':
      return 'policy';
    default:
      return caller.actor.kind;
  }
}
