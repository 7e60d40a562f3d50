/**
 * Brings the output of one attempt (or of one check) to the server: tails the files that the keeper writes, in batches
 * of at most 64 KiB, each with a sequence number.
 *
 * Exactly once, across restarts and lost answers: before a batch is sent, its number and its byte ranges are written
 * to the cursor file; a later life reads the same bytes again and sends the same batch under the same number. The
 * files are the buffer, so a slow or absent server costs disk (at most the cap), not memory, and blocks nobody.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import type { OutputItem } from '../../contract/shapes.ts';
import { readJsonFile, writeFileAtomically } from '../atomic-file.ts';
import { type Clock, sleep } from '../clock.ts';
import { decodeOutput, safeLength, type Secret } from './output-chunk.ts';

/** Room for a million lines of an agent that says much. */
export const OUTPUT_CAP_BYTES = 64 * 1024 * 1024;
const BATCH_BYTES = 65_536;
const IDLE_MS = 100;

export interface OutputSource {
  stream: string;
  path: string;
  /** Its growth does not count as one: a log of retries is no sign of life. */
  isNoSign?: boolean;
}

interface Range {
  stream: string;
  from: number;
  to: number;
}

interface Cursor {
  nextSeq: number;
  offsets: Record<string, number>;
  isTruncated: boolean;
  /** Sent, and not known to be answered. */
  pending: { at: string; ranges: Range[]; marker: boolean } | null;
}

export type SendResult = 'sent' | 'retry' | 'refused';

export interface OutputPumpOptions {
  sources: OutputSource[];
  cursor: string;
  secrets: Secret[];
  clock: Clock;
  send: (items: OutputItem[]) => Promise<SendResult>;
  capBytes?: number;
  /** Where numbering starts when there is no cursor file. */
  firstSeq?: number;
}

export class OutputPump {
  readonly #options: OutputPumpOptions;
  readonly #cap: number;
  #cursor: Cursor;
  #isLast = false;
  #isRefused = false;
  #stopped = new AbortController();
  #loop: Promise<void> | undefined;
  #sizes = new Map<string, number>();
  /** When output last grew, by the monotonic clock. */
  lastGrowth: number;

