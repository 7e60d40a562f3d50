/**
 * Between an agent that streams word by word and the transcript: pieces of one message become fewer and larger entries,
 * and a tool that repeats its whole output with every update becomes one that appends. Whatever is held back is written
 * before the next entry of another kind, so the order stays.
 */
import type { TranscriptEntry } from '../../contract/transcript.ts';
import type { Transcript } from './transcript-file.ts';

const MOST_HELD = 2048;
/** What is remembered of one tool's output to tell an addition from a replacement. */
const MOST_REMEMBERED = 65_536;

export class ChunkMerger implements Transcript {
  readonly #to: Transcript;
  #held: { kind: 'message' | 'thought'; id: string; text: string } | null = null;
  readonly #outputs = new Map<string, string>();
  readonly #last = new Map<string, string>();

  constructor(to: Transcript) {
    this.#to = to;
  }

  add(entry: TranscriptEntry): void {
    if (entry.kind === 'message' || entry.kind === 'thought') {
      if (this.#held && (this.#held.kind !== entry.kind || this.#held.id !== entry.id)) this.flush();
      this.#held = { ...entry, text: (this.#held?.text ?? '') + entry.text };
      if (this.#held.text.length >= MOST_HELD) this.flush();
      return;
    }
    this.flush();
    if (entry.kind === 'tool') this.#tool(entry);
    else this.#to.add(entry);
  }

  /** Called several times a second, so that a live view sees a long message grow. */
  flush(): void {
    const held = this.#held;
    this.#held = null;
    if (held && held.text !== '') this.#to.add(held);
  }

  #tool(entry: Extract<TranscriptEntry, { kind: 'tool' }>): void {
    const before = this.#outputs.get(entry.id);
    let changed = entry;
    if (entry.output !== undefined) {
      if (before !== undefined && entry.output.startsWith(before)) {
        const { output, ...rest } = entry;
        const more = output.slice(before.length);
        changed = more === '' ? rest : { ...rest, output: more, append: true };
      }
      if (entry.output.length <= MOST_REMEMBERED) this.#outputs.set(entry.id, entry.output);
      // Of what is longer than that, only the last word counts.
      else if (entry.state === 'pending' || entry.state === 'running') return;
    }
    // Many agents repeat themselves; what says nothing new is left out.
    const line = JSON.stringify(changed);
    if (this.#last.get(entry.id) === line) return;
    this.#last.set(entry.id, line);
    this.#to.add(changed);
  }
}
