/**
 * Proves the state: recomputes every hash, replays every stream through the same pure functions, compares the result
 * with the rows that the API reads, and checks the thirteen invariants. Two passes, each in flat memory: all events in
 * `seq` order, then stream by stream. It runs against a live server: what is committed after the start is left for the
 * next time.
 */
import { type AlertEvent, type AlertState, evolveAlert } from '../domain/alert/alert.ts';
import { type DocumentEvent, type Stamped, evolveDocument } from '../domain/config.ts';
import { type InboxEvent, type InboxItem, evolveInbox } from '../domain/inbox/inbox.ts';
import { InvariantReport, type InvariantResult } from '../domain/invariants/report.ts';
import { TicketHistory } from '../domain/invariants/ticket-history.ts';
import { WorldHistory } from '../domain/invariants/world-history.ts';
import { GENESIS, chainText, rollText } from '../domain/log/chain.ts';
import { evolveTicket } from '../domain/ticket/evolve.ts';
import type { TicketEvent } from '../domain/ticket/events.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import type { DocumentKind, RowCounts, StoredEvent } from '../store/port.ts';
import type { Deps } from './deps.ts';

export interface Verified {
  ok: boolean;
  head: { seq: number; hash: string };
  events: number;
  invariants: InvariantResult[];
}

/** Small steps with a pause after each: where a server answers meanwhile, each turn of an answer waits for one of them. */
const PAGE = 250;
const STREAMS_A_STEP = 25;
/** Gives the event loop a turn. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The head of the log as somebody wrote it down: the whole rolling hash, or the beginning of it. */
export interface KnownHead {
  seq: number;
  hash: string;
}

/**
 * @param known a head that was written down earlier; the log must still lead through it
 * @param options.leases false where no server runs, so that leases run out and nobody ends them
 * @param options.pause called between steps of some milliseconds; gives the event loop a turn, when absent
 */
export async function verifyState(
  deps: Deps,
  known?: KnownHead,
  options: { leases?: boolean; pause?: () => Promise<void> } = {},
): Promise<Verified> {
  const pause = options.pause ?? nextTurn;
  const report = new InvariantReport();
  const head = await deps.store.head();
  if (known) await checkKnownHead(deps, known, head.seq, report);
  const world = new WorldHistory(report);
  const events = await walkLog(deps, head.seq, report, world, pause);
  const counts: RowCounts = { tickets: 0, attempts: 0, inbox: 0, alerts: 0, comments: 0 };
  let after = '';
  for (;;) {
    const streams = await deps.store.streams(after, PAGE);
    if (streams.length === 0) break;
    const replayed: Replayed[] = [];
    for (const [at, { stream }] of streams.entries()) {
      if (at % STREAMS_A_STEP === 0) await pause();
      const replay = await replayStream(deps, stream, head.seq, report, world, counts);
      if (replay) replayed.push(replay);
    }
    // After the rows were read: what has moved on meanwhile, the next verification sees.
    await pause();
    const ends = new Map((await deps.store.streams(after, PAGE)).map((end) => [end.stream, end.version]));
    const still = replayed.filter(({ stream, version }) => ends.get(stream) === version);
    for (const { compare } of still) compare();
    await checkColumns(deps, still, report);
    after = streams.at(-1)?.stream ?? '';
  }
  await checkCounts(deps, head.seq, report, counts);
  if (options.leases !== false) await checkLeases(deps, report);
  return { ok: report.ok, head, events, invariants: report.results() };
}

/** Whoever rewrites the log from some event on can make every hash fit, but not one that was kept elsewhere. */
async function checkKnownHead(
  deps: Deps,
  known: KnownHead,
  until: number,
  report: InvariantReport,
): Promise<void> {
  const [event] = known.seq <= until ? await deps.store.eventsAfter(known.seq - 1, 1) : [];
  report.expect(
    'I13',
    event !== undefined && event.seq === known.seq && event.roll.startsWith(known.hash),
    () =>
      event === undefined
        ? `the head ${known.seq} was written down, and the log ends at ${until}: its end is missing`
        : `at seq ${known.seq} the log has ${event.roll.slice(0, 16)}, and ${known.hash.slice(0, 16)} was written down: it was rewritten`,
  );
}

