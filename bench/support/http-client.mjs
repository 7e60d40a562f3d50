// Requests over connections that are kept, with as little around them as Node allows: the client shares the machine.
import { Agent, request } from 'node:http';

/** @returns `call(method, path, body?, headers?)`, which answers status, headers and the parsed body */
export function openClient(url, { connections, token }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(url);
  const call = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const sent = request(
        {
          agent,
          hostname,
          port,
          method,
          path,
          headers: {
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            ...headers,
          },
        },
        (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => {
            const raw = Buffer.concat(chunks);
            if (response.statusCode >= 300)
              return reject(
                new Error(`${method} ${path}: ${response.statusCode} ${raw.toString().slice(0, 300)}`),
              );
            return resolve({
              status: response.statusCode,
              headers: response.headers,
              bytes: raw.length,
              body: raw.length === 0 ? undefined : JSON.parse(raw.toString()),
            });
          });
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  return { call, close: () => agent.destroy() };
}
