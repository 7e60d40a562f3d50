// The anchor of what goes over HTTP: Fastify with a compare-and-swap and an event, on the driver that we use, WAL and FULL.
// What arrives in one turn of the event loop is one transaction (`group`), or each is one of its own (`each`).
//   node fastify-cas.mjs group|each
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import Fastify from 'fastify';

const folder = mkdtempSync(join(tmpdir(), 'mc-bench-fastify-'));
const db = new DatabaseSync(join(folder, 'anchor.db'));
db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000;
  create table ticket (id integer primary key, project integer not null, state text not null, priority integer not null,
    version integer not null, fence integer not null, assignee text, title text not null, body text not null,
    updated_at integer not null);
  create index ticket_ready on ticket (state, priority, id);
  create table event (seq integer primary key, ticket integer not null, version integer not null, kind text not null,
    data text not null, at integer not null);
  create index event_ticket on event (ticket, seq);`);
const add = db.prepare(`insert into ticket values (?, ?, 'todo', ?, 1, 0, null, ?, ?, 0)`);
db.exec('begin');
for (let id = 1; id <= 10_000; id += 1) add.run(id, id % 10, id % 5, `Ticket number ${id}`, 'x'.repeat(500));
db.exec('commit');
const begin = db.prepare('begin immediate');
const commit = db.prepare('commit');
const swap = db.prepare(
  'update ticket set state = ?, version = version + 1, updated_at = ? where id = ? and version = ?',
);
const note = db.prepare('insert into event (ticket, version, kind, data, at) values (?, ?, ?, ?, ?)');
const read = db.prepare('select id, state, version, title, updated_at from ticket where id = ?');
const DATA = JSON.stringify({ from: 'todo', to: 'backlog', actor: 'bench', note: 'x'.repeat(60) });

function change({ id, version, state }) {
  if (swap.run(state, Date.now(), id, version).changes !== 1) return { conflict: true };
  note.run(id, version + 1, 'transition', DATA, Date.now());
  return read.get(id);
}
let pending = [];
function flush() {
  const batch = pending;
  pending = [];
  begin.run();
  const answers = batch.map(({ command }) => change(command));
  commit.run();
  for (const [i, { resolve }] of batch.entries()) resolve(answers[i]);
}
const commits = {
  group: (command) =>
    new Promise((resolve) => {
      if (pending.push({ command, resolve }) === 1) setImmediate(flush);
    }),
  each: (command) => {
    begin.run();
    const answer = change(command);
    commit.run();
    return answer;
  },
}[process.argv[2] ?? 'group'];

const app = Fastify();
app.get('/tickets/:id', async (request) => read.get(Number(request.params.id)));
app.post('/tickets/:id/transitions', async (request) =>
  commits({ id: Number(request.params.id), version: request.body.version, state: request.body.state }),
);
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${app.server.address().port}` })}\n`);
process.on('SIGTERM', () => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
