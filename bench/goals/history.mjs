// G7 and G13: what a long history costs. A store with many finished tickets and their events beside a small one.
import { inTurn } from '../support/figures.mjs';
import { openWorld } from '../support/world.mjs';
import { claims } from './services.mjs';

/** Finished tickets, each moved about before it was cancelled, so that it has ten events or so. */
async function fill(world, tickets) {
  const events = ['defer', 'ready', 'defer', 'ready', 'defer', 'ready', 'defer', 'ready'];
  for (let made = 0; made < tickets; made += 1000) {
    const keys = await world.addTickets(Math.min(1000, tickets - made), 'todo');
    for (const transition of events) await Promise.all(keys.map((key) => world.transition(key, transition)));
    await Promise.all(keys.map((key) => world.transition(key, 'cancel', { reason: 'finished' })));
  }
}

export async function longHistory({ rounds, scale }) {
  const finished = Math.round(100_000 * scale);
  const count = 300;
  const [small, large] = [await openWorld(), await openWorld()];
  try {
    await fill(small, Math.min(1000, finished));
    await fill(large, finished);
    const { seq } = await large.store.head();
    const found = await inTurn(
      rounds,
      async () => {
        await large.addTickets(count);
        return claims(large, count);
      },
      async () => {
        await small.addTickets(count);
        return claims(small, count);
      },
    );
    const { verifyState } = await large.built('services/verify.js');
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let most = before;
    const watching = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 50);
    const started = performance.now();
    const verified = await verifyState(large.deps);
    const seconds = (performance.now() - started) / 1000;
    clearInterval(watching);
    if (verified.invariants.some((invariant) => !invariant.ok)) throw new Error('an invariant does not hold');
    const sizes = `${finished.toLocaleString('en-US')} finished tickets and ${seq.toLocaleString('en-US')} events`;
    return [
      {
        id: 'G7',
        what: `claims with ${sizes}`,
        unit: 'claims/s',
        anchor: 'the same with 1,000 finished tickets',
        goal: { atLeast: 0.7 },
        ...found,
      },
      {
        id: 'G13',
        what: `verifying ${(await large.store.head()).seq.toLocaleString('en-US')} events`,
        unit: 's',
        goal: { atMost: (60 * seq) / 1_000_000 },
        note: `memory rose by ${((most - before) / 2 ** 20).toFixed(0)} MiB; the goal is a minute for a million`,
        ours: [seconds],
      },
    ];
  } finally {
    await small.close();
    await large.close();
  }
}
