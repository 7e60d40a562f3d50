// A built server of a benchmark's own: on a free port of this machine, with a data directory that goes away with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * @param {Record<string, string>} [env] settings beside the usual ones
 * @returns {Promise<{url: string, pid: number, dataDir: string, token: string, startedMs: number, stop: () => Promise<void>}>}
 *   `startedMs` is from the spawn to the line that says where it listens
 */
export async function startServer(env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mc-bench-'));
  const dataDir = join(folder, 'data');
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist/main.js')], {
    env: {
      ...process.env,
      MC_DATA_DIR: dataDir,
      MC_PORT: '0',
      MC_RUNNER: 'none',
      MC_LOG_LEVEL: 'error',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const startedMs = performance.now() - started;
  const { url } = JSON.parse(line);
  return {
    url,
    pid: child.pid,
    dataDir: env.MC_DATA_DIR ?? dataDir,
    token: env.MC_ADMIN_TOKEN ?? readFileSync(join(env.MC_DATA_DIR ?? dataDir, 'admin.token'), 'utf8').trim(),
    startedMs,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Calls the API; anything but 2xx is an error that says what was answered. */
export function apiOf(url, token) {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}
