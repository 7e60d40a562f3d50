/** How tickets are found and counted: the part of the conformance suite that asks the queries of lists and boards. */
import { expect, it } from 'vitest';
import { PLAIN_TICKET } from '../domain/ticket/testing.ts';
import { dispatchRank } from '../domain/dispatch/plan-dispatch.ts';
import { decideCreate } from '../domain/ticket/decide-fields.ts';
import { evolveTicket } from '../domain/ticket/evolve.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import type { CommitPlan, Store, TicketFilter, TicketGrouping, TicketQuery } from './port.ts';
import { append, event } from './testing/store-under-test.ts';

export function ticketPlan(key: string, fields: Partial<Ticket> = {}): { plan: CommitPlan; ticket: Ticket } {
  const events = decideCreate(
    {
      key,
      project: key.split('-')[0] ?? '',
      number: Number(key.split('-')[1]),
      status: 'todo',
      ...PLAIN_TICKET,
      title: `Ticket ${key}`,
    },
    { actor: { kind: 'human', id: 'ada' }, now: 1000 },
  );
  const created = events.reduce<Ticket | null>((state, e) => evolveTicket(state, e), null);
  if (!created) throw new Error('no ticket');
  const ticket = { ...created, ...fields };
  return {
    ticket,
    plan: {
      appends: [{ stream: `ticket:${key}`, expected: 0, events, ticket: key, project: ticket.project }],
      rows: [{ row: 'ticket', state: ticket, before: null, streamVersion: 1, toVerify: false }],
    },
  };
}

