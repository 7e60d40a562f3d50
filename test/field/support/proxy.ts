/** A network between a runner and the server that loses what a test wants lost: the request, or only its answer. */
import { type IncomingMessage, type Server, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fate = 'deliver' | 'lose request' | 'lose answer';

export class LossyNetwork {
  readonly url: string;
  /** What was lost, as `METHOD path`. */
  readonly lost: string[] = [];
  fate: (method: string, path: string) => Fate = () => 'deliver';
  target = '';
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  get host(): string {
    return new URL(this.url).host;
  }

  static async open(): Promise<LossyNetwork> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const network = new LossyNetwork(server);
    server.on('request', (request: IncomingMessage, response) => {
      const { method = 'GET', url = '/', headers } = request;
      const fate = network.fate(method, url);
      if (fate !== 'deliver') network.lost.push(`${method} ${url}`);
      if (fate === 'lose request') {
        request.socket.destroy();
        return;
      }
      const onward = forward(new URL(url, network.target), { method, headers }, (answer) => {
        if (fate === 'lose answer') {
          answer.resume();
          answer.once('end', () => request.socket.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.once('error', () => request.socket.destroy());
      request.pipe(onward);
    });
    return network;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
