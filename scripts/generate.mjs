// Writes the pages that are made from the code: docs/errors.md from the error catalogue, docs/states.md from the
// transition table. `--check` writes nothing and fails when a page differs from what the code says.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const load = async (path) =>
  (await runnerImport(join(root, path), { root, configFile: false, logLevel: 'error' })).module;
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells) => `| ${cells.map(cell).join(' | ')} |`;
const code = (word) => `\`${word}\``;

/** The catalogue, by status and then as it stands in the code. */
async function errorsPage() {
  const { ERRORS } = await load('src/contract/errors.ts');
  const entries = Object.entries(ERRORS).sort(([, a], [, b]) => a.status - b.status);
  return [
    '# Errors',
    '',
    '<!-- Generated from src/contract/errors.ts by `npm run generate`. Change that, not this. -->',
    '',
    'Every refusal is `application/problem+json` (RFC 9457) with one of these codes. A code is stable: write programs',
    'against the code, show people the title, the detail and the advice. *Again* says whether sending the very same',
    'request, with the same `Idempotency-Key`, can succeed later.',
    '',
    row('Status', 'Code', 'Title', 'What to do', 'Again'),
    '|---|---|---|---|---|',
    ...entries.map(([name, entry]) =>
      row(entry.status, code(name), entry.title, entry.advice, entry.retryable ? 'yes' : 'no'),
    ),
    '',
  ].join('\n');
}

/** The state chart and the table under it. A ticket is made in `backlog` or `todo`, and ends in `done` or `cancelled`. */
async function statesPage() {
  const { TRANSITION_TABLE } = await load('src/domain/ticket/transitions.ts');
  const { TICKET_STATUSES } = await load('src/domain/words.ts');
  const edges = new Map();
  for (const { transition, from, to } of TRANSITION_TABLE) {
    for (const status of from) {
      const edge = `${status} --> ${to}`;
      edges.set(edge, [...(edges.get(edge) ?? []), transition]);
    }
  }
  const unknown = TRANSITION_TABLE.flatMap(({ from, to }) => [...from, to]).filter(
    (status) => !TICKET_STATUSES.includes(status),
  );
  if (unknown.length > 0) throw new Error(`The transition table names unknown states: ${unknown.join(', ')}`);
  return [
    '# The states of a ticket',
    '',
    '<!-- Generated from src/domain/ticket/transitions.ts by `npm run generate`. Change that, not this. -->',
    '',
    'Nothing else in the system changes the status of a ticket.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '    [*] --> backlog',
    '    [*] --> todo',
    ...[...edges].map(([edge, names]) => `    ${edge}: ${names.join(', ')}`),
    '    done --> [*]',
    '    cancelled --> [*]',
    '```',
    '',
    row('Transition', 'From', 'To', 'Who may', 'Guard'),
    '|---|---|---|---|---|',
    ...TRANSITION_TABLE.map((line) =>
      row(
        code(line.transition),
        line.from.map(code).join(', '),
        code(line.to),
        line.by.map((who) => who.replaceAll('_', ' ')).join(', '),
        line.guard,
      ),
    ),
    '',
  ].join('\n');
}

const checking = process.argv.includes('--check');
const stale = [];
for (const [path, write] of [
  ['docs/errors.md', errorsPage],
  ['docs/states.md', statesPage],
]) {
  const text = await write();
  const file = join(root, path);
  const old = existsSync(file) ? readFileSync(file, 'utf8') : null;
  if (old === text) continue;
  if (checking) {
    stale.push(path);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stderr.write(`Wrote ${relative(root, file)}\n`);
}
if (stale.length > 0) {
  process.stderr.write(`${stale.join(' and ')} differ from the code. Run: npm run generate\n`);
  process.exit(1);
}
process.stdout.write('Generated pages are up to date\n');
