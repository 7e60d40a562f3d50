/**
 * What an agent writes to its standard error while its turn seems to stand still. Some retry for ever when their
 * provider refuses them, and say nothing of it over the protocol: their log does.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { findRateLimit } from '../rate-limit.ts';

/** The agent's own retries have their chance first. */
const ENOUGH = 3;
const MOST_READ = 65_536;

export class Refusals {
  readonly #path: string;
  #at: number;
  #seen = 0;

  constructor(path: string) {
    this.#path = path;
    this.#at = sizeOf(path);
  }

  /** The agent got somewhere: what was refused before is over. */
  forget(): void {
    this.#seen = 0;
  }

  /** @returns the refusal, once it has been repeated often enough with nothing in between */
  look(now: number): { message: string; notBefore: number } | null {
    for (const line of this.#newLines()) {
      const limit = /error|fail|refus|retry/i.test(line) ? findRateLimit(line, now) : null;
      if (!limit) continue;
      this.#seen += 1;
      if (this.#seen >= ENOUGH) return { message: line.slice(0, 2000), notBefore: limit.notBefore };
    }
    return null;
  }

  #newLines(): string[] {
    const size = sizeOf(this.#path);
    // A file that was cut at the cap of the output grows no more.
    if (size <= this.#at) return [];
    const from = Math.max(this.#at, size - MOST_READ);
    let fd: number;
    try {
      fd = openSync(this.#path, 'r');
    } catch {
      return [];
    }
    try {
      const buffer = Buffer.alloc(size - from);
      const text = buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, from)).toString();
      const end = text.lastIndexOf('\n') + 1;
      this.#at = from + Buffer.byteLength(text.slice(0, end));
      return text.slice(0, end).split('\n');
    } finally {
      closeSync(fd);
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
