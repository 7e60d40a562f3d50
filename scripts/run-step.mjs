// Runs one child process to its end and keeps what it said, for scripts that show output only when it matters.
import { spawn } from 'node:child_process';

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd: string, env?: NodeJS.ProcessEnv, show?: boolean, timeoutMs?: number}} options
 *   `show` passes the output on to standard error while it comes
 * @returns {Promise<{ok: boolean, output: string, seconds: number}>}
 */
export function runStep(command, args, { cwd, env = process.env, show = false, timeoutMs = 1_800_000 }) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk) => {
      output += chunk;
      if (show) process.stderr.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const timer = setTimeout(() => {
      take(`\nStopped after ${timeoutMs / 1000} s without an end.\n`);
      child.kill('SIGKILL');
    }, timeoutMs);
    const finish = (ok) => {
      clearTimeout(timer);
      resolve({ ok, output, seconds: (performance.now() - started) / 1000 });
    };
    child.on('error', (error) => {
      take(`${command}: ${error.message}\n`);
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

/** Answers once all have run, at most `limit` at a time, in the order given. */
export async function runAtMost(limit, jobs) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < jobs.length) {
      const index = next++;
      results[index] = await jobs[index]();
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}
