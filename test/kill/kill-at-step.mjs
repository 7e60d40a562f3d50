// Ends its process as kill -9 does, right before a step that others could see: a statement of SQLite, what is sent to a
// database, a file that is renamed or removed. MC_TEST_KILL_AT says which: the N-th, or the first that holds this text.
// MC_TEST_STEPS names a file that is told how many there were.
import fs from 'node:fs';
import Module, { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const at = process.env.MC_TEST_KILL_AT ?? '0';
let steps = 0;
const step = (text) => {
  steps += 1;
  const isIt = /^\d+$/.test(at) ? steps === Number(at) : String(text).includes(at);
  if (isIt) process.kill(process.pid, 'SIGKILL');
};
const told = process.env.MC_TEST_STEPS;
if (told) process.on('exit', () => fs.writeFileSync(told, String(steps)));

const write = Reflect.get(net.Socket.prototype, 'write');
net.Socket.prototype.write = function (...args) {
  step(args[0]);
  return write.apply(this, args);
};
for (const name of ['renameSync', 'rmSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    step(args.join(' '));
    return original(...args);
  };
}
syncBuiltinESMExports();

const load = Module._load;
Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request !== 'node:sqlite' && request !== '@photostructure/sqlite') return loaded;
  return {
    DatabaseSync: class extends loaded.DatabaseSync {
      exec(sql) {
        step(sql);
        return super.exec(sql);
      }
      prepare(sql) {
        const statement = super.prepare(sql);
        return {
          all: (...params) => statement.all(...params),
          run: (...params) => {
            step(`${sql} ${params.join(' ')}`);
            return statement.run(...params);
          },
        };
      }
    },
  };
};
