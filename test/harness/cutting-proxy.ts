/**
 * A way to PostgreSQL that is cut at a COMMIT: before it arrives, or after it was done and before its answer; or that
 * swallows it, with all that comes after it, as if this end had stopped there.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

type Cut = 'before' | 'after' | 'stalled';

export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | null = null;
  cuts = 0;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      const end = (): void => {
        near.destroy();
        far.destroy();
      };
      let answerLost = false;
      let stalled = false;
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', end);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          end();
        });
      }
      near.on('data', (data) => {
        if (this.#cut !== null && data.includes('; commit')) {
          answerLost = this.#cut === 'after';
          stalled = this.#cut === 'stalled';
          this.#cut = null;
          this.cuts += 1;
          if (!answerLost && !stalled) {
            end();
            return;
          }
        }
        if (!stalled) far.write(data);
      });
      far.on('data', (data) => {
        // The database answers when the commit is on its disk: it is done, and nobody here hears of it.
        if (answerLost) end();
        else near.write(data);
      });
    });
    this.#server.listen({ host: '127.0.0.1', port: 0 });
  }

  static async to(url: string): Promise<{ proxy: CuttingProxy; url: string }> {
    const address = new URL(url);
    const proxy = new CuttingProxy(Number(address.port));
    await new Promise((resolve) => proxy.#server.once('listening', resolve));
    address.port = String((proxy.#server.address() as AddressInfo).port);
    return { proxy, url: address.href };
  }

  cutNextCommit(when: Cut): void {
    this.#cut = when;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
