// graphile-worker: draining, and the time from enqueueing to start on an idle worker.
//   node graphile.mjs DATABASE_URL '{"drain": 100000, "seconds": 15, "batched": false, "latency": 150}'
// A few thousand jobs say nothing: they are fetched before the first is done. So there are many, for at most `seconds`.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';

const [, , connectionString, wanted] = process.argv;
const { drain = 0, seconds = 15, batched = false, latency = 0 } = JSON.parse(wanted);
const logger = new Logger(() => () => undefined);
const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let started = () => undefined;
const taskList = { noop: async (payload) => started(payload) };
const open = () =>
  run({
    connectionString,
    logger,
    noHandleSignals: true,
    taskList,
    ...(batched
      ? {
          preset: {
            worker: {
              connectionString,
              concurrentJobs: 24,
              maxPoolSize: 10,
              localQueue: { size: 500 },
              completeJobBatchDelay: 0,
            },
          },
        }
      : { concurrency: 24, maxPoolSize: 10 }),
  });

let perSecond = null;
if (drain > 0) {
  for (let n = 0; n < drain; n += 1000) {
    const size = Math.min(1000, drain - n);
    await utils.addJobs(
      Array.from({ length: size }, (_, i) => ({ identifier: 'noop', payload: { n: n + i } })),
    );
  }
  await utils.withPgClient((client) => client.query('checkpoint'));
  let done = 0;
  let first = 0;
  let last = 0;
  const over = new Promise((resolve) => {
    started = () => {
      done += 1;
      last = performance.now();
      if (done === 1) {
        first = last;
        setTimeout(resolve, seconds * 1000);
      }
      if (done === drain) resolve();
    };
  });
  const runner = await open();
  await over;
  perSecond = (done / (last - first)) * 1000;
  started = () => undefined;
  if (done === drain) await runner.stop();
}
const latencies = [];
if (latency > 0) {
  const sent = new Map();
  started = ({ key }) => latencies.push(performance.now() - sent.get(key));
  const runner = await open();
  await pause(1000);
  for (let key = 0; key < latency; key += 1) {
    sent.set(key, performance.now());
    await utils.addJob('noop', { key });
    await pause(20 + Math.random() * 20);
  }
  for (let i = 0; i < 50 && latencies.length < latency; i += 1) await pause(100);
  await runner.stop();
}
await utils.release();
process.stdout.write(`${JSON.stringify({ perSecond, latencies })}\n`);
process.exit(0);
