import { describe, expect, it } from 'vitest';
import { LineSplitter } from './split-lines.ts';

const at = '2026-06-13T00:00:00.000Z';
function split(...chunks: (string | [string, string])[]): string[] {
  const splitter = new LineSplitter();
  for (const chunk of chunks) {
    const [stream, text] = typeof chunk === 'string' ? ['stdout', chunk] : chunk;
    splitter.push({ stream, at, text });
  }
  return splitter.lines.map((l) => l.text);
}

describe('lines of output', () => {
  it('joins a line that came in pieces', () => {
    expect(split('one\ntw', 'o\nthree')).toEqual(['one', 'two', 'three']);
  });
  it('keeps empty lines', () => {
    expect(split('a\n\nb\n')).toEqual(['a', '', 'b']);
  });
  it('shows only what a carriage return left', () => {
    expect(split('10%\r', '60%\r100%\nend')).toEqual(['100%', 'end']);
    expect(split('windows\r\nline\r\n')).toEqual(['windows\r', 'line\r']);
  });
  it('carries a colour into the next line, until it is turned off', () => {
    expect(split('\u001b[31mred\nstill\u001b[0m\nplain')).toEqual([
      '\u001b[31mred',
      '\u001b[31mstill\u001b[0m',
      'plain',
    ]);
  });
  it('drops what only a terminal would obey', () => {
    expect(
      split('\u001b[2J\u001b]0;title\u0007a\u001b]8;;http://evil\u0007b\u001b]8;;\u0007\u001b[1Ac'),
    ).toEqual(['abc']);
  });
  it('gives each stream lines of its own', () => {
    expect(split(['stdout', 'half'], ['stderr', 'oops\n'], ['stdout', ' rest\n'])).toEqual([
      'half',
      'oops',
      ' rest',
    ]);
  });
});