export function findingTickets(store: () => Store): void {
  it('are found by status, label and words, and a percent sign is only a percent sign', async () => {
    await store().commit(ticketPlan('MC-1', { title: 'Fix the 100% bug', labels: ['ui'] }).plan);
    await store().commit(
      ticketPlan('MC-2', { title: 'Fix another bug', status: 'done', labels: ['uii'] }).plan,
    );
    const keys = async (q: object) =>
      (await store().tickets({ sort: 'created', limit: 10, ...q })).items.map((x) => x.key);
    expect(await keys({ statuses: ['done'] })).toEqual(['MC-2']);
    expect(await keys({ label: 'ui' })).toEqual(['MC-1']);
    await store().commit(ticketPlan('MC-3', { title: 'Other', labels: ['50%_off'] }).plan);
    expect(await keys({ label: '50%_off' })).toEqual(['MC-3']);
    expect(await keys({ label: '50__off' })).toEqual([]);
    expect(await keys({ q: '100%' })).toEqual(['MC-1']);
    expect((await keys({ q: 'fix bug' })).sort()).toEqual(['MC-1', 'MC-2']);
    expect(await keys({ q: '1_0%' })).toEqual([]);
  });

  it('are found by what is said in their comments, and only by that', async () => {
    const comment = (key: string, version: number, text: string) =>
      store().commit({
        appends: [
          {
            stream: `ticket:${key}`,
            expected: version,
            ticket: key,
            project: 'MC',
            events: [
              { type: 'ticket.commented', actor: { kind: 'human', id: 'ada' }, at: 2000, data: { text } },
            ],
          },
        ],
        rows: [],
      });
    await store().commit(ticketPlan('MC-1', { title: 'Fix the login page' }).plan);
    await store().commit(ticketPlan('MC-2', { title: 'Fix the menu', status: 'done' }).plan);
    await comment('MC-1', 1, 'Seen with Firefox,\nsee "C:\\temp"; 30% of the time');
    await comment('MC-1', 2, 'The Überweisung is wrong');
    const keys = async (q: object) =>
      (await store().tickets({ sort: 'created', limit: 10, ...q })).items.map((x) => x.key);
    expect(await keys({ q: 'firefox' })).toEqual(['MC-1']);
    expect(await keys({ q: 'ÜBERWEISUNG' })).toEqual(['MC-1']);
    // One word of the title, one of each comment.
    expect(await keys({ q: 'login firefox überweisung' })).toEqual(['MC-1']);
    expect(await keys({ q: 'menu firefox' })).toEqual([]);
    for (const word of ['"c:\\temp";', '30%']) expect(await keys({ q: word }), word).toEqual(['MC-1']);
    for (const word of ['text', 'commented', 'fire_ox', 'seen%firefox'])
      expect(await keys({ q: word }), word).toEqual([]);
    expect(await keys({ q: 'firefox', statuses: ['done'] })).toEqual([]);
    expect(await store().groupTickets({ q: 'firefox' }, 'priority')).toEqual([
      { value: '2', status: 'todo', count: 1 },
    ]);
  });

  it('are found by priority, by who has them, and by having nobody, and are counted by the same', async () => {
    await store().commit(ticketPlan('MC-1', { priority: 0, assignee: 'ada', profile: 'opus' }).plan);
    await store().commit(ticketPlan('MC-2', { priority: 1, profile: 'opus', status: 'done' }).plan);
    await store().commit(ticketPlan('MC-3', { priority: 1, campaign: 'spring' }).plan);
    const keys = async (q: object) =>
      (await store().tickets({ sort: 'created', limit: 10, ...q })).items.map((x) => x.key).sort();
    expect(await keys({ priorities: [0] })).toEqual(['MC-1']);
    expect(await keys({ agent: 'opus' })).toEqual(['MC-2']);
    expect(await keys({ agent: 'ada' })).toEqual(['MC-1']);
    expect(await keys({ agent: null })).toEqual(['MC-3']);
    expect(await keys({ campaign: null })).toEqual(['MC-1', 'MC-2']);
    expect(await keys({ profile: 'opus', assignee: null })).toEqual(['MC-2']);
    const groups = async (by: 'agent' | 'priority', filter = {}) =>
      (await store().groupTickets(filter, by)).sort((a, b) => `${a.value}`.localeCompare(`${b.value}`));
    expect(await groups('agent')).toEqual([
      { value: 'ada', status: 'todo', count: 1 },
      { value: null, status: 'todo', count: 1 },
      { value: 'opus', status: 'done', count: 1 },
    ]);
    expect(await groups('priority', { profile: 'opus' })).toEqual([
      { value: '0', status: 'todo', count: 1 },
      { value: '1', status: 'done', count: 1 },
    ]);
  });

  it('are listed page by page in their order, also across states and among equals', async () => {
    const random = mulberry(11);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const all: Ticket[] = [];
    for (let n = 1; n <= 40; n += 1) {
      const { plan, ticket } = ticketPlan(`MC-${n}`, {
        status: pick(['backlog', 'todo', 'in_review', 'done', 'cancelled']),
        priority: pick([0, 1, 2]),
        statusSince: pick([1000, 2000, 3000]),
        createdAt: pick([10, 20, 30]),
        updatedAt: pick([4000, 5000, 6000]),
        labels: pick([[], ['ui']]),
      });
      await store().commit(plan);
      all.push(ticket);
    }
    const rank = (t: Ticket): number => dispatchRank(t.priority, t.statusSince);
    const orders = {
      dispatch: (a: Ticket, b: Ticket) => rank(a) - rank(b) || byKey(a, b),
      priority: (a: Ticket, b: Ticket) => a.priority - b.priority || byKey(a, b),
      age: (a: Ticket, b: Ticket) => a.statusSince - b.statusSince || byKey(a, b),
      updated: (a: Ticket, b: Ticket) => b.updatedAt - a.updatedAt || byKey(b, a),
      created: (a: Ticket, b: Ticket) => b.createdAt - a.createdAt || byKey(b, a),
    };
    const asked: [Partial<TicketQuery>, (t: Ticket) => boolean][] = [
      [{}, () => true],
      [{ statuses: ['done'] }, (t) => t.status === 'done'],
      [{ statuses: ['todo', 'done', 'todo'] }, (t) => t.status === 'todo' || t.status === 'done'],
      [{ statuses: [] }, () => false],
      [{ label: 'ui', priorities: [0, 1] }, (t) => t.labels.length > 0 && t.priority < 2],
      [{ q: 'ticket mc-1' }, (t) => t.key.includes('MC-1')],
      [{ keys: ['MC-3', 'MC-1', 'MC-99'] }, (t) => ['MC-1', 'MC-3'].includes(t.key)],
    ];
    for (const [sort, order] of Object.entries(orders) as [TicketQuery['sort'], typeof orders.age][])
      for (const [query, isAsked] of asked) {
        const expected = all.filter(isAsked).sort(order);
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await store().tickets({ ...query, sort, limit: 3, cursor });
          found.push(...page.items.map(({ key }) => key));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(found, `${sort} ${JSON.stringify(query)}`).toEqual(expected.map(({ key }) => key));
      }
  });

  it('are counted as they stand after any changes, also those that shared a batch with refused ones', async () => {
    const random = mulberry(7);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const fields = (): Partial<Ticket> => ({
      status: pick(['backlog', 'todo', 'done']),
      priority: pick([0, 1, 2]),
      campaign: pick([null, 'spring', 'fall']),
      assignee: pick([null, 'ada', 'opus']),
      profile: pick([null, 'opus', 'haiku']),
    });
    const standing = new Map<string, { ticket: Ticket; version: number }>();
    for (let round = 0; round < 25; round += 1) {
      // Asked each time, so that what is kept has to follow.
      await expectCounts(
        store(),
        [...standing.values()].map(({ ticket }) => ticket),
      );
      const made = ticketPlan(`${pick(['MC', 'CENTS'])}-${round + 1}`, fields());
      const changes = [...standing.values()].slice(-4).map(({ ticket, version }) => {
        const changed = { ...ticket, ...fields() };
        const isLate = random() < 0.4;
        const plan = {
          ...append(`ticket:${ticket.key}`, isLate ? version - 1 : version, event('ticket.updated')),
          rows: [
            {
              row: 'ticket' as const,
              state: changed,
              before: ticket,
              streamVersion: version + 1,
              toVerify: false,
            },
          ],
        };
        return { ticket: changed, version: version + 1, plan };
      });
      const all = [{ ticket: made.ticket, version: 1, plan: made.plan }, ...changes];
      const results = await Promise.all(all.map(({ plan }) => store().commit(plan)));
      for (const [index, { ticket, version }] of all.entries())
        if (results[index]?.committed) standing.set(ticket.key, { ticket, version });
    }
    const tickets = [...standing.values()].map(({ ticket }) => ticket);
    expect(tickets).toHaveLength(25);
    await expectCounts(store(), tickets);
  });
}

