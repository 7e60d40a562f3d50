/** Whatever is changed behind the system's back is found and named. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAudit } from '../loops/audit.ts';
import { SqliteConnection } from '../store/sqlite/driver.ts';
import { PLAIN_TICKET } from '../domain/ticket/testing.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { clear, raise } from './alerts.ts';
import { ensureJobs } from './configuration.ts';
import type { Caller, Deps } from './deps.ts';
import { commentTicket, createTicket, editTicket, transitionTicket } from './tickets.ts';
import { createDocument } from './configuration.ts';
import { recordedOutgoing } from './testing/recorded-outgoing.ts';
import { verifyState } from './verify.ts';
import { createJobs } from '../jobs.ts';
import { Dispatcher } from '../loops/dispatcher.ts';
import { Abandoned } from '../loops/rests.ts';

const person: Caller = { actor: { kind: 'human', id: 'ada' }, role: 'admin' };
let connection: SqliteConnection;
let deps: Deps;

beforeEach(async () => {
  let ids = 0;
  connection = new SqliteConnection(':memory:');
  deps = {
    store: openSqliteStore({ path: connection, clock: () => 1_700_000_000_000 + ids }),
    timing: {
      leaseMs: 30_000,
      graceMs: 10_000,
      offerMs: 10_000,
      dispatchLeaseMs: 15_000,
      parkedSilenceMs: 600_000,
    },
    newId: (prefix) => `${prefix}_${(ids += 1)}`,
    random: () => 0.5,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    derive: (purpose, number) => `${purpose} ${number}`,
    defaultMaxWorkers: 2,
    artifacts: {
      put: () => Promise.resolve(''),
      read: () => Promise.resolve(null),
      hashOf: () => Promise.resolve(null),
      list: () => Promise.resolve([]),
      remove: () => Promise.resolve(),
    },
    artifactMaxBytes: 1000,
    outgoing: recordedOutgoing(),
    bundleMaxBytes: 10_000,
    inspect: {
      repository: () => Promise.resolve({ usable: true, message: '', defaultBranch: 'main' }),
      command: (subject) => Promise.resolve({ ok: true, subject, message: '' }),
      agents: () => Promise.resolve([]),
    },
  };
  await ensureJobs(deps, ['ticket-pickup']);
  await createDocument(deps, person, 'project', 'MC', {
    key: 'MC',
    name: 'MC',
    checks: [],
    completion: {
      requires: [],
      checks: [],
      decidedBy: 'human',
      onAccept: 'leave_branch',
      allowEmptyDiff: false,
    },
    limits: {},
  });
  await createTicket(deps, person, { project: 'MC', status: 'backlog', fields: PLAIN_TICKET });
  await transitionTicket(deps, person, 'MC-1', { transition: 'ready' }, {});
  await commentTicket(deps, person, 'MC-1', 'hello', {});
});
afterEach(() => deps.store.close());

const violations = async (): Promise<string[]> =>
  (await verifyState(deps)).invariants.flatMap((invariant) =>
    invariant.violations.map((v) => `${invariant.id} ${v}`),
  );

describe('the proof', () => {
  it('finds nothing wrong with what the services wrote, and says how much it looked at', async () => {
    const verified = await verifyState(deps);
    expect(verified).toMatchObject({ ok: true, events: 5, head: { seq: 5 } });
    expect(verified.invariants.find((invariant) => invariant.id === 'I5')?.checked).toBe(1);
  });

  const tampered: [string, string, RegExp][] = [
    [
      "an event's data",
      `update events set data = '{"text":"bye"}' where seq = 5`,
      /ticket:MC-1 event 3 \(ticket\.commented, seq 5\): its data was changed/,
    ],
    [
      "an event's actor",
      `update events set actor_id = 'eve' where seq = 4`,
      /ticket:MC-1 event 2 .*: its hash does not match/,
    ],
    [
      "an event's hash",
      `update events set hash = 'x' where seq = 4`,
      /ticket:MC-1 event 2 .*: its hash does not match/,
    ],
    [
      'a rolling hash',
      `update events set roll = 'x' where seq = 3`,
      /the rolling hash of seq 3 does not match/,
    ],
    ['a missing event', `delete from events where seq = 4`, /seq 5 follows 3/],
    [
      'a missing tail',
      `delete from events where seq = 5`,
      /the row of ticket:MC-1 has what its state does not give: stream_version/,
    ],
    [
      "a ticket's row",
      `update tickets set state = replace(state, 'A ticket', 'Another') where key = 'MC-1'`,
      /the row of ticket:MC-1 differs/,
    ],
    [
      'a status by hand',
      `update tickets set state = replace(state, '"status":"todo"', '"status":"done"') where key = 'MC-1'`,
      /the row of ticket:MC-1 differs/,
    ],
    [
      'a column that hides a ticket from the dispatcher',
      `update tickets set lane = null where key = 'MC-1'`,
      /the row of ticket:MC-1 has what its state does not give: lane/,
    ],
    [
      'a column that the board is drawn from',
      `update tickets set status = 'done', title = 'Another' where key = 'MC-1'`,
      /the row of ticket:MC-1 has what its state does not give: status, title/,
    ],
    [
      'a version that no change would ever meet',
      `update tickets set stream_version = 9 where key = 'MC-1'`,
      /the row of ticket:MC-1 has what its state does not give: stream_version/,
    ],
    [
      'an attempt that holds a slot for nobody',
      `update attempts set state = 'running' where ticket = 'MC-2'`,
      /the row of ticket:MC-2 has what its state does not give: state of att_\d+/,
    ],
    [
      'an attempt that nobody made',
      `insert into attempts select 'att_x', ticket, 2, kind, project, profile, campaign, runner, 'running', fence, offered_at, ended_at, 0, 0, 0 from attempts`,
      /there are 2 rows of attempts, and the log gives 1/,
    ],
    [
      "an inbox item's place",
      `update inbox set for_whom = 'orchestrator', state = 'acted'`,
      /the row of inbox:inb_\w+ has what its state does not give: state, for_whom/,
    ],
    [
      "an alert's place",
      `update alerts set state = 'resolved'`,
      /the row of alert:disk_low:here has what its state does not give: state/,
    ],
    [
      'the end of a stream',
      `delete from events where stream = 'ticket:MC-2' and version = (select max(version) from events where stream = 'ticket:MC-2')`,
      /the row of ticket:MC-2 differs/,
    ],
    [
      'a comment that no search would find',
      `delete from comments`,
      /there are 0 rows of comments, and the log gives 1/,
    ],
    [
      'a comment that nobody made',
      `insert into comments values (99, 'MC-1', 'approved')`,
      /there are 2 rows of comments, and the log gives 1/,
    ],
    ['a missing row', `delete from tickets where key = 'MC-1'`, /the row of ticket:MC-1 differs/],
    [
      "a job's row",
      `update documents set state = replace(state, 'true', 'false') where kind = 'job'`,
      /the row of job:ticket-pickup differs/,
    ],
  ];
  /** A ticket that a person has handed in, so with an attempt and an inbox item; and an alert. */
  const withMore = async (): Promise<void> => {
    const theirs = { ...PLAIN_TICKET, assignee: 'ada' };
    await createTicket(deps, person, { project: 'MC', status: 'todo', fields: theirs });
    const handIn = { transition: 'hand_in', summary: 'by hand' } as const;
    expect(await transitionTicket(deps, person, 'MC-2', handIn, {})).toMatchObject({
      ticket: { status: 'in_review' },
    });
    await raise(deps, { rule: 'disk_low', subject: 'here', severity: 'warning', detail: 'it is' });
  };

  for (const [what, sql, found] of tampered) {
    it(`names ${what} that was changed by hand`, async () => {
      await withMore();
      expect(await violations()).toEqual([]);
      connection.exec(sql);
      // Configured resources are kept in memory; a server that starts anew reads what is there.
      deps.store = openSqliteStore({ path: connection });
      expect((await violations()).join('\n')).toMatch(found);
    });
  }

  it('becomes an alert of the audit, and resolves when the state is sound again', async () => {
    const ports = {
      verify: () => verifyState(deps),
      raise: (observation: Parameters<typeof raise>[1]) => raise(deps, observation),
      clear: (fingerprint: string) => clear(deps, fingerprint),
    };
    connection.exec(`update tickets set state = replace(state, 'A ticket', 'Another') where key = 'MC-1'`);
    expect(await runAudit(ports)).toContain('violated: I13');
    const alert = await deps.store.alert('invariant_violated:I13');
    expect(alert?.alert).toMatchObject({ state: 'open', severity: 'critical' });
    expect(alert?.alert.detail).toContain('ticket:MC-1');
    connection.exec(`update tickets set state = replace(state, 'Another', 'A ticket') where key = 'MC-1'`);
    for (let i = 0; i < 3; i += 1) expect(await runAudit(ports)).toContain('every invariant holds');
    expect((await deps.store.alert('invariant_violated:I13'))?.alert.state).toBe('resolved');
  });

  it('takes what is committed while it looks for no violation', async () => {
    const { store } = deps;
    let writes = 0;
    // Before each row is read, its ticket moves on: the row is then newer than the events that were read.
    const moving = {
      ...store,
      ticket: async (key: string) => {
        if (writes < 3) await editTicket(deps, person, key, { title: `Title ${(writes += 1)}` }, {});
        return store.ticket(key);
      },
    };
    expect(await verifyState({ ...deps, store: moving })).toMatchObject({ ok: true });
    expect(writes).toBeGreaterThan(0);
    expect(await verifyState(deps)).toMatchObject({ ok: true });
  });

  it('pauses after every few streams, so that a server answers in between', async () => {
    for (let n = 0; n < 120; n += 1)
      await createTicket(deps, person, { project: 'MC', status: 'backlog', fields: PLAIN_TICKET });
    const { store } = deps;
    let read = 0;
    const steps: number[] = [];
    const counting = {
      ...store,
      streamEvents: (...asked: Parameters<typeof store.streamEvents>) => {
        read += 1;
        return store.streamEvents(...asked);
      },
    };
    const pause = (): Promise<void> => {
      steps.push(read);
      read = 0;
      return Promise.resolve();
    };
    expect(await verifyState({ ...deps, store: counting }, undefined, { pause })).toMatchObject({ ok: true });
    expect(steps.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(120);
    expect(Math.max(...steps)).toBeLessThanOrEqual(25);
  });

  it('is left unfinished, with nothing on record, when its server stops', async () => {
    const machine = {
      monotonic: () => 0,
      disk: () => Promise.resolve({ freeBytes: 1, totalBytes: 1 }),
      pause: () => Promise.reject(new Abandoned()),
    };
    const jobs = createJobs(deps, new Dispatcher(deps, 'srv_1'), machine);
    await jobs.audit();
    expect((await deps.store.jobRuns()).map(({ name }) => name)).not.toContain('audit');
    await createJobs(deps, new Dispatcher(deps, 'srv_1'), {
      ...machine,
      pause: () => Promise.resolve(),
    }).audit();
    expect((await deps.store.jobRuns()).map(({ name }) => name)).toContain('audit');
  });
});

it('a head that was written down is found again, and tells a log that was cut or written anew', async () => {
  const { head } = await verifyState(deps);
  await commentTicket(deps, person, 'MC-1', 'more', {});
  const against = async (known: { seq: number; hash: string }): Promise<string[]> =>
    (await verifyState(deps, known)).invariants.flatMap((invariant) => invariant.violations);
  expect(await against(head)).toEqual([]);
  expect(await against({ seq: head.seq, hash: head.hash.slice(0, 16) })).toEqual([]);
  expect(await against({ seq: head.seq, hash: 'f'.repeat(64) })).toEqual([
    expect.stringContaining('it was rewritten'),
  ]);
  expect(await against({ seq: head.seq + 5, hash: head.hash })).toEqual([
    expect.stringContaining('its end is missing'),
  ]);
});
