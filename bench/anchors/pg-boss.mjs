// pg-boss: draining, fetched and completed a hundred at a time by four workers.
//   node pg-boss.mjs DATABASE_URL '{"drain": 100000, "seconds": 15}'
import { PgBoss } from 'pg-boss';

const [, , connectionString, wanted] = process.argv;
const { drain, seconds = 15 } = JSON.parse(wanted);
const boss = new PgBoss({ connectionString, max: 10 });
boss.on('error', (error) => process.stderr.write(`${error.message}\n`));
await boss.start();
await boss.createQueue('noop');
for (let n = 0; n < drain; n += 1000) {
  const size = Math.min(1000, drain - n);
  await boss.insert(
    'noop',
    Array.from({ length: size }, (_, i) => ({ data: { n: n + i } })),
  );
}
let done = 0;
let first = 0;
let last = 0;
await new Promise((resolve, reject) => {
  boss
    .work(
      'noop',
      { batchSize: 100, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true, localConcurrency: 4 },
      async (jobs) => {
        last = performance.now();
        if (done === 0) {
          first = last;
          setTimeout(resolve, seconds * 1000);
        }
        done += jobs.length;
        if (done === drain) resolve();
      },
    )
    .catch(reject);
});
const perSecond = (done / (last - first)) * 1000;
await boss.stop({ graceful: false });
process.stdout.write(`${JSON.stringify({ perSecond, latencies: [] })}\n`);
process.exit(0);
