/**
 * Committed events to this server's subscribers, in `seq` order, each once, whoever wrote them. What this server writes
 * is passed on at once if it comes next; all else is read from the log: `seq` has no gaps, so reading on from the last
 * one misses nothing. NOTIFY says when to look, and a look now and then stands in for a notification that got lost.
 */
import pg from 'pg';
import type { StoredEvent } from '../port.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import { LOCK_SERVED } from './dialect.ts';

interface PublisherOptions {
  config: pg.ClientConfig;
  watch: ConnectionWatch;
  channel: string;
  head: number;
  pollMs: number;
  read: (after: number, limit: number) => Promise<StoredEvent[]>;
}

const PAGE = 500;
const RECONNECT_MS = 500;
/** Whoever only listens would not find out that nothing arrives any more; it asks, and the watch sees no answer. */
const ASK_MS = 3000;
const GOODBYE_MS = 1000;

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>();
  readonly #poll: NodeJS.Timeout;
  readonly #ask: NodeJS.Timeout;
  #published: number;
  #reading: Promise<void> | null = null;
  #readAgain = false;
  #client: pg.Client | null = null;
  #isAsking = false;
  #reconnect: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#published = options.head;
    this.#poll = setInterval(() => this.#readOn(), options.pollMs);
    this.#poll.unref();
    this.#ask = setInterval(() => this.#askWhether(), ASK_MS);
    this.#ask.unref();
  }

  subscribe(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** This server has committed these. */
  publish(events: readonly StoredEvent[]): void {
    const first = events[0];
    if (first === undefined) return;
    if (first.seq > this.#published + 1) this.#readOn();
    else this.#passOn(events);
  }

  async listen(): Promise<void> {
    if (this.#closed) return;
    // It waits for hours: no limit on a query is of use here.
    const client = new pg.Client({ ...this.#options.config, query_timeout: 0 });
    const lost = (): void => {
      if (this.#client !== client) return;
      this.#client = null;
      if (!this.#closed) this.#reconnectLater();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => {
      if (Number(payload) > this.#published) this.#readOn();
    });
    this.#client = client;
    this.#isAsking = true;
    try {
      await client.connect();
      await this.#options.watch.add(client);
      await client.query(LOCK_SERVED);
      await client.query(`listen "${this.#options.channel}"`);
      this.#isAsking = false;
    } catch {
      lost();
      await client.end().catch(() => undefined);
      return;
    }
    // It was closed while it connected.
    if (this.#closed) await client.end().catch(() => undefined);
    this.#readOn();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearInterval(this.#ask);
    if (this.#reconnect) clearTimeout(this.#reconnect);
    const client = this.#client;
    this.#client = null;
    // On a connection that the network has forgotten nobody answers the goodbye.
    const gone = setTimeout(() => client?.connection.stream.destroy(), GOODBYE_MS);
    await client?.end().catch(() => undefined);
    clearTimeout(gone);
    await this.#reading;
  }

  #askWhether(): void {
    const client = this.#client;
    if (client === null || this.#isAsking) return;
    this.#isAsking = true;
    const answered = (): void => {
      if (this.#client === client) this.#isAsking = false;
    };
    client.query('select 1').then(answered, answered);
  }

  #reconnectLater(): void {
    this.#reconnect = setTimeout(() => void this.listen(), RECONNECT_MS);
    this.#reconnect.unref();
  }

  #passOn(events: readonly StoredEvent[]): void {
    const next = events.filter((event) => event.seq > this.#published);
    const last = next.at(-1);
    if (last === undefined) return;
    this.#published = last.seq;
    for (const listener of this.#listeners) listener(next);
  }

  #readOn(): void {
    if (this.#closed) return;
    if (this.#reading) this.#readAgain = true;
    else this.#reading = this.#readAll();
  }

  async #readAll(): Promise<void> {
    try {
      let full = true;
      while ((full || this.#readAgain) && !this.#closed) {
        this.#readAgain = false;
        const events = await this.#options.read(this.#published, PAGE);
        full = events.length === PAGE;
        this.#passOn(events);
      }
    } catch {
      // The database is away; the next look reads on from the same event.
    } finally {
      this.#reading = null;
    }
  }
}
