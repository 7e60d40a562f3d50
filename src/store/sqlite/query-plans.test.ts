/**
 * How SQLite goes about the questions that are asked all the time: by an index that has the rows in their order, so that the
 * answer costs the same however large the board and its history are.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TICKET_STATUSES } from '../../domain/words.ts';
import { ticketPlan } from '../finding-tickets.test-suite.ts';
import { type Program, type Query, type QueryResult, runSync } from '../program.ts';
import { bundlePrograms } from '../programs/bundles.ts';
import { dispatchPrograms } from '../programs/dispatch.ts';
import { findPrograms } from '../programs/find-tickets.ts';
import { readPrograms } from '../programs/read.ts';
import { SqliteConnection } from './driver.ts';
import { openSqliteStore, sqliteCompiler } from './sqlite-store.ts';

const db = sqliteCompiler();
const reads = { ...readPrograms(db), ...findPrograms(db) };
const lanes = dispatchPrograms(db);
const bundles = bundlePrograms(db);
const connection = new SqliteConnection(':memory:');
// Beyond each cursor, so that whoever finds the places of a page first goes on to what is there.
beforeAll(async () => {
  const store = openSqliteStore({ path: connection });
  await store.commit(ticketPlan('MC-1', { statusSince: 10, createdAt: 3, updatedAt: 3 }).plan);
});
afterAll(() => connection.close());

/** The steps of all queries of a program, as SQLite explains them. */
function planOf<T>(program: Program<T>): string[] {
  const steps: string[] = [];
  runSync(program, (query: Query): QueryResult => {
    const { rows } = connection.execute({ ...query, sql: `explain query plan ${query.sql}` });
    steps.push(...rows.map(({ detail }) => String(detail)));
    return connection.execute(query);
  });
  return steps;
}

/** Steps that look at every row, or sort what they have found; walking an index in its order until there are enough is none. */
const costly = (steps: readonly string[]): string[] =>
  steps.filter((step) =>
    /^SCAN (tickets|events|attempts)(?! USING (INDEX|COVERING INDEX tickets_to_verify))|TEMP B-TREE/.test(
      step,
    ),
  );

/** A place in the middle of a list. */
const cursor = Buffer.from(JSON.stringify([5, 'MC-5'])).toString('base64url');

describe('SQLite has the rows in order of', () => {
  // With the step that finds the place where the page begins, wherever that is.
  const questions: [string, () => Program<unknown>, RegExp?][] = [
    ['dispatch', () => reads.tickets({ sort: 'dispatch', limit: 50 })],
    [
      'dispatch, across some states, further on',
      () => reads.tickets({ sort: 'dispatch', statuses: ['todo', 'done'], limit: 50, cursor }),
      /COVERING INDEX tickets_status \(status=\? AND rank>\?\)/,
    ],
    [
      'dispatch, a column, further on',
      () => reads.tickets({ sort: 'dispatch', statuses: ['todo'], limit: 50, cursor }),
      /tickets_status \(status=\? AND rank>\?\)/,
    ],
    [
      'their last change, further on',
      () => reads.tickets({ sort: 'updated', limit: 50, cursor }),
      /COVERING INDEX tickets_updated \(status=\? AND updated_at<\?\)/,
    ],
    [
      'their last change, a column of what is closed, further on',
      () => reads.tickets({ sort: 'updated', statuses: ['done'], project: 'MC', limit: 50, cursor }),
      /tickets_updated \(status=\? AND updated_at<\?\)/,
    ],
    ['creation', () => reads.tickets({ sort: 'created', limit: 50 })],
    [
      'creation, further on',
      () => reads.tickets({ sort: 'created', limit: 50, cursor }),
      /tickets_created \(created_at<\?\)/,
    ],
    ['both lanes', () => lanes.readLanes({ limit: 50, afterTodo: null }, 0), /tickets_lane \(rank>\?\)/],
    [
      'a lane, further on',
      () => lanes.readLanes({ limit: 50, afterTodo: { after: 5, afterKey: 'x' } }, 0),
      /tickets_status \(status=\? AND rank>\?\)/,
    ],
    ['what is to be verified', () => lanes.ticketsToVerify(10)],
    ['the end of a stream', () => reads.streamEvents('ticket:MC-1', 3, 10), /\(stream=\? AND version>\?\)/],
    ['the log', () => reads.eventsAfter(7, 10), /\(rowid>\?\)/],
    [
      'the workers, only counted',
      () => lanes.countOpenAttempts(),
      /^SEARCH attempts USING COVERING INDEX attempts_state \(state=\?\)/,
    ],
  ];
  it.each(questions)('%s', (_name, ask, place) => {
    const steps = planOf(ask());
    expect(steps.length).toBeGreaterThan(0);
    expect(costly(steps)).toEqual([]);
    if (place) expect(steps).toContainEqual(expect.stringMatching(place));
  });

  it.each(['dispatch', 'updated'] as const)('the places of a page by %s, then its tickets alone', (sort) => {
    const steps = planOf(reads.tickets({ sort, limit: 50, cursor }));
    expect(steps).toHaveLength(TICKET_STATUSES.length + 1);
    expect(steps.at(-1)).toMatch(/^SEARCH tickets USING INDEX sqlite_autoindex_tickets_1 \(key=\?\)/);
  });

  it('bundles, and only then the tickets that they are of', () => {
    const [first, second] = planOf(bundles.ofClosed(5, 10));
    expect(first).toMatch(/ bundles/);
    expect(second).toMatch(/^SEARCH tickets USING INDEX sqlite_autoindex_tickets_1 \(key=\?\)/);
  });

  it('nothing that no index has', () => {
    expect(costly(planOf(reads.tickets({ sort: 'priority', limit: 50 })))).not.toEqual([]);
  });
});
