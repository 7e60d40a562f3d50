/** The log itself: events behind the head of their stream, each with its hashes. */
import { hash as digest } from 'node:crypto';
import type { Kysely } from 'kysely';
import { GENESIS, chainText, rollText } from '../../domain/log/chain.ts';
import type { StoredEvent, StreamAppend } from '../port.ts';
import {
  type Program,
  type Query,
  type QueryResult,
  type Write,
  atMost,
  p,
  shapes,
  statement,
} from '../program.ts';
import type { Tables } from '../schema.ts';
import { PlanRejected } from './plan-rejected.ts';
import { EVENT_COLUMNS, commentColumns, eventColumns } from './rows.ts';
import type { StreamHead } from './stream-heads.ts';

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
      k
        .selectFrom('events')
        .select(['version', 'hash'])
        .where('stream', '=', p('stream'))
        .orderBy('version', 'desc')
        .limit(atMost(1)),
    ),
    comment: statement<Record<string, unknown>>(db, (k) =>
      k.insertInto('comments').values({ seq: p('seq'), ticket: p('ticket'), said: p('said') }),
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

  /**
   * The events behind the head of their stream, as they are stored, and what writes them.
   * @param head what the stream ends with; null where there is none
   * @param chain moved on by the events
   */
  function append(
    plan: StreamAppend,
    head: StreamHead | null,
    chain: ChainHead,
  ): { stored: StoredEvent[]; writes: Write[]; head: StreamHead } {
    // The compare-and-swap: only the one writer is here. Were there another, two events would have one place, and the
    // database takes one event for each version of a stream.
    if ((head?.version ?? 0) !== plan.expected)
      throw new PlanRejected({ kind: 'stream', stream: plan.stream });
    const stored: StoredEvent[] = [];
    const texts: string[] = [];
    let previous = head?.hash ?? GENESIS;
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
    const writes: Write[] = [];
    for (let from = 0; from < stored.length; from += EVENTS_AT_ONCE) {
      const until = from + EVENTS_AT_ONCE;
      writes.push({ query: insertEvents(stored.slice(from, until), texts.slice(from, until)) });
    }
    for (const event of stored) {
      const comment = commentColumns(event);
      if (comment) writes.push({ query: s.comment(comment) });
    }
    return { stored, writes, head: { version, hash: previous } };
  }

  return {
    append,
    readHead: (stream: string): Query => s.head({ stream }),
    headOf({ rows: [row] }: QueryResult): StreamHead | null {
      return row ? { version: Number(row['version']), hash: String(row['hash']) } : null;
    },
    /** The last `seq` and rolling hash; the writer keeps them between plans. */
    *chainHead(): Program<ChainHead> {
      const { rows } = yield s.seqHead({});
      return { seq: Number(rows[0]?.['seq'] ?? 0), roll: String(rows[0]?.['roll'] ?? GENESIS) };
    },
  };
}
