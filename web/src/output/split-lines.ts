/**
 * From chunks of a terminal's output to lines. A chunk may end in the middle of a line, a colour may begin in one line
 * and end in another, and a carriage return rewrites the line it stands in. Each line carries the colours that were on
 * when it began, so that it can be drawn alone.
 */
export interface OutputLine {
  /** The stream of the first chunk of the line. */
  stream: string;
  at: string;
  /** The text with its own colour sequences, after those that were on. */
  text: string;
}

// eslint-disable-next-line no-control-regex
const SGR = /\u001b\[[0-9;:]*m/g;
/** Everything a terminal obeys that is not a colour: cursor moves, titles, links. None of it has a meaning here. */
const OTHER_ESCAPES =
  // eslint-disable-next-line no-control-regex
  /\u001b\[[0-?]*[ -/]*[@-ln-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[PX^_][^\u001b]*\u001b\\|\u001b[ -/]*[0-Z\\^-~]/g;
/** A line as it reads, without its colours. */
export const plainText = (text: string): string => (text.includes('\u001b') ? text.replace(SGR, '') : text);

/** A line that is longer is no longer looked through for what a terminal would obey, each time it grows; characters. */
const LONGEST_REWRITTEN = 100_000;
/** What is kept of colours that were never turned off. */
const LONGEST_CARRY = 200;

export class LineSplitter {
  readonly lines: OutputLine[] = [];
  #carry = '';
  #isOpen = false;

  push(chunk: { stream: string; at: string; text: string }): void {
    const parts = chunk.text.split('\n');
    for (const [i, part] of parts.entries()) {
      const isLast = i === parts.length - 1;
      if (isLast && part === '') break;
      this.#append(chunk, part);
      if (!isLast) this.#close();
    }
  }

  #append({ stream, at }: { stream: string; at: string }, part: string): void {
    const last = this.lines.at(-1);
    // Streams interleave: what another stream writes into an open line begins a line of its own.
    if (this.#isOpen && last && last.stream === stream)
      last.text =
        last.text.length > LONGEST_REWRITTEN ? last.text + rewrite(part) : rewrite(last.text + part);
    else {
      if (this.#isOpen) this.#close();
      this.lines.push({ stream, at, text: rewrite(this.#carry + part) });
    }
    this.#isOpen = true;
  }

  #close(): void {
    const last = this.lines.at(-1);
    this.#isOpen = false;
    if (!last) return;
    let carry = '';
    for (const [code] of last.text.matchAll(SGR)) carry = /^\u001b\[0*m$/.test(code) ? '' : carry + code;
    this.#carry = carry.length > LONGEST_CARRY ? '' : carry;
  }
}

/** What stands in the line after the last carriage return; one at its end waits for what comes. */
function rewrite(text: string): string {
  const plain = text.replace(OTHER_ESCAPES, '');
  const end = plain.endsWith('\r') ? plain.length - 1 : plain.length;
  const at = plain.lastIndexOf('\r', end - 1);
  return at === -1 ? plain : plain.slice(at + 1);
}
