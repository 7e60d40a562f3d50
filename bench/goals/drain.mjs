// G6: a queue of tickets that is worked off by a worker that does nothing, in one process: claimed, accepted, handed in,
// decided by policy, done. Each leaves a handful of chained events; graphile-worker deletes a row.
import { concurrently, inTurn, rate } from '../support/figures.mjs';
import { runGraphile, runPgBoss } from '../support/libraries.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { fine, openWorld } from '../support/world.mjs';

const AT_A_TIME = 64;
/** The goal's own number, whatever the scale: a library that fetches ahead is only held to account by many. */
const JOBS = 100_000;

/** Works off what waits. @returns tickets in a second */
async function drainOnce(world, count) {
  const attempts = await world.built('services/attempts.js');
  const { runVerifier } = await world.built('loops/verifier.js');
  const { deps, dispatcher, store, runnerCaller } = world;
  await world.addTickets(count);
  let done = 0;
  return rate(count, async () => {
    while (done < count) {
      await world.seen();
      await dispatcher.runOnce();
      const open = await store.attemptsOfRunner('run_bench');
      await concurrently(AT_A_TIME, open.length, async (n) => {
        const { attempt, fence } = open[n];
        const who = { attempt, fence };
        fine(await attempts.acceptAttempt(deps, runnerCaller, { ...who, base: 'b'.repeat(40), branch: 'b' }));
        const worker = { actor: { kind: 'attempt', id: attempt }, role: 'attempt', attempt, fence };
        fine(await attempts.signalAttempt(deps, worker, who, { type: 'submit', summary: 'done' }));
        fine(
          await attempts.endAttempt(
            deps,
            runnerCaller,
            { ...who, outcome: 'submitted', treeGone: true },
            undefined,
          ),
        );
      });
      while ((await runVerifier(deps)) > 0);
      done += open.length;
      if (open.length === 0) throw new Error('nothing was claimed');
    }
  });
}

export async function drain({ rounds, scale }) {
  const count = Math.round(4000 * scale);
  const postgres = await startPostgres();
  const results = [];
  try {
    for (const [store, batched, atLeast, databaseUrl] of [
      ['PostgreSQL', false, 0.5, await postgres.database()],
      ['SQLite', true, 0.3, undefined],
    ]) {
      const world = await openWorld({ databaseUrl, workers: 500 });
      try {
        const found = await inTurn(
          Math.min(rounds, 3),
          () => drainOnce(world, count),
          async () => (await runGraphile(await postgres.database(), { drain: JOBS, batched })).perSecond,
        );
        const boss = (await runPgBoss(await postgres.database(), { drain: JOBS })).perSecond;
        const { done = 0 } = await world.store.countByStatus();
        if (done < count) throw new Error(`only ${done} tickets are done`);
        results.push({
          id: 'G6',
          what: `draining tickets with a no-op worker, ${store}`,
          unit: 'tickets/s',
          anchor: `graphile-worker${batched ? ', batched' : ''}`,
          goal: { atLeast },
          note: `${((await world.store.head()).seq / done).toFixed(1)} events a ticket; pg-boss, a hundred at a time: ${Math.round(boss).toLocaleString('en-US')} jobs/s`,
          ...found,
        });
      } finally {
        await world.close();
      }
    }
    return results;
  } finally {
    await postgres.stop();
  }
}
