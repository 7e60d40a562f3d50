/**
 * The output of one attempt, or of one verification, as it grows: read by long polls, kept as lines outside of React,
 * which is told at most once per frame. A poll that fails waits and goes on from where it was.
 */
import { type Block, TRANSCRIPT_STREAM, TranscriptReader } from '../../../src/client/transcript-reader.ts';
import type { Output } from '../../../src/contract/shapes.ts';
import { api, ApiProblem } from '../api/client.ts';
import { LineSplitter, type OutputLine } from './split-lines.ts';

export interface OutputState {
  lines: readonly OutputLine[];
  /** What the agent said and did; empty for a program that only writes to its terminal. */
  blocks: readonly Block[];
  /** Raised with every change; the array itself stays the same. */
  revision: number;
  ended: boolean;
  hasRead: boolean;
  /** There is more than has been read yet. */
  isBehind: boolean;
  error: unknown;
}

const WAIT_MS = 20_000;
/** An answer with this much text is one of many; characters. */
const FULL_ANSWER = 400_000;

export class OutputLog {
  readonly #path: string;
  readonly #splitter = new LineSplitter();
  readonly #reader = new TranscriptReader();
  readonly #listeners = new Set<() => void>();
  #state: OutputState;
  #abort: AbortController | null = null;
  #after: number | undefined;
  #frame = 0;

  /** @param path below `/api/v1`, as `/attempts/att_1/output` */
  constructor(path: string) {
    this.#path = path;
    this.#state = {
      lines: this.#splitter.lines,
      blocks: this.#reader.blocks,
      revision: 0,
      ended: false,
      hasRead: false,
      isBehind: false,
      error: null,
    };
  }

  getState = (): OutputState => this.#state;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1 && !this.#state.ended) {
      this.#abort = new AbortController();
      void this.#follow(this.#abort.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#abort?.abort();
    };
  };

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#state.ended) {
      try {
        const output = await api.get<Output>(this.#path, {
          query: { after: this.#after, wait: WAIT_MS },
          signal,
          timeoutMs: WAIT_MS + 20_000,
        });
        if (signal.aborted) return;
        for (const item of output.items) {
          const isTranscript = item.stream === TRANSCRIPT_STREAM;
          if (!isTranscript) this.#splitter.push(item);
          // Between entries plain output has its place too; alone it is lines, and kept once.
          if (isTranscript || this.#reader.blocks.length > 0) this.#reader.push(item);
        }
        this.#after = output.nextAfter;
        const read = output.items.reduce((sum, item) => sum + item.text.length, 0);
        this.#set({
          ended: output.ended,
          hasRead: true,
          isBehind: !output.ended && read >= FULL_ANSWER,
          error: null,
        });
        // A server that answers at once with nothing must not be asked in a tight loop.
        if (output.items.length === 0 && !output.ended) await pause(250, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#set({ error });
        if (error instanceof ApiProblem && !error.problem.retryable) return;
        await pause(2_000, signal);
      }
    }
  }

  #set(part: Partial<OutputState>): void {
    this.#state = { ...this.#state, ...part, revision: this.#state.revision + 1 };
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      for (const listener of this.#listeners) listener();
    });
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
