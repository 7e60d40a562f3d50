/**
 * Keeps one local runner beside the server: a process of its own, in a session of its own, that outlives the server.
 * A runner left by an earlier server goes on and finds this one by `server.json`; the one that is started here then
 * sees its lock and leaves, and is tried again later, so that a dead runner is always replaced.
 */
import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { findRunningRunner } from './runner/instance-lock.ts';
import { readBootId } from './runner/processes/system-processes.ts';
import type { Settings } from './settings.ts';

const RETRY_MS = 2000;

export function keepLocalRunner(options: {
  root: string;
  settings: Settings;
  log: (level: 'info' | 'error', message: string, facts?: object) => void;
}): { stop(): void } {
  const { root, settings, log } = options;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let adopted: number | null = null;
  const bootId = readBootId();
  const start = (): void => {
    if (stopped) return;
    const running = findRunningRunner(settings.dataDir, bootId);
    if (running) {
      if (adopted !== running.pid)
        log('info', 'a local runner is at work already; it is adopted', { pid: running.pid });
      adopted = running.pid;
      timer = setTimeout(start, RETRY_MS);
      return;
    }
    const file = openSync(join(settings.dataDir, 'runner.log'), 'a', 0o600);
    const child = spawn(
      process.execPath,
      [
        join(root, 'dist/runner/main.js'),
        '--data-dir',
        settings.dataDir,
        '--name',
        settings.runnerName,
        '--slots',
        String(settings.runnerSlots),
        '--exit-when-alone',
      ],
      { detached: true, stdio: ['ignore', file, file], cwd: settings.dataDir },
    );
    closeSync(file);
    child.on('error', (error) =>
      log('error', 'the local runner could not be started', { error: error.message }),
    );
    child.on('exit', (code, signal) => {
      if (stopped) return;
      log('error', `the local runner left (${signal ?? code}); it is started again`, {
        log: join(settings.dataDir, 'runner.log'),
      });
      timer = setTimeout(start, RETRY_MS);
    });
    child.unref();
  };
  start();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