  constructor(options: OutputPumpOptions) {
    this.#options = options;
    this.#cap = options.capBytes ?? OUTPUT_CAP_BYTES;
    this.#cursor = readJsonFile<Cursor>(options.cursor) ?? {
      nextSeq: options.firstSeq ?? 1,
      offsets: {},
      isTruncated: false,
      pending: null,
    };
    this.lastGrowth = options.clock.monotonic();
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** What was written and not yet answered for, in bytes. */
  get backlog(): number {
    let bytes = 0;
    for (const source of this.#options.sources) {
      bytes += Math.max(
        0,
        Math.min(sizeOf(source.path), this.#cap) - (this.#cursor.offsets[source.stream] ?? 0),
      );
    }
    return this.#cursor.isTruncated ? 0 : bytes;
  }

  /** Everything has been written: sends the rest, for at most `limitMs`. @returns whether all was delivered */
  async finish(limitMs: number): Promise<boolean> {
    this.#isLast = true;
    this.start();
    const cancel = this.#options.clock.setTimer(limitMs, () => this.#stopped.abort());
    await this.#loop;
    cancel();
    return this.#isRefused || (this.backlog === 0 && this.#cursor.pending === null);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    // Watching goes on while a send waits for the server: a flood is cut and growth is seen in any case.
    const watching = this.#isLast ? Promise.resolve() : this.#watch(signal);
    let waitMs = 0;
    while (!signal.aborted) {
      const isLast = this.#isLast;
      const result = this.#isRefused ? 'idle' : await this.#step();
      if (result === 'refused') this.#isRefused = true;
      if ((result === 'idle' || this.#isRefused) && isLast) break;
      waitMs = result === 'sent' ? 0 : result === 'retry' ? Math.min(2000, waitMs * 2 + 100) : IDLE_MS;
      if (waitMs > 0) await sleep(this.#options.clock, waitMs, signal);
    }
    this.#stopped.abort();
    await watching;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.look();
      await sleep(this.#options.clock, IDLE_MS, signal);
    }
  }

  /** Notes growth, and cuts what is beyond the cap: it would never be sent, and must not fill the disk. */
  look(): void {
    for (const { stream, path, isNoSign } of this.#options.sources) {
      const size = sizeOf(path);
      if (isNoSign !== true && size !== (this.#sizes.get(stream) ?? this.#cursor.offsets[stream] ?? 0)) {
        this.lastGrowth = this.#options.clock.monotonic();
      }
      this.#sizes.set(stream, Math.min(size, this.#cap + 1));
      // One byte more than the cap stays, so that it shows that there was more. Writers append, so this is safe.
      if (size > this.#cap + 1) truncateSync(path, this.#cap + 1);
    }
  }

  async #step(): Promise<SendResult | 'idle'> {
    const pending = this.#cursor.pending ?? this.#plan();
    if (!pending) return 'idle';
    if (!this.#cursor.pending) this.#save({ ...this.#cursor, pending });
    const items: OutputItem[] = [];
    let seq = this.#cursor.nextSeq;
    for (const range of pending.ranges) {
      const text = decodeOutput(this.#read(range), this.#options.secrets);
      if (text !== '') items.push({ seq: seq++, at: pending.at, stream: range.stream, text });
    }
    if (pending.marker) {
      const text = `[output truncated: the first ${formatBytes(this.#cap)} are kept]\n`;
      items.push({ seq: seq++, at: pending.at, stream: 'runner', text });
    }
    const result = items.length === 0 ? 'sent' : await this.#options.send(items);
    if (result !== 'sent') return result;
    const offsets = { ...this.#cursor.offsets };
    for (const range of pending.ranges) offsets[range.stream] = range.to;
    this.#save({
      nextSeq: seq,
      offsets,
      isTruncated: this.#cursor.isTruncated || pending.marker,
      pending: null,
    });
    return 'sent';
  }

  /** The next ranges that may be sent, at most one batch; null when there is nothing (more) to send. */
  #plan(): Cursor['pending'] {
    if (this.#cursor.isTruncated) return null;
    const { sources, secrets, clock } = this.#options;
    const consumed = Object.values(this.#cursor.offsets).reduce((sum, offset) => sum + offset, 0);
    let room = this.#cap - consumed;
    let budget = BATCH_BYTES;
    const ranges: Range[] = [];
    let isOver = false;
    for (const { stream, path } of sources) {
      const from = this.#cursor.offsets[stream] ?? 0;
      const size = sizeOf(path);
      if (size <= from) continue;
      const wanted = Math.min(size - from, budget);
      if (wanted > room) isOver = true;
      const buffer = this.#read({ stream, from, to: from + Math.min(wanted, room) });
      const isEnd = (this.#isLast && from + buffer.length >= size) || wanted > room;
      const length = safeLength(buffer, secrets, isEnd);
      if (length > 0) ranges.push({ stream, from, to: from + length });
      room -= length;
      budget -= length;
      if (budget <= 0) break;
    }
    if (ranges.length === 0 && !isOver) return null;
    return { at: new Date(clock.now()).toISOString(), ranges, marker: isOver };
  }

  #read({ stream, from, to }: Range): Buffer {
    const path = this.#options.sources.find((source) => source.stream === stream)?.path;
    if (path === undefined || to <= from) return Buffer.alloc(0);
    const fd = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(Math.max(0, Math.min(to, fstatSync(fd).size) - from));
      const read = readSync(fd, buffer, 0, buffer.length, from);
      return buffer.subarray(0, read);
    } finally {
      closeSync(fd);
    }
  }

  #save(cursor: Cursor): void {
    this.#cursor = cursor;
    writeFileAtomically(this.#options.cursor, JSON.stringify(cursor));
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function formatBytes(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.round(bytes / 1024 / 1024)} MiB` : `${bytes} bytes`;
}
