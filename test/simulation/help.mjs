// What a search says for --help: the lines at its head, where each way of starting it is written down once.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @param url of the module that was started; ends the process where help was asked for */
export function helpIfAsked(url) {
  if (!process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) return;
  const lines = readFileSync(fileURLToPath(url), 'utf8').split('\n');
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  process.stdout.write(`${head.map((line) => line.replace(/^\/\/ ?/, '')).join('\n')}\n`);
  process.exit(0);
}
