/** Live output: resumable by sequence number, and a long poll for those who watch. */
import type * as wire from '../contract/shapes.ts';
import type { OutputChunk } from '../store/port.ts';
import type { Deps } from './deps.ts';
import { iso } from './present.ts';

/** Wakes long polls when output arrives on this server; others see it at their next look. */
const watchers = new Map<string, Set<() => void>>();

export async function appendOutput(deps: Deps, owner: string, chunks: readonly OutputChunk[]): Promise<void> {
  // Neither store keeps what follows a NUL.
  const clean = chunks.map((chunk) => ({ ...chunk, text: chunk.text.replaceAll('\u0000', '\uFFFD') }));
  await deps.store.appendOutput(owner, clean);
  wakeOutput(owner);
}

export function wakeOutput(owner: string): void {
  for (const wake of watchers.get(owner) ?? []) wake();
}

/** How long a poll waits before it looks again without having been woken. */
const LOOK_EVERY_MS = 1000;

export async function readOutput(
  deps: Deps,
  owner: string,
  query: { after?: number | undefined; limit?: number | undefined; wait?: number | undefined },
  hasEnded: () => Promise<boolean>,
  isGone: () => boolean = () => false,
): Promise<wire.Output> {
  const after = query.after ?? -1;
  const deadline = Date.now() + (query.wait ?? 0);
  for (;;) {
    const ended = await hasEnded();
    const { chunks, isAll } = await readPage(deps, owner, after, query.limit ?? 1000);
    const left = deadline - Date.now();
    if (chunks.length > 0 || ended || left <= 0 || isGone()) {
      return {
        items: chunks.map((chunk) => ({
          seq: chunk.seq,
          at: iso(chunk.at),
          stream: chunk.stream,
          text: chunk.text,
        })),
        nextAfter: chunks.at(-1)?.seq ?? after,
        ended: ended && isAll,
      };
    }
    await woken(owner, Math.min(left, LOOK_EVERY_MS));
  }
}

/** An answer that a page can take in without a pause that is felt; characters. */
const MOST_TEXT = 500_000;
const CHUNKS_A_READ = 50;

/** As many chunks as fit into one answer, one at least. @returns also whether there was no more */
async function readPage(
  deps: Deps,
  owner: string,
  after: number,
  limit: number,
): Promise<{ chunks: OutputChunk[]; isAll: boolean }> {
  const chunks: OutputChunk[] = [];
  let text = 0;
  for (;;) {
    const wanted = Math.min(CHUNKS_A_READ, limit - chunks.length);
    if (wanted <= 0) return { chunks, isAll: false };
    const read = await deps.store.output(owner, chunks.at(-1)?.seq ?? after, wanted);
    for (const chunk of read) {
      if (chunks.length > 0 && text + chunk.text.length > MOST_TEXT) return { chunks, isAll: false };
      chunks.push(chunk);
      text += chunk.text.length;
    }
    if (read.length < wanted) return { chunks, isAll: true };
  }
}

function woken(owner: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const set = watchers.get(owner) ?? new Set();
    watchers.set(owner, set);
    const done = (): void => {
      clearTimeout(timer);
      set.delete(done);
      if (set.size === 0) watchers.delete(owner);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    set.add(done);
  });
}
