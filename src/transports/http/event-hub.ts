/**
 * Server-sent events: ordered, unique, without gaps from `Last-Event-ID`, or an explicit `reset`.
 *
 * Each event is serialised once for all watchers. One after a pause is written at once, those that follow are gathered for a
 * few milliseconds; watchers of the same events share the bytes of one write. A watcher that does not read is not waited for: past a cap of buffered bytes it
 * gets `reset` and is closed, and resumes by itself from what it has.
 */
import type { ServerResponse } from 'node:http';
import type { Store, StoredEvent } from '../../store/port.ts';

export interface StreamFilter {
  ticket?: string | undefined;
  project?: string | undefined;
  /** Event types, or prefixes that end with a dot or `*`. */
  types?: string[] | undefined;
}

interface Watcher {
  response: ServerResponse;
  filter: StreamFilter;
  /** The last `seq` that was written or filtered out. */
  position: number;
  live: boolean;
  /** The last `seq` that was published while it was not live. */
  heard: number;
  pending: string[];
  mayRead: () => Promise<boolean>;
}

/** What follows an event within so long comes to its watchers in one write, which costs the same for one event as for ten. */
const GATHER_MS = 50;
const COMMENT_EVERY_MS = 15_000;
const MAX_BUFFERED_BYTES = 1_048_576;
const CATCH_UP_PAGE = 500;
/** Configured resources may hold what not every reader may see; their events say only what changed. */
const SHOWN_WHOLE = /^(ticket|attempt|question|evidence|waiver|inbox|alert|landing)\./;
const HIDDEN = /^token\./;

