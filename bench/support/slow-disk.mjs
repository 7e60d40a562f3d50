// A disk that flushes as a real one does: every fsync of the benchmark, of the servers and of the databases that it
// starts takes so much longer. The shim has to be there when a process starts, so the benchmark starts itself again.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './server.mjs';

/** @returns whether this process runs on the slow disk; one that does not has run the benchmark in a child of its own */
export function onSlowDisk(milliseconds) {
  if (process.env.MC_BENCH_FLUSH_MICROSECONDS !== undefined) return true;
  const shim = join(root, 'bench-results', 'slow-sync.so');
  mkdirSync(join(root, 'bench-results'), { recursive: true });
  execFileSync('cc', [
    '-O2',
    '-shared',
    '-fPIC',
    '-o',
    shim,
    join(root, 'bench/support/slow-sync.c'),
    '-ldl',
  ]);
  const { status } = spawnSync(process.execPath, process.argv.slice(1), {
    stdio: 'inherit',
    env: {
      ...process.env,
      LD_PRELOAD: shim,
      MC_BENCH_FLUSH_MICROSECONDS: String(Math.round(milliseconds * 1000)),
    },
  });
  process.exitCode = status ?? 1;
  return false;
}
