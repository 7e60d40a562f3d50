/** The log itself: events behind the head of their stream, each with its hashes. */
import { hash as digest } from 'node:crypto';
import type { Kysely } from 'kysely';
import { GENESIS, chainText, rollText } from '../../domain/log/chain.ts';
import type { StoredEvent, StreamAppend } from '../port.ts';
import { type Program, type Query, atMost, p, shapes, statement } from '../program.ts';
import type { Tables } from '../schema.ts';
import { PlanRejected } from './plan-rejected.ts';
import { EVENT_COLUMNS, eventColumns } from './rows.ts';
import type { StreamHead, StreamHeads } from './stream-heads.ts';

export function sha256(text: string): string {
  return digest('sha256', text);
}

/** What the log ends with. */
export interface ChainHead {
  seq: number;
  roll: string;
}

/** The shapes of statements are few. */
const EVENTS_AT_ONCE = 8;

export function appendPrograms(db: Kysely<Tables>) {
  const s = {
    head: statement<{ stream: string }>(db, (k) =>
      k.selectFrom('streams').select(['version', 'hash']).where('stream', '=', p('stream')),
    ),
    // Keeps invariant 13: the update succeeds only on the version that the plan was decided on.
    advance: statement<{ stream: string; expected: number; version: number; hash: string }>(db, (k) =>
      k
        .updateTable('streams')
        .set({ version: p('version'), hash: p('hash') })
        .where('stream', '=', p('stream'))
        .where('version', '=', p('expected')),
    ),
    begin: statement<{ stream: string; version: number; hash: string }>(db, (k) =>
      k
        .insertInto('streams')
        .values({ stream: p('stream'), version: p('version'), hash: p('hash') })
        .onConflict((c) => c.doNothing()),
    ),
    seqHead: statement<object>(db, (k) =>
      k.selectFrom('events').select(['seq', 'roll']).orderBy('seq', 'desc').limit(atMost(1)),
    ),
  };
  const inserts = shapes(db);

  /** Most plans have several events, and one statement costs little more for several rows than for one. */
  function insertEvents(events: readonly StoredEvent[], texts: readonly string[]): Query {
    const params: Record<string, unknown> = {};
    for (const [n, event] of events.entries()) {
      const columns = eventColumns(event, texts[n] ?? '');
      for (const column of EVENT_COLUMNS) params[`${column}${n}`] = columns[column];
    }
    return inserts(
      `events ${events.length}`,
      (k) =>
        k
          .insertInto('events')
          .values(
            events.map(
              (_event, n) =>
                Object.fromEntries(
                  EVENT_COLUMNS.map((c) => [c, p(`${c}${n}`)]),
                ) as unknown as Tables['events'],
            ),
          ),
      params,
    );
  }

  function* readHead(stream: string): Program<StreamHead | null> {
    const head = (yield s.head({ stream })).rows[0];
    return head ? { version: Number(head['version']), hash: String(head['hash']) } : null;
  }

  function* append(plan: StreamAppend, chain: ChainHead, heads?: StreamHeads): Program<StoredEvent[]> {
    let previous = GENESIS;
    if (plan.expected > 0) {
      const head = heads?.get(plan.stream) ?? (yield* readHead(plan.stream));
      if (!head || head.version !== plan.expected)
        throw new PlanRejected({ kind: 'stream', stream: plan.stream });
      previous = head.hash;
    }
    const stored: StoredEvent[] = [];
    const texts: string[] = [];
    let version = plan.expected;
    for (const event of plan.events) {
      version += 1;
      const data = JSON.stringify(event.data);
      const dataHash = sha256(data);
      const hash = sha256(chainText(previous, { ...event, stream: plan.stream, version, dataHash }));
      previous = hash;
      chain.seq += 1;
      chain.roll = sha256(rollText(chain.roll, chain.seq, hash));
      stored.push({
        stream: plan.stream,
        version,
        seq: chain.seq,
        type: event.type,
        actor: event.actor,
        at: event.at,
        data: event.data,
        dataHash,
        hash,
        roll: chain.roll,
        ticket: plan.ticket ?? null,
        project: plan.project ?? null,
      });
      texts.push(data);
    }
    // The compare-and-swap comes before the events: a loser has written nothing that could collide.
    const moved =
      plan.expected === 0
        ? yield s.begin({ stream: plan.stream, version, hash: previous })
        : yield s.advance({ stream: plan.stream, expected: plan.expected, version, hash: previous });
    if (moved.changes !== 1) throw new PlanRejected({ kind: 'stream', stream: plan.stream });
    heads?.set(plan.stream, { version, hash: previous });
    for (let from = 0; from < stored.length; from += EVENTS_AT_ONCE) {
      yield insertEvents(stored.slice(from, from + EVENTS_AT_ONCE), texts.slice(from, from + EVENTS_AT_ONCE));
    }
    return stored;
  }

  return {
    append,
    /** The last `seq` and rolling hash; the writer keeps them between plans. */
    *chainHead(): Program<ChainHead> {
      const { rows } = yield s.seqHead({});
      return { seq: Number(rows[0]?.['seq'] ?? 0), roll: String(rows[0]?.['roll'] ?? GENESIS) };
    },
  };
}
