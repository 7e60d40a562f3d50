// G1 and G2: what policy, limits, fence, chain, rows and fold cost beside the bare transaction.
import { openRawSqlite } from '../anchors/raw-sqlite.mjs';
import { concurrently, inTurn, median, quantile, rate } from '../support/figures.mjs';
import { fine, openWorld } from '../support/world.mjs';

/** Claims what waits, one at a time, as a tick does. @returns claims in a second */
export async function claims(world, count) {
  const { readWorld, startPlanned } = await world.built('services/dispatching.js');
  const { planDispatch } = await world.built('domain/dispatch/plan-dispatch.js');
  await world.seen();
  const { lease } = await world.store.acquireLease('dispatch', 'bench', 600_000);
  const lanes = await world.store.readLanes({ limit: count, afterTodo: null });
  const picture = await readWorld(world.deps, lanes);
  const plan = planDispatch({ ...picture, needsInput: lanes.needsInput, todo: lanes.todo });
  const starts = plan.claims;
  if (starts.length < count) throw new Error(`only ${starts.length} of ${count} claims were planned`);
  const claimed = await rate(count, async () => {
    for (const planned of starts) {
      const result = await startPlanned(world.deps, lease, planned, lanes.configVersion, picture);
      if (!result.started) throw new Error(result.refusal.detail);
    }
  });
  await world.store.dropLease('dispatch', 'bench');
  return claimed;
}

/** As many tickets as the anchors' design names, on both sides, of which those that a round needs are moved. */
const TICKETS = 100_000;
const WARM_UPS = 1;

export async function claimOneAtATime({ rounds, scale }) {
  const count = 1000;
  const tickets = Math.round(TICKETS * scale);
  const world = await openWorld();
  const raw = openRawSqlite(Math.max(tickets, count * (rounds + WARM_UPS)));
  try {
    await world.addTickets(tickets, 'backlog');
    const found = await inTurn(
      rounds,
      async () => {
        await world.addTickets(count);
        return claims(world, count);
      },
      async () => rate(count, async () => raw.claim(count)),
      WARM_UPS,
    );
    return {
      id: 'G1',
      what: `a claim through the services, FULL, one at a time, ${tickets.toLocaleString('en-US')} tickets`,
      unit: 'claims/s',
      anchor: 'raw SQLite: compare-and-swap and event',
      goal: { atLeast: 0.5 },
      ...found,
    };
  } finally {
    raw.close();
    await world.close();
  }
}

export async function concurrentTransitions({ rounds, scale }) {
  const callers = 64;
  const count = 20_000;
  const tickets = Math.round(TICKETS * scale);
  const world = await openWorld();
  const raw = openRawSqlite(tickets);
  try {
    const keys = await world.addTickets(tickets);
    const moved = keys.map(() => 0);
    let at = 0;
    const tails = [];
    const found = await inTurn(
      rounds,
      async () => {
        let took = [];
        const reached = await rate(count, async () => {
          took = await concurrently(callers, count, async () => {
            const n = at++ % tickets;
            fine(await world.transition(keys[n], moved[n]++ % 2 === 0 ? 'defer' : 'ready'));
          });
        });
        tails.push(quantile(took, 0.99));
        return reached;
      },
      async () => rate(count, async () => raw.transitions(count, 50)),
      WARM_UPS,
    );
    return {
      id: 'G2',
      what: `transitions by ${callers} concurrent callers through the services, FULL, ${tickets.toLocaleString('en-US')} tickets`,
      unit: 'transitions/s',
      anchor: 'raw SQLite, 50 in a transaction',
      goal: { atLeast: 0.4 },
      note: `p99 ${median(tails).toFixed(1)} ms`,
      ...found,
    };
  } finally {
    raw.close();
    await world.close();
  }
}
