// What is made of single figures: medians, quantiles, ratios round by round.
/** By nearest rank: of a hundred, the p99 is the second largest. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}
export const median = (values) => quantile(values, 0.5);

/**
 * Ours and its anchor in turn, round by round, so that a machine that slows down slows both.
 * @param warmUps rounds before those that count: a server is not compiled anew for each request
 */
export async function inTurn(rounds, ours, anchor, warmUps = 0) {
  const found = { ours: [], anchors: [], ratios: [] };
  for (let round = 0; round < rounds + warmUps; round += 1) {
    // Who is first changes, so that neither always meets a warm machine.
    const [first, second] = round % 2 === 0 ? [ours, anchor] : [anchor, ours];
    const a = await first(round);
    const b = await second(round);
    if (round < warmUps) continue;
    const [own, other] = round % 2 === 0 ? [a, b] : [b, a];
    found.ours.push(own);
    found.anchors.push(other);
    found.ratios.push(own / other);
  }
  return found;
}

/** `workers` at a time until all of `count` are done. @returns how long each took, in milliseconds */
export async function concurrently(workers, count, one) {
  const took = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      while (next < count) {
        const n = next++;
        const started = performance.now();
        await one(n, worker);
        took.push(performance.now() - started);
      }
    }),
  );
  return took;
}

/** @returns operations in a second */
export async function rate(count, run) {
  const started = performance.now();
  await run();
  return (count / (performance.now() - started)) * 1000;
}

/** Processor seconds that a process has used, from /proc. */
export function cpuSeconds(pid, readFile) {
  const stat = readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