async function walkLog(
  deps: Deps,
  until: number,
  report: InvariantReport,
  world: WorldHistory,
  pause: () => Promise<void>,
): Promise<number> {
  let seq = 0;
  let roll = GENESIS;
  let count = 0;
  while (seq < until) {
    const page = await deps.store.eventsAfter(seq, PAGE);
    if (page.length === 0) break;
    for (const event of page) {
      if (event.seq > until) break;
      count += 1;
      report.expect('I13', event.seq === seq + 1, () => `seq ${event.seq} follows ${seq}`);
      roll = deps.sha256(rollText(roll, event.seq, event.hash));
      report.expect('I13', roll === event.roll, () => `the rolling hash of seq ${event.seq} does not match`);
      // One mismatch is one finding; the walk goes on from what is stored.
      roll = event.roll;
      seq = event.seq;
      world.event(event);
    }
    await pause();
  }
  report.expect('I13', seq === until, () => `the log ends at seq ${seq}, and its head is ${until}`);
  return count;
}

interface Replayed {
  stream: string;
  /** To which its events lead. */
  version: number;
  /** Holds the rows, as they were read, against what the events give. */
  compare: () => void;
}

/** @returns null where it has moved on since the verification began */
async function replayStream(
  deps: Deps,
  stream: string,
  until: number,
  report: InvariantReport,
  world: WorldHistory,
  counts: RowCounts,
): Promise<Replayed | null> {
  const replay = replayOf(stream, deps, report, world);
  let previous = GENESIS;
  let version = 0;
  let complete = true;
  for (;;) {
    const page = await deps.store.streamEvents(stream, version, PAGE);
    for (const event of page) {
      if (event.seq > until) {
        complete = false;
        break;
      }
      version += 1;
      const name = (): string => `${stream} event ${event.version} (${event.type}, seq ${event.seq})`;
      report.expect('I13', event.version === version, () => `${name()}: version ${version} is missing`);
      report.expect(
        'I13',
        deps.sha256(JSON.stringify(event.data)) === event.dataHash,
        () => `${name()}: its data was changed`,
      );
      report.expect(
        'I13',
        deps.sha256(chainText(previous, event)) === event.hash,
        () => `${name()}: its hash does not match`,
      );
      previous = event.hash;
      version = event.version;
      countRow(event, counts);
      try {
        replay.event(event);
      } catch (error) {
        report.violate(
          'I13',
          `${name()} cannot be replayed: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    if (!complete || page.length < PAGE) break;
  }
  if (!complete) return null;
  const compare = await replay.read();
  return { stream, version, compare };
}

/** What is odd because it was written meanwhile is not. */
async function checkColumns(
  deps: Deps,
  replayed: readonly Replayed[],
  report: InvariantReport,
): Promise<void> {
  for (const { stream, version, columns } of await deps.store.oddColumns(replayed)) {
    if ((await deps.store.streamEvents(stream, version, 1)).length > 0) continue;
    report.violate('I13', `the row of ${stream} has what its state does not give: ${columns.join(', ')}`);
  }
}

/** A row that no stream gives. Only what nobody has added to meanwhile can be counted. */
async function checkCounts(
  deps: Deps,
  head: number,
  report: InvariantReport,
  found: RowCounts,
): Promise<void> {
  const rows = await deps.store.rowCounts();
  if ((await deps.store.head()).seq !== head) return;
  for (const table of Object.keys(found) as (keyof RowCounts)[])
    report.expect(
      'I13',
      rows[table] === found[table],
      () => `there are ${rows[table]} rows of ${table}, and the log gives ${found[table]}`,
    );
}

/** What begins a row. */
function countRow({ stream, version, type, ticket, data }: StoredEvent, counts: RowCounts): void {
  if (type === 'attempt.offered' && !(data as { resumed: boolean }).resumed) counts.attempts += 1;
  if (type === 'ticket.commented' && ticket !== null) counts.comments += 1;
  if (version !== 1) return;
  if (stream.startsWith('ticket:')) counts.tickets += 1;
  else if (stream.startsWith('inbox:')) counts.inbox += 1;
  else if (stream.startsWith('alert:')) counts.alerts += 1;
}

interface Replay {
  event(event: StoredEvent): void;
  /** Reads the rows; what it gives compares them with the events, and reads no more. */
  read(): Promise<() => void>;
}

function replayOf(stream: string, deps: Deps, report: InvariantReport, world: WorldHistory): Replay {
  const colon = stream.indexOf(':');
  const kind = stream.slice(0, colon);
  const id = stream.slice(colon + 1);
  const same = (row: unknown, state: unknown): void =>
    report.expect('I13', isSame(row, state), () => `the row of ${stream} differs from what its events give`);
  if (kind === 'ticket') {
    const history = new TicketHistory(report, (seq, ticket) => world.policyAt(seq, ticket), deps.sha256);
    let state: Ticket | null = null;
    const final = (row: Ticket | null, open: { item: InboxItem }[]): void => {
      same(row, state);
      if (!state) return;
      history.final(state);
      const decisions = open.filter(
        (entry) => entry.item.kind === 'review' || entry.item.kind === 'conflict',
      ).length;
      const submitted = state.attempts.at(-1)?.id;
      const landing =
        state.landing !== null &&
        state.landing.attempt === submitted &&
        !['landed', 'ended', 'withdrawn'].includes(state.landing.state);
      report.expect(
        'I8',
        state.status === 'in_review' ? decisions === (landing ? 0 : 1) : decisions === 0,
        () => `${id} is ${state?.status} and has ${decisions} open decisions in the inbox`,
      );
    };
    return {
      event: (event) => {
        const before = state;
        state = evolveTicket(before, event as unknown as TicketEvent);
        history.event(event as unknown as TicketEvent & { seq: number }, before, state);
      },
      read: async () => {
        const row = (await deps.store.ticket(id))?.state ?? null;
        const open = await deps.store.openInboxOf(id);
        return () => final(row, open);
      },
    };
  }
  if (kind === 'inbox') {
    let state: InboxItem | null = null;
    let results = 0;
    return {
      event: (event) => {
        state = evolveInbox(state, event as unknown as InboxEvent);
        if (event.type === 'inbox.acted') results += 1;
        report.expect('I8', results <= 1, () => `${stream} has ${results} results`);
      },
      read: async () => {
        const row = (await deps.store.inboxItem(id))?.item ?? null;
        return () => {
          same(row, state);
          report.expect(
            'I8',
            state?.state !== 'acted' || (results === 1 && state.result !== null),
            () => `${stream} is acted without a result`,
          );
        };
      },
    };
  }
  if (kind === 'alert') {
    let state: AlertState | null = null;
    let raised = 0;
    return {
      event: (event) => {
        state = evolveAlert(state, event as unknown as AlertEvent);
        if (event.type === 'alert.raised') raised += 1;
      },
      read: async () => {
        const row = (await deps.store.alert(id))?.alert ?? null;
        return () => {
          same(row, state);
          report.expect('I10', raised === 1, () => `${stream} was raised ${raised} times as a new alert`);
        };
      },
    };
  }
  let document: (Record<string, unknown> & Stamped) | null = null;
  return {
    event: (event) => {
      document = evolveDocument<Record<string, unknown>>(document, event as unknown as DocumentEvent);
    },
    read: async () => {
      const row = await deps.store.document(kind as DocumentKind, id);
      return () => same(row, document);
    },
  };
}

/** No attempt outlives a reaper pass begun after its lease and grace; three leases are more than any pass takes. */
async function checkLeases(deps: Deps, report: InvariantReport): Promise<void> {
  const now = await deps.store.now();
  const { leaseMs, graceMs } = deps.timing;
  for (const open of await deps.store.openAttempts()) {
    const over = open.lease === null ? null : open.lease.expiresAt + graceMs + 3 * leaseMs + 10_000;
    report.expect(
      'I11',
      over !== null && over > now,
      () => `attempt ${open.attempt} of ${open.ticket} is ${open.state}, and its lease has long run out`,
    );
  }
}

/** Equal as JSON: the order of members does not count, and a member that is undefined is absent. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((member, index) => isSame(member, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return (
    Object.keys(left).every((key) => isSame(left[key], right[key])) &&
    Object.keys(right).every((key) => key in left || right[key] === undefined)
  );
}