export function frameOf(event: StoredEvent): string {
  const data = {
    seq: event.seq,
    type: event.type,
    ticket: event.ticket,
    at: new Date(event.at).toISOString(),
    data: SHOWN_WHOLE.test(event.type)
      ? withoutDelivery(event.data)
      : { id: event.stream.slice(event.stream.indexOf(':') + 1) },
  };
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A delivery is its consumer's alone: whoever knows the id could act in its place. */
function withoutDelivery(data: unknown): unknown {
  const { deliveryId: _deliveryId, ...rest } = data as { deliveryId?: string };
  return rest;
}

export class EventHub {
  readonly #store: Store;
  readonly #watchers = new Set<Watcher>();
  #flushTimer: NodeJS.Timeout | null = null;
  /** By the monotonic clock. */
  #flushedAt = -GATHER_MS;
  readonly #commentTimer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;

  constructor(store: Store) {
    this.#store = store;
    this.#unsubscribe = store.subscribe((events) => this.#publish(events));
    this.#commentTimer = setInterval(() => this.#comment(), COMMENT_EVERY_MS);
    this.#commentTimer.unref();
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Takes over the response. @param lastEventId the last seq that the watcher has, or undefined for "from now on" */
  async watch(
    response: ServerResponse,
    filter: StreamFilter,
    lastEventId: string | undefined,
    mayRead: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<void> {
    // The end of the connection ends the stream: framing each write as a chunk would cost half as much again as the write.
    response.removeHeader('transfer-encoding');
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    response.write('retry: 2000\n: connected\n\n');
    const watcher: Watcher = { response, filter, position: 0, live: false, heard: 0, pending: [], mayRead };
    response.on('close', () => this.#watchers.delete(watcher));
    response.on('error', () => this.#watchers.delete(watcher));
    this.#watchers.add(watcher);
    try {
      await this.#begin(watcher, lastEventId);
    } catch (error) {
      // It would wait for ever for what nobody reads for it; connected again, it goes on from what it has.
      this.#watchers.delete(watcher);
      response.end();
      throw error;
    }
  }

  async #begin(watcher: Watcher, lastEventId: string | undefined): Promise<void> {
    const head = await this.#store.head();
    watcher.position = head.seq;
    const from = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : Number.NaN;
    if (from <= head.seq) watcher.position = from;
    // Not a position of this log: a restored or another installation. The watcher has to read everything anew.
    else if (lastEventId !== undefined)
      watcher.response.write(resetFrame(head.seq, 'the position is not one of this log'));
    watcher.live = watcher.position === head.seq && watcher.heard <= head.seq;
    if (!watcher.live) await this.#catchUp(watcher);
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#commentTimer);
    if (this.#flushTimer) clearTimeout(this.#flushTimer);
    for (const watcher of this.#watchers) watcher.response.end();
    this.#watchers.clear();
  }

  async #catchUp(watcher: Watcher): Promise<void> {
    while (this.#watchers.has(watcher)) {
      const events = await this.#store.eventsAfter(watcher.position, CATCH_UP_PAGE);
      for (const event of events) {
        if (matches(event, watcher.filter)) watcher.pending.push(frameOf(event));
        watcher.position = event.seq;
      }
      // What was published while the page was on its way may not be in it: then there is a page more.
      watcher.live = events.length < CATCH_UP_PAGE && watcher.heard <= watcher.position;
      this.#flush([watcher]);
      if (watcher.live) return;
      if (watcher.response.writableNeedDrain)
        await new Promise((resolve) => watcher.response.once('drain', resolve));
    }
  }

  #publish(events: readonly StoredEvent[]): void {
    if (this.#watchers.size === 0) return;
    // Revoking works at once, also for who is listening already.
    if (events.some((event) => HIDDEN.test(event.type))) void this.#dismiss();
    for (const event of events) {
      let frame: string | null = null;
      for (const watcher of this.#watchers) {
        if (!watcher.live) watcher.heard = event.seq;
        if (!watcher.live || event.seq <= watcher.position) continue;
        watcher.position = event.seq;
        if (!matches(event, watcher.filter)) continue;
        frame ??= frameOf(event);
        watcher.pending.push(frame);
      }
    }
    this.#flushTimer ??= setTimeout(
      () => {
        this.#flushTimer = null;
        this.#flushedAt = performance.now();
        this.#flush(this.#watchers);
      },
      Math.max(0, this.#flushedAt + GATHER_MS - performance.now()),
    );
  }

  #flush(watchers: Iterable<Watcher>): void {
    let last: { frames: readonly string[]; bytes: Buffer } | null = null;
    for (const watcher of watchers) {
      const frames = watcher.pending;
      if (frames.length === 0) continue;
      watcher.pending = [];
      if (last === null || !areTheSame(frames, last.frames))
        last = { frames, bytes: Buffer.from(frames.join('')) };
      this.#send(watcher, last.bytes);
    }
  }

  #send(watcher: Watcher, bytes: Buffer): void {
    if (watcher.response.writableLength + bytes.length > MAX_BUFFERED_BYTES) {
      watcher.response.end(resetFrame(watcher.position, 'the watcher reads too slowly'));
      this.#watchers.delete(watcher);
      return;
    }
    watcher.response.write(bytes);
  }

  async #dismiss(): Promise<void> {
    for (const watcher of Array.from(this.#watchers)) {
      if (await watcher.mayRead().catch(() => false)) continue;
      this.#watchers.delete(watcher);
      watcher.response.end();
    }
  }

  #comment(): void {
    void this.#dismiss();
    for (const watcher of this.#watchers) watcher.response.write(': still here\n\n');
  }
}

/** The frame of an event is made once: whoever has the same ones has the very same strings. */
function areTheSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((frame, n) => frame === others[n]);
}

function resetFrame(seq: number, reason: string): string {
  const data = { seq, type: 'reset', ticket: null, at: new Date().toISOString(), data: { reason } };
  return `id: ${seq}\nevent: reset\ndata: ${JSON.stringify(data)}\n\n`;
}

function matches(event: StoredEvent, filter: StreamFilter): boolean {
  if (HIDDEN.test(event.type)) return false;
  if (filter.ticket !== undefined && event.ticket !== filter.ticket) return false;
  if (filter.project !== undefined && event.project !== filter.project) return false;
  if (filter.types === undefined) return true;
  return filter.types.some(
    (type) => event.type === type || (/[.*]$/.test(type) && event.type.startsWith(type.replace(/\*$/, ''))),
  );
}
