// The anchor of the event stream: plain node:http, nothing stored and nothing asked. What is posted goes to all watchers,
// with what else was posted in the same time, as one write each.
//   node sse-server.mjs
import { createServer } from 'node:http';

/** As long as the server that is measured gathers. */
const GATHER_MS = 50;
const watchers = new Set();
const TEXT = 'x'.repeat(60);
let seq = 0;
let pending = '';
let timer = null;

function say() {
  seq += 1;
  const data = {
    seq,
    type: 'ticket.changed',
    ticket: 'B-1',
    at: new Date().toISOString(),
    data: { note: TEXT },
  };
  pending += `id: ${seq}\nevent: ticket.changed\ndata: ${JSON.stringify(data)}\n\n`;
  timer ??= setTimeout(() => {
    const text = pending;
    pending = '';
    timer = null;
    for (const watcher of watchers) watcher.write(text);
  }, GATHER_MS);
}

const server = createServer((request, response) => {
  if (request.method === 'POST') {
    request.resume();
    say();
    return response.writeHead(204).end();
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': connected\n\n');
  watchers.add(response);
  return response.on('close', () => watchers.delete(response));
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })}\n`),
);
