/**
 * The live stream: one connection per tab, over fetch, so that its state can be seen and a silent line is noticed (the
 * server sends a comment every 15 seconds). It resumes with Last-Event-ID, the first time with where the log ended before
 * anything was read, if that is known; after a `reset`, or when it connects without an id, everything that is on the
 * screen is read again. The loop itself knows nothing of caches: it hands frames on.
 */
import { parseEventStream, type StreamFrame } from '../../../src/client/event-stream.ts';
import { connection } from './connection.ts';

const SILENCE_MS = 40_000;
const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 8_000;

export interface LiveHandlers {
  onFrame: (frame: StreamFrame) => void;
  /** @param isFirst the first time, with a position: what was read since that position has missed nothing */
  onOpen: (isFirst: boolean) => void;
}

/** @param from the position of the log to begin at; null where it is not known */
export function startLive(handlers: LiveHandlers, from: number | null): () => void {
  const ended = new AbortController();
  let current = new AbortController();
  let wake: () => void = () => {};
  let lastId = from === null ? null : String(from);
  let isFirst = from !== null;
  let waitMs = FIRST_WAIT_MS;

  connection.retry = () => {
    waitMs = FIRST_WAIT_MS;
    wake();
  };
  connection.doubt = () => {
    if (connection.snapshot.state === 'live') current.abort();
  };
  const cut = (): void => {
    current.abort();
    connection.retry();
  };
  // Coming back from sleep or from another network, the old socket may look alive for minutes.
  const onVisible = (): void => {
    if (document.visibilityState === 'visible' && connection.snapshot.state === 'offline') connection.retry();
  };
  addEventListener('online', cut);
  addEventListener('offline', cut);
  document.addEventListener('visibilitychange', onVisible);

  const follow = async (): Promise<'ended' | 'signed_out'> => {
    current = new AbortController();
    const abort = current;
    // A server that accepts and then says nothing is no better than one that is away.
    let silence = setTimeout(() => abort.abort(), 15_000);
    const signal = AbortSignal.any([ended.signal, abort.signal]);
    try {
      const response = await fetch('/api/v1/stream', {
        headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
        signal,
        cache: 'no-store',
      });
      if (response.status === 401) return 'signed_out';
      if (!response.ok || response.body === null) throw new Error(`stream answered ${response.status}`);
      waitMs = FIRST_WAIT_MS;
      connection.set('live');
      handlers.onOpen(isFirst);
      isFirst = false;
      const heard = (): void => {
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), SILENCE_MS);
      };
      heard();
      for await (const frame of parseEventStream(readChunks(response.body, heard))) {
        if (frame.id !== null) lastId = frame.id;
        handlers.onFrame(frame);
      }
      return 'ended';
    } finally {
      clearTimeout(silence);
      abort.abort();
    }
  };

  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const result = await follow().catch(() => 'ended' as const);
      if (ended.signal.aborted) return;
      if (result === 'signed_out') {
        connection.signedOut();
        return;
      }
      const wait = waitMs * (0.7 + Math.random() * 0.6);
      connection.set('offline', Date.now() + wait);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  void run();

  return () => {
    ended.abort();
    wake();
    removeEventListener('online', cut);
    removeEventListener('offline', cut);
    document.removeEventListener('visibilitychange', onVisible);
  };
}

/** Not every browser can iterate a body; every one can read it. */
async function* readChunks(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
