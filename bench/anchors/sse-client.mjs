// Many watchers of one server's event stream, in a process of their own: each event's way from the server's clock to here.
//   node sse-client.mjs URL TOKEN CLIENTS
// Prints a line when all are connected; at the end of its input what they heard.
import { request } from 'node:http';

const [, , url, token, wanted] = process.argv;
const clients = Number(wanted);
const latencies = [];
const heard = new Map();
let resets = 0;

await Promise.all(
  Array.from(
    { length: clients },
    (_, n) =>
      new Promise((resolve, reject) => {
        const sent = request(
          `${url}/api/v1/stream`,
          { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' }, agent: false },
          (response) => {
            if (response.statusCode !== 200) return reject(new Error(`stream ${response.statusCode}`));
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk) => {
              text += chunk;
              const now = Date.now();
              for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
                take(text.slice(0, at), n, now);
                text = text.slice(at + 2);
              }
            });
            return resolve();
          },
        );
        sent.on('error', reject);
        sent.end();
      }),
  ),
);

function take(frame, n, now) {
  if (frame.startsWith(':')) return;
  if (/^event: reset$/m.test(frame)) {
    resets += 1;
    return;
  }
  const at = /"at":"([^"]+)"/.exec(frame)?.[1];
  if (at === undefined) return;
  heard.set(n, (heard.get(n) ?? 0) + 1);
  // A tenth of them is enough to know the quantiles, and costs this process less.
  if (n % 10 === 0) latencies.push(now - Date.parse(at));
}

process.stdout.write('connected\n');
for await (const chunk of process.stdin) void chunk;
const counts = [...heard.values()];
process.stdout.write(
  `${JSON.stringify({ latencies, resets, least: Math.min(...counts), most: Math.max(...counts), silent: clients - heard.size })}\n`,
);
process.exit(0);
