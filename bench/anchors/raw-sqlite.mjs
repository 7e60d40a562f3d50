// The limit on SQLite: a compare-and-swap and an event in one transaction, on the driver that we use, WAL and FULL, with
// nothing around it: no policy, no chain, no rows, no fold. A ticket has a text of 500 bytes, and its events are found by it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

const DATA = JSON.stringify({ from: 'ready', to: 'running', actor: 'dispatcher', note: 'x'.repeat(60) });

/** @returns the anchors on a table with that many tickets */
export function openRawSqlite(tickets) {
  const folder = mkdtempSync(join(tmpdir(), 'mc-bench-raw-'));
  const db = new DatabaseSync(join(folder, 'raw.db'));
  db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 4000;
    pragma cache_size = -65536; pragma temp_store = memory;
    create table ticket (id integer primary key, project integer not null, state text not null, priority integer not null,
      version integer not null, fence integer not null, assignee text, title text not null, body text not null,
      updated_at integer not null);
    create index ticket_ready on ticket (state, priority, id);
    create table event (seq integer primary key, ticket integer not null, version integer not null, kind text not null,
      data text not null, at integer not null);
    create index event_ticket on event (ticket, seq);`);
  const add = db.prepare('insert into ticket values (?, ?, ?, ?, 1, 0, null, ?, ?, ?)');
  db.exec('begin');
  for (let id = 1; id <= tickets; id += 1)
    add.run(id, id % 10, 'ready', id % 5, `Ticket number ${id}`, 'x'.repeat(500), Date.now());
  db.exec('commit; pragma wal_checkpoint(truncate)');
  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  const pick = db.prepare(
    `select id, version from ticket where state = 'ready' order by priority, id limit 1`,
  );
  const swap = db.prepare(
    'update ticket set state = ?, version = version + 1, fence = fence + 1, assignee = ?, updated_at = ? where id = ? and version = ?',
  );
  const note = db.prepare('insert into event (ticket, version, kind, data, at) values (?, ?, ?, ?, ?)');
  const read = db.prepare('select version from ticket where id = ?');
  const step = (id, version, state) => {
    if (swap.run(state, 'agent', Date.now(), id, version).changes !== 1) throw new Error('a conflict');
    note.run(id, version + 1, 'transition', DATA, Date.now());
  };
  let at = 0;
  return {
    /** One claim at a time, each in a transaction of its own. */
    claim(count) {
      for (let n = 0; n < count; n += 1) {
        begin.run();
        const { id, version } = pick.get();
        step(id, version, 'running');
        commit.run();
      }
    },
    /** Transitions, that many in one transaction. */
    transitions(count, batch) {
      for (let n = 0; n < count; n += batch) {
        begin.run();
        for (let i = 0; i < batch; i += 1) {
          at = (at % tickets) + 1;
          const { version } = read.get(at);
          step(at, version, version % 2 === 1 ? 'backlog' : 'ready');
        }
        commit.run();
      }
    },
    close() {
      db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
