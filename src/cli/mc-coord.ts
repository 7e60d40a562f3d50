#!/usr/bin/env node
/**
 * `mc-coord`: how a worker tells Mission Control about its attempt. Agents call it many times, from shells of all
 * kinds, so it starts fast (no schema library, no command framework) and says in plain words what to do next.
 */
import { runCoord } from './coord/run-coord.ts';

const exitCode = await runCoord(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  readInput: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  },
  retryForMs: 15_000,
});
process.exitCode = exitCode;