const byKey = (a: Ticket, b: Ticket): number => (a.key < b.key ? -1 : 1);

/** Random numbers from a seed, the same at each run. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Every grouping, under filters of each kind, against the tickets one by one. */
async function expectCounts(store: Store, tickets: readonly Ticket[]): Promise<void> {
  const agentOf = (ticket: Ticket): string | null => ticket.assignee ?? ticket.profile;
  const filters: [TicketFilter, (ticket: Ticket) => boolean][] = [
    [{}, () => true],
    [{ project: 'CENTS' }, (t) => t.project === 'CENTS'],
    [{ statuses: ['todo', 'done'], priorities: [0, 2] }, (t) => t.status !== 'backlog' && t.priority !== 1],
    [{ campaign: null }, (t) => t.campaign === null],
    [{ campaign: 'fall', assignee: null }, (t) => t.campaign === 'fall' && t.assignee === null],
    [{ profile: 'opus' }, (t) => t.profile === 'opus'],
    [{ agent: 'opus' }, (t) => agentOf(t) === 'opus'],
    [{ agent: null }, (t) => agentOf(t) === null],
    [{ q: '-1' }, (t) => t.key.includes('-1')],
  ];
  const values: Record<TicketGrouping, (ticket: Ticket) => string | null> = {
    status: (t) => t.status,
    priority: (t) => String(t.priority),
    project: (t) => t.project,
    campaign: (t) => t.campaign,
    agent: agentOf,
  };
  for (const [filter, isAsked] of filters)
    for (const by of Object.keys(values) as TicketGrouping[]) {
      const expected = new Map<string, number>();
      for (const ticket of tickets.filter(isAsked)) {
        const name = `${values[by](ticket)} ${ticket.status}`;
        expected.set(name, (expected.get(name) ?? 0) + 1);
      }
      const found = (await store.groupTickets(filter, by)).map(
        ({ value, status, count }): [string, number] => [`${value} ${status}`, count],
      );
      expect(new Map(found), `${by} of ${JSON.stringify(filter)}`).toEqual(expected);
      expect(found).toHaveLength(expected.size);
    }
  const byStatus = Object.entries(await store.countByStatus());
  expect(byStatus.reduce((sum, [, count]) => sum + count, 0)).toBe(tickets.length);
}
