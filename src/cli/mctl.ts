#!/usr/bin/env node
/** `mctl`: binds the commands to this process, its terminal and its signals. */
import { text as readAll } from 'node:stream/consumers';
import { runMctl } from './run-mctl.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

// `mctl list | head` closes the pipe early; that is no failure of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

process.exitCode = await runMctl(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  readInput: () => readAll(process.stdin),
  env: process.env,
  columns: process.stdout.isTTY ? process.stdout.columns || 80 : null,
  now: () => Date.now(),
  signal: interrupted.signal,
});
