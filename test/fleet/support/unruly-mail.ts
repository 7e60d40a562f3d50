/**
 * A way between a runner and its server that treats messages as the post sometimes does: lost, delivered twice, late and
 * out of order, and an old one again long after. Which, a seed decides.
 */
import { type IncomingHttpHeaders, type Server, createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Message {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export class UnrulyMail {
  readonly #server: Server;
  readonly #target: () => string;
  readonly #timers = new Set<NodeJS.Timeout>();
  #state: number;
  readonly did = { lost: 0, unanswered: 0, doubled: 0, late: 0, again: 0 };
  isCalm = false;

  private constructor(target: () => string, seed: number) {
    this.#target = target;
    this.#state = seed || 1;
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method = 'GET', url = '/', headers } = request;
        const message = { method, url, headers, body: Buffer.concat(parts) };
        this.#carry(message).then(
          (answer) => {
            if (answer === null) request.socket.destroy();
            else {
              response.writeHead(answer.status, answer.headers);
              response.end(answer.body);
            }
          },
          () => request.socket.destroy(),
        );
      });
    });
  }

  static async open(target: () => string, seed: number): Promise<UnrulyMail> {
    const mail = new UnrulyMail(target, seed);
    await new Promise<void>((resolve) => mail.#server.listen(0, '127.0.0.1', resolve));
    return mail;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #carry(message: Message): Promise<Answer | null> {
    if (this.isCalm || message.method !== 'POST') return this.#deliver(message);
    const chance = this.#chance();
    if (chance < 0.06) {
      this.did.lost += 1;
      return null;
    }
    if (chance < 0.12) {
      this.did.unanswered += 1;
      await this.#deliver(message);
      return null;
    }
    if (chance < 0.2) {
      this.did.doubled += 1;
      const [, second] = await Promise.all([this.#deliver(message), this.#deliver(message)]);
      return second;
    }
    if (chance < 0.3) {
      // Overtaken by whatever is sent meanwhile.
      this.did.late += 1;
      await new Promise((resolve) => setTimeout(resolve, 1500 * this.#chance()));
    }
    if (chance > 0.9) {
      this.did.again += 1;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#deliver(message).catch(() => undefined);
      }, 8000 * this.#chance());
      this.#timers.add(timer);
    }
    return this.#deliver(message);
  }

  #deliver({ method, url, headers, body }: Message): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onward = forward(new URL(url, this.#target()), { method, headers, agent: false }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(parts) }),
        );
        answer.on('error', reject);
      });
      onward.once('error', reject);
      onward.end(body);
    });
  }

  #chance(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
