/** What happened, read from the log: activity, conversation, and why a ticket is not running. */
import type * as wire from '../contract/shapes.ts';
import { admit } from '../domain/dispatch/claim-policy.ts';
import { describeEvent } from '../domain/ticket/describe.ts';
import type { TicketEvent } from '../domain/ticket/events.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import type { StoredEvent } from '../store/port.ts';
import { readWorld } from './dispatching.ts';
import type { Deps } from './deps.ts';
import { iso } from './present.ts';

const DEFAULT_LIMIT = 50;
interface ListQuery {
  limit?: number | undefined;
  cursor?: string | undefined;
  /** `newest` begins at the end of the stream, and the cursor leads back. */
  order?: 'oldest' | 'newest' | undefined;
}

/** Events of a stream in the order that is asked for, read a stretch at a time; its versions have no gaps. */
async function* eventsOf(
  deps: Deps,
  stream: string,
  end: number,
  query: ListQuery,
  stretch: number,
): AsyncGenerator<StoredEvent> {
  const cursor = Number.parseInt(query.cursor ?? '', 10) || null;
  if (query.order === 'newest') {
    for (let before = cursor ?? end + 1; before > 1;) {
      const after = Math.max(0, before - 1 - stretch);
      yield* (await deps.store.streamEvents(stream, after, before - 1 - after)).reverse();
      before = after + 1;
    }
    return;
  }
  for (let after = cursor ?? 0; ;) {
    const events = await deps.store.streamEvents(stream, after, stretch);
    yield* events;
    if (events.length < stretch) return;
    after = events.at(-1)?.version ?? after;
  }
}

export function eventView(event: StoredEvent): wire.Event {
  return {
    seq: event.seq,
    type: event.type,
    actor: event.actor,
    at: iso(event.at),
    data: event.data as Record<string, unknown>,
    text: describeEvent(event),
  };
}

export async function readActivity(
  deps: Deps,
  stream: string,
  end: number,
  query: ListQuery,
): Promise<wire.Page<wire.Event>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const items: wire.Event[] = [];
  let last = 0;
  for await (const event of eventsOf(deps, stream, end, query, limit + 1)) {
    if (items.length === limit) return { items, nextCursor: String(last) };
    items.push(eventView(event));
    last = event.version;
  }
  return { items, nextCursor: null };
}

/** What people and workers said to each other, in order; the machinery's own events left out. */
export async function conversationOf(
  deps: Deps,
  key: string,
  end: number,
  query: ListQuery,
): Promise<wire.Page<wire.Comment>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const items: wire.Comment[] = [];
  let last = 0;
  for await (const event of eventsOf(deps, `ticket:${key}`, end, query, 500)) {
    const comment = commentOf(event);
    if (!comment) continue;
    if (items.length === limit) return { items, nextCursor: String(last) };
    items.push(comment);
    last = event.version;
  }
  return { items, nextCursor: null };
}

function commentOf(event: StoredEvent): wire.Comment | null {
  const e = event as unknown as TicketEvent;
  const said = (kind: string, text: string, by: string = event.actor.id): wire.Comment => ({
    at: iso(event.at),
    by,
    kind,
    text,
  });
  switch (e.type) {
    case 'ticket.commented':
      return said('comment', e.data.text);
    case 'attempt.progressed':
      return said('progress', e.data.text);
    case 'question.opened':
      return said('question', e.data.text);
    case 'question.answered':
      return said('answer', e.data.answer, e.data.by);
    case 'attempt.stopping':
    case 'attempt.ended':
      return e.data.summary === undefined ? null : said('summary', e.data.summary);
    case 'ticket.transitioned':
      return e.data.feedback === undefined
        ? null
        : {
            ...said('feedback', e.data.feedback),
            ...(e.data.review ? { review: { attempt: e.data.attempt ?? null, ...e.data.review } } : {}),
          };
    default:
      return null;
  }
}

/** The stored reason; for a ticket that no tick has looked at yet, what the claim policy says right now. */
export async function explainWhy(deps: Deps, ticket: Ticket): Promise<wire.Why> {
  const waiting = ticket.status === 'todo' || ticket.status === 'needs_input';
  const history = (await deps.store.skipHistory(ticket.key)).map((skip) => ({
    ...skip,
    at: iso(skip.at),
  })) as wire.Skip[];
  if (!waiting) return { current: null, history };
  const stored = await deps.store.skipOf(ticket.key);
  if (stored) return { current: { ...stored, at: iso(stored.at) } as wire.Skip, history };
  const lanes = await deps.store.readLanes({ limit: 1, afterTodo: null });
  const world = await readWorld(deps, lanes);
  if (ticket.status !== 'todo') return { current: null, history };
  const blockers = await deps.store.ticketStatuses(ticket.blockedBy);
  const admission = admit(
    {
      lane: 'todo',
      key: ticket.key,
      version: ticket.version,
      project: ticket.project,
      profile: ticket.profile,
      assignee: ticket.assignee,
      campaign: ticket.campaign,
      notBefore: ticket.notBefore,
      unfinishedBlockers: ticket.blockedBy
        .map((key) => ({ key, status: blockers.get(key) ?? 'unknown' }))
        .filter((blocker) => blocker.status !== 'done'),
      budget: ticket.budget,
      cost: { usd: 0, inputTokens: 0, outputTokens: 0 },
      stopping: false,
      storedSkip: null,
    },
    world,
  );
  const current = admission.admitted
    ? null
    : { code: admission.code, detail: admission.detail, at: iso(world.now) };
  return { current, history };
}
