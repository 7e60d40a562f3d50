/**
 * A way between two processes that fails as networks do. Bytes are all it knows, so HTTP, event streams and PostgreSQL
 * fail alike. What is left to chance comes from a seed.
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';

/**
 * - `open`: bytes pass
 * - `cut`: connections end, and new ones are refused
 * - `deaf`: what this end sends arrives, and no answer comes back
 * - `mute`: what this end sends is lost
 * - `half-open`: connections stand, new ones too, and nothing passes either way
 * - `forgotten`: connections that stand now carry nothing any more, either way, and neither end hears of it; new ones pass
 * - `forgotten-answers`: likewise, but what this end sends on them still arrives
 * - `slow`: a few hundred bytes at a time, each late
 * - `flapping`: cut and open by turns
 */
export type Weather =
  | 'open'
  | 'cut'
  | 'deaf'
  | 'mute'
  | 'half-open'
  | 'forgotten'
  | 'forgotten-answers'
  | 'slow'
  | 'flapping';

interface Pair {
  near: Socket;
  far: Socket;
  forgotten: 'forgotten' | 'forgotten-answers' | null;
}

const SLOW_BYTES = 400;
const SLOW_MS = 25;

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #target: () => { host: string; port: number };
  #weather: Weather = 'open';
  #flap: NodeJS.Timeout | undefined;
  #state: number;
  /** What was lost or ended, so that a test can tell that its weather was felt. */
  lost = 0;

  private constructor(target: () => { host: string; port: number }, seed: number) {
    this.#target = target;
    this.#state = seed || 1;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near));
  }

  static async open(target: () => string, seed = 1): Promise<TcpProxy> {
    const proxy = new TcpProxy(() => {
      const { hostname, port } = new URL(target());
      return { host: hostname, port: Number(port) };
    }, seed);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** The same address, by way of this. */
  through(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href;
  }

  set weather(weather: Weather) {
    clearTimeout(this.#flap);
    this.#weather = weather;
    if (weather === 'forgotten' || weather === 'forgotten-answers')
      for (const pair of this.#pairs) pair.forgotten ??= weather;
    else if (weather === 'flapping') this.#turn('cut');
    else if (weather === 'cut') this.#endAll();
    // What was swallowed does not come again: these connections are of no use to either end any more.
    else if (weather === 'open') this.#endAll();
  }

  get weather(): Weather {
    return this.#weather;
  }

  #turn(to: 'cut' | 'open'): void {
    this.#isUp = to === 'open';
    if (to === 'cut') this.#endAll();
    const ms = 100 + 900 * this.#chance();
    this.#flap = setTimeout(() => this.#turn(to === 'cut' ? 'open' : 'cut'), ms);
  }
  #isUp = true;

  #isCut(): boolean {
    return this.#weather === 'cut' || (this.#weather === 'flapping' && !this.#isUp);
  }

  #accept(near: Socket): void {
    near.on('error', () => near.destroy());
    if (this.#isCut()) {
      this.lost += 1;
      near.destroy();
      return;
    }
    const far = connect(this.#target());
    const pair: Pair = { near, far, forgotten: null };
    this.#pairs.add(pair);
    const end = (): void => {
      // Nobody hears of it.
      if (pair.forgotten !== null) return;
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    far.on('error', end);
    near.on('close', end);
    far.on('close', end);
    near.on('data', (data) => this.#pass(data, pair, 'up'));
    far.on('data', (data) => this.#pass(data, pair, 'down'));
    near.on('end', () => {
      if (pair.forgotten === null) far.end();
    });
    far.on('end', () => {
      if (pair.forgotten === null) near.end();
    });
  }

  #pass(data: Buffer, { near, far, forgotten }: Pair, way: 'up' | 'down'): void {
    const weather = this.#weather;
    const to = way === 'up' ? far : near;
    const isLost =
      weather === 'half-open' ||
      (weather === 'deaf' && way === 'down') ||
      (weather === 'mute' && way === 'up') ||
      forgotten === 'forgotten' ||
      (forgotten === 'forgotten-answers' && way === 'down');
    if (isLost) this.lost += 1;
    else if (weather === 'slow') this.#trickle(data, to);
    else to.write(data);
  }

  /** In order: what comes later waits for what came before. */
  readonly #queues = new Map<Socket, Promise<void>>();
  #trickle(data: Buffer, to: Socket): void {
    this.lost += 1;
    const before = this.#queues.get(to) ?? Promise.resolve();
    const run = before.then(async () => {
      for (let at = 0; at < data.length && !to.destroyed; at += SLOW_BYTES) {
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS * (0.5 + this.#chance())));
        to.write(data.subarray(at, at + SLOW_BYTES));
      }
    });
    this.#queues.set(to, run);
  }

  #endAll(): void {
    this.lost += this.#pairs.size;
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  /** Marsaglia's xorshift: the same seed, the same weather. */
  #chance(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  async close(): Promise<void> {
    clearTimeout(this.#flap);
    this.#endAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
