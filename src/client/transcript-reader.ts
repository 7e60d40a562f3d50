/**
 * Puts a transcript together from output items, for pages and for the terminal: lines that were cut are joined, deltas
 * are added up, and what no entry is (a line that was cut off by the cap, an entry of a newer runner) is left out. The
 * other streams of an attempt become blocks of plain output between the entries, so that a program that only writes to
 * its terminal reads the same way. Pure: items in, blocks out; each block changes in place and says so by its revision.
 */
import type { OutputItem } from '../contract/shapes.ts';
import type { TranscriptEntry } from '../contract/transcript.ts';

type Entry<K extends TranscriptEntry['kind']> = Extract<TranscriptEntry, { kind: K }>;

export type Block = { key: number; at: string; revision: number } & (
  | Exclude<TranscriptEntry, Entry<'tool'>>
  | (Entry<'tool'> & { output: string })
  | { kind: 'output'; stream: string; text: string }
);
export type ToolBlock = Extract<Block, { kind: 'tool' }>;

/** The stream of output items that is one; the same word as in the contract. */
export const TRANSCRIPT_STREAM = 'transcript';
/** A block of plain output is closed here, so that no block grows without end. */
const LONGEST_OUTPUT = 16_384;
/** Longer lines are not entries of ours. */
const LONGEST_LINE = 4 * 1024 * 1024;

/** From pieces of the stream to its entries. */
export class EntryReader {
  #rest = '';
  #isTooLong = false;

  push(text: string): TranscriptEntry[] {
    const entries: TranscriptEntry[] = [];
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const entry = this.#isTooLong ? null : entryOf(line);
      this.#isTooLong = false;
      if (entry) entries.push(entry);
    }
    if (this.#rest.length > LONGEST_LINE) {
      this.#rest = '';
      this.#isTooLong = true;
    }
    return entries;
  }
}

export class TranscriptReader {
  readonly blocks: Block[] = [];
  readonly #entries = new EntryReader();
  readonly #tools = new Map<string, ToolBlock>();

  /** @returns the blocks that are new or have changed */
  push(item: Pick<OutputItem, 'at' | 'stream' | 'text'>): Block[] {
    if (item.stream !== TRANSCRIPT_STREAM) return [this.#output(item)];
    const changed = new Set(this.#entries.push(item.text).map((entry) => this.#add(entry, item.at)));
    return [...changed];
  }

  #output({ at, stream, text }: Pick<OutputItem, 'at' | 'stream' | 'text'>): Block {
    const last = this.blocks.at(-1);
    if (last?.kind === 'output' && last.stream === stream && last.text.length < LONGEST_OUTPUT) {
      last.text += text;
      last.revision += 1;
      return last;
    }
    return this.#append({ kind: 'output', stream, text }, at);
  }

  #add(entry: TranscriptEntry, at: string): Block {
    const last = this.blocks.at(-1);
    if (entry.kind === 'tool') return this.#tool(entry, at);
    if (
      (entry.kind === 'message' || entry.kind === 'thought') &&
      last?.kind === entry.kind &&
      last.id === entry.id
    ) {
      last.text += entry.text;
      last.revision += 1;
      return last;
    }
    // What comes again and again, and means its latest value, stays in one place as long as nothing came between.
    if ((entry.kind === 'plan' || entry.kind === 'usage') && last?.kind === entry.kind) {
      Object.assign(last, entry);
      last.revision += 1;
      return last;
    }
    return this.#append(entry, at);
  }

  #tool(entry: Entry<'tool'>, at: string): Block {
    const known = this.#tools.get(entry.id);
    const { output, append, ...rest } = entry;
    if (!known) {
      const block = this.#append({ ...rest, output: output ?? '' }, at) as ToolBlock;
      this.#tools.set(entry.id, block);
      return block;
    }
    Object.assign(known, rest);
    if (output !== undefined) known.output = append === true ? known.output + output : output;
    known.revision += 1;
    return known;
  }

  #append(content: object, at: string): Block {
    const block = { ...content, key: this.blocks.length, at, revision: 0 } as Block;
    this.blocks.push(block);
    return block;
  }
}

const text = (value: unknown): value is string => typeof value === 'string';
const optional = (value: unknown): boolean => value === undefined || text(value);
const list = (value: unknown, of: (item: Record<string, unknown>) => boolean): boolean =>
  Array.isArray(value) &&
  value.every((item) => typeof item === 'object' && item !== null && of(item as Record<string, unknown>));

/** What a reader relies on of each kind; the runner writes them by the schema of the contract, but may be a newer one. */
const SHAPES: Record<TranscriptEntry['kind'], (entry: Record<string, unknown>) => boolean> = {
  prompt: (e) => text(e['text']),
  message: (e) => text(e['text']) && text(e['id']),
  thought: (e) => text(e['text']) && text(e['id']),
  plan: (e) => list(e['entries'], (item) => text(item['text']) && text(item['state'])),
  tool: (e) =>
    text(e['id']) &&
    ['title', 'tool', 'state', 'input', 'output'].every((name) => optional(e[name])) &&
    (e['locations'] === undefined || list(e['locations'], (item) => text(item['path']))) &&
    (e['diffs'] === undefined ||
      list(
        e['diffs'],
        (d) => text(d['path']) && text(d['after']) && (d['before'] === null || text(d['before'])),
      )),
  permission: (e) =>
    text(e['title']) &&
    text(e['outcome']) &&
    optional(e['by']) &&
    (e['options'] === undefined || list(e['options'], (item) => text(item['label']))),
  usage: (e) =>
    ['inputTokens', 'outputTokens', 'usd', 'contextUsed', 'contextSize'].every(
      (name) => e[name] === undefined || typeof e[name] === 'number',
    ),
  notice: (e) => text(e['code']) && text(e['text']),
  error: (e) => text(e['text']),
  turn_end: (e) => text(e['reason']),
};

function entryOf(line: string): TranscriptEntry | null {
  if (line === '') return null;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('kind' in value)) return null;
    const { kind } = value;
    if (typeof kind !== 'string' || !Object.hasOwn(SHAPES, kind)) return null;
    return SHAPES[kind as TranscriptEntry['kind']](value as Record<string, unknown>)
      ? (value as TranscriptEntry)
      : null;
  } catch {
    return null;
  }
}
