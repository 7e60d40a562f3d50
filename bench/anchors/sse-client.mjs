// Many watchers of one server's event stream, in a process of their own: each event's way from the server's clock to here.
//   node sse-client.mjs URL PATH TOKEN CLIENTS
// Prints a line when all are connected; at the end of its input what they heard.
//
// A hundred thousand events a second arrive here, so that nothing is done for each that can be left: plain sockets that
// read into one buffer, no HTTP parser, and of a frame only where it ends and when it was made. How busy this process is
// itself is told with the rest: a client that cannot keep up measures itself.
import { once } from 'node:events';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const [, , url, path, token, wanted] = process.argv;
const clients = Number(wanted);
const { hostname, port, host } = new URL(url);
const MOST_MS = 60_000;
/** How many events took so many milliseconds. */
const took = new Uint32Array(MOST_MS + 1);
const heard = new Uint32Array(clients);
let resets = 0;

const STAMP = '"at":"';
const STAMP_LENGTH = '2026-01-01T00:00:00.000Z'.length;
/** The same event comes to every watcher: its time is read once. */
let lastStamp = '';
let lastAt = 0;

/** @returns what is left of the text behind its last whole frame */
function take(text, n, now) {
  let from = 0;
  for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n', from)) {
    const stamp = text.indexOf(STAMP, from);
    if (stamp >= 0 && stamp < end) {
      const at = text.slice(stamp + STAMP.length, stamp + STAMP.length + STAMP_LENGTH);
      if (at !== lastStamp) {
        lastStamp = at;
        lastAt = Date.parse(at);
      }
      if (text.startsWith('reset\n', text.indexOf('event: ', from) + 7)) resets += 1;
      else {
        heard[n] += 1;
        took[Math.min(MOST_MS, Math.max(0, now - lastAt))] += 1;
      }
    }
    from = end + 2;
  }
  return text.slice(from);
}

const buffer = Buffer.allocUnsafe(1 << 18);

/** Resolves with the first bytes of the stream itself. */
const watch = (n) =>
  new Promise((resolve, reject) => {
    let rest = '';
    let isOpen = false;
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback(length) {
          rest += buffer.latin1Slice(0, length);
          if (!isOpen) {
            const end = rest.indexOf('\r\n\r\n');
            if (end < 0) return true;
            if (!rest.startsWith('HTTP/1.1 200 ')) reject(new Error(`stream: ${rest.slice(0, 100)}`));
            isOpen = true;
            rest = rest.slice(end + 4);
            resolve();
          }
          rest = take(rest, n, Date.now());
          return true;
        },
      },
    });
    socket.on('error', reject);
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`,
    );
  });

for (let opened = 0; opened < clients; opened += 100)
  await Promise.all(Array.from({ length: Math.min(100, clients - opened) }, (_, i) => watch(opened + i)));

const delay = monitorEventLoopDelay({ resolution: 2 });
delay.enable();
const [started, before] = [performance.now(), process.cpuUsage()];
process.stdout.write('connected\n');
process.stdin.resume();
await once(process.stdin, 'end');
const used = process.cpuUsage(before);
const answer = {
  /** Pairs: milliseconds, and how many events took them. */
  took: Array.from(took.entries()).filter(([, count]) => count > 0),
  resets,
  least: Math.min(...heard),
  most: Math.max(...heard),
  silent: heard.filter((count) => count === 0).length,
  cpu: (used.user + used.system) / 10 / (performance.now() - started),
  delayMs: delay.percentile(99) / 1e6,
};
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
