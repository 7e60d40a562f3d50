/**
 * One change, to one ticket or to many, each by its own compare-and-swap: shown at once, taken back where the server
 * refuses it, and with what it takes to undo it.
 */
import type { Page, Ticket } from '../../../src/contract/shapes.ts';
import { api } from '../api/client.ts';
import { keys, type TicketFilter } from '../api/keys.ts';
import type { TicketPages } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { keepTicket, PERSON_TRANSITIONS, postTransition, type TransitionInput } from '../api/transitions.ts';
import { STATUS_WORDS } from '../format/words.ts';
import { matchesFilter } from '../parts/filter-tickets.ts';
import { selection } from '../shell/selection.ts';
import { problemText, showProblem } from '../ui/problem.tsx';
import { offerUndo, sayDone, type UndoStep, whileChanging } from './undo.ts';

/** Fields as PATCH takes them. */
export type Patch = Partial<
  Pick<
    Ticket,
    | 'title'
    | 'description'
    | 'priority'
    | 'assignee'
    | 'campaign'
    | 'profile'
    | 'labels'
    | 'acceptanceCriteria'
    | 'blockedBy'
    | 'budget'
    | 'notBefore'
  >
> & { completion?: Ticket['ownCompletion'] };

export type Change =
  | { kind: 'move'; input: TransitionInput }
  | {
      kind: 'edit';
      /** What it does, for the message: `priority High`. */
      label: string;
      /** null where nothing is to be changed. */
      patch: (ticket: Ticket) => Patch | null;
    };

interface Done {
  before: Ticket;
  after: Ticket;
  patch: Patch | null;
}

/** As many at a time as the server takes in one breath. */
const AT_ONCE = 8;

/** @returns how many were changed; what was refused is shown, and stays chosen where it was chosen */
export function applyChange(tickets: readonly Ticket[], change: Change): Promise<number> {
  return whileChanging(changeAll(tickets, change));
}

