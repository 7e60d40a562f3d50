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
type ListQuery = { limit?: number | undefined; cursor?: string | undefined };

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
  query: ListQuery,
): Promise<wire.Page<wire.Event>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const after = Number.parseInt(query.cursor ?? '0', 10) || 0;
  const events = await deps.store.streamEvents(stream, after, limit + 1);
  const items = events.slice(0, limit);
  return {
    items: items.map(eventView),
    nextCursor: events.length > limit ? String(items.at(-1)?.version) : null,
  };
}

/** What people and workers said to each other, in order; the machinery's own events left out. */
export async function conversationOf(
  deps: Deps,
  key: string,
  query: ListQuery,
): Promise<wire.Page<wire.Comment>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  let after = Number.parseInt(query.cursor ?? '0', 10) || 0;
  const items: wire.Comment[] = [];
  for (;;) {
    const events = await deps.store.streamEvents(`ticket:${key}`, after, 500);
    for (const event of events) {
      after = event.version;
      const comment = commentOf(event);
      if (comment) items.push(comment);
      if (items.length === limit) return { items, nextCursor: String(after) };
    }
    if (events.length < 500) return { items, nextCursor: null };
  }
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