async function changeAll(tickets: readonly Ticket[], change: Change): Promise<number> {
  const done: Done[] = [];
  const refused: { ticket: Ticket; error: unknown }[] = [];
  const queue = [...tickets];
  await queryClient.cancelQueries({ queryKey: keys.allTickets });
  for (const ticket of tickets) showAhead(ticket, change);
  const work = async (): Promise<void> => {
    for (let ticket = queue.shift(); ticket; ticket = queue.shift()) {
      try {
        const result = await makeChange(ticket, change);
        if (result) done.push(result);
      } catch (error) {
        refused.push({ ticket, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, tickets.length) }, work));
  void queryClient.invalidateQueries({ queryKey: keys.allTickets });
  for (const { ticket } of refused)
    void queryClient.invalidateQueries({ queryKey: keys.ticket(ticket.key), exact: true });
  report(tickets, change, done, refused);
  return done.length;
}

/** For a dialog or a button of one ticket, which shows a refusal itself. */
export function moveTicket(
  ticket: Pick<Ticket, 'key' | 'version' | 'status'>,
  input: TransitionInput,
): Promise<Ticket> {
  return whileChanging(moveOne(ticket, input));
}

async function moveOne(
  ticket: Pick<Ticket, 'key' | 'version' | 'status'>,
  input: TransitionInput,
): Promise<Ticket> {
  const after = await postTransition(ticket, input);
  const before = { ...after, status: ticket.status, version: ticket.version };
  report([before], { kind: 'move', input }, [{ before, after, patch: null }], []);
  return after;
}

/** @param label what it does, for the message */
export function editTicket(ticket: Ticket, patch: Patch, label: string): Promise<Ticket> {
  return whileChanging(editOne(ticket, patch, label));
}

async function editOne(ticket: Ticket, patch: Patch, label: string): Promise<Ticket> {
  const after = await patchTicket(ticket, patch);
  report([ticket], { kind: 'edit', label, patch: () => patch }, [{ before: ticket, after, patch }], []);
  return after;
}

async function makeChange(ticket: Ticket, change: Change): Promise<Done | null> {
  if (change.kind === 'move') {
    const after = await postTransition(ticket, change.input);
    return { before: ticket, after, patch: null };
  }
  const patch = change.patch(ticket);
  if (patch === null) return null;
  return { before: ticket, after: await patchTicket(ticket, patch), patch };
}

async function patchTicket(ticket: Pick<Ticket, 'key' | 'version'>, patch: Patch): Promise<Ticket> {
  const saved = await api.patch<Ticket>(`/tickets/${encodeURIComponent(ticket.key)}`, patch, {
    ifMatch: ticket.version,
  });
  keepTicket(saved);
  return saved;
}

function report(
  tickets: readonly Ticket[],
  change: Change,
  done: readonly Done[],
  refused: readonly { ticket: Ticket; error: unknown }[],
): void {
  if (refused.length > 0) {
    if (tickets.length === 1) {
      showProblem(refused[0]?.error);
      return;
    }
    selection.keepRefused(
      refused.map(({ ticket, error }) => ({ ticket, reason: problemText(error).detail })),
    );
  } else if (tickets.length > 1) selection.clear();
  if (done.length === 0) return;
  const [only] = done;
  const who = done.length === 1 && only ? only.after.key : `${done.length} tickets`;
  const what =
    change.kind === 'edit' ? change.label : STATUS_WORDS[PERSON_TRANSITIONS[change.input.transition].to];
  const label = `${who}: ${what}`;
  const ways = done.map((each) => wayBack(each, change));
  const steps = ways.flatMap((way) => ('step' in way ? [way.step] : []));
  const why = ways.find((way) => 'why' in way);
  const note = why && 'why' in why ? why.why : undefined;
  if (steps.length > 0) offerUndo(label, steps, note);
  else sayDone(label, note ?? (done.length === 1 ? only?.after.nextAction.text : undefined));
}

type WayBack = { step: UndoStep } | { why: string };

/** What takes a change back, or why nothing can. */
function wayBack({ before, after, patch }: Done, change: Change): WayBack {
  const step = (run: () => Promise<Ticket>): WayBack => ({ step: { key: after.key, run } });
  if (change.kind === 'edit' || patch) {
    const old: Record<string, unknown> = {};
    for (const name of Object.keys(patch ?? {}))
      old[name] = name === 'completion' ? before.ownCompletion : before[name as keyof Ticket];
    return step(() => patchTicket(after, old as Patch));
  }
  const then = (input: TransitionInput) => () => postTransition(after, input);
  switch (change.input.transition) {
    case 'ready':
      return step(then({ transition: 'defer', reason: 'Undone' }));
    case 'defer':
      return step(then({ transition: 'ready' }));
    case 'reopen':
      return before.status === 'cancelled'
        ? step(then({ transition: 'cancel', reason: 'Undone' }))
        : { why: 'Its acceptance stays in the history; it has to be accepted anew.' };
    case 'cancel': {
      const reopen: TransitionInput = { transition: 'reopen', reason: 'Cancelled by mistake' };
      if (before.status === 'todo') return step(then(reopen));
      if (before.status === 'backlog')
        return step(async () =>
          postTransition(await postTransition(after, reopen), { transition: 'defer', reason: 'Undone' }),
        );
      return { why: 'What ran or was submitted is ended. Reopen it to queue it again.' };
    }
    case 'accept':
      return { why: 'A decision stays on record. Reopen it if it was wrong.' };
    case 'request_changes':
      return { why: 'The next attempt gets your feedback.' };
    case 'hand_in':
      return { why: 'It is being verified.' };
  }
}

/** Lists show the change before the server has answered; they are read again after it, either way. */
function showAhead(ticket: Ticket, change: Change): void {
  const patch = change.kind === 'edit' ? change.patch(ticket) : null;
  if (change.kind === 'edit' && patch === null) return;
  const { completion: _, ...fields } = patch ?? {};
  const ahead: Ticket = { ...ticket, ...fields };
  if (change.kind === 'move') {
    ahead.status = PERSON_TRANSITIONS[change.input.transition].to;
    ahead.statusSince = new Date().toISOString();
    ahead.allowedTransitions = [];
  }
  const lists = queryClient.getQueriesData<TicketPages | Page<Ticket>>({ queryKey: keys.allTickets });
  // The server found it by these words in a comment, which is not here to be looked at.
  const foundBy = new Set(
    lists.flatMap(([queryKey, data]) => {
      const filter = queryKey[1] as TicketFilter;
      return data && 'pages' in data && isIn(data, ticket) && !matchesFilter(ticket, { q: filter.q })
        ? filter.q
        : [];
    }),
  );
  for (const [queryKey, data] of lists) {
    if (!data || !('pages' in data)) continue;
    const filter = queryKey[1] as TicketFilter;
    const fits = matchesFilter(ahead, foundBy.has(filter.q) ? { ...filter, q: undefined } : filter);
    const isThere = isIn(data, ticket);
    if (!fits && !isThere) continue;
    const pages = data.pages.map((page) => ({
      ...page,
      items: fits
        ? page.items.map((each) => (each.key === ticket.key ? ahead : each))
        : page.items.filter((each) => each.key !== ticket.key),
    }));
    const first = pages[0];
    if (fits && !isThere && first) pages[0] = { ...first, items: [ahead, ...first.items] };
    queryClient.setQueryData(queryKey, { ...data, pages });
  }
}

const isIn = (list: TicketPages, { key }: Ticket): boolean =>
  list.pages.some((page) => page.items.some((each) => each.key === key));
