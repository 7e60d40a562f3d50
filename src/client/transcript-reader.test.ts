import { describe, expect, it } from 'vitest';
import type { TranscriptEntry } from '../contract/transcript.ts';
import { type Block, TranscriptReader } from './transcript-reader.ts';

const at = '2026-11-23T07:00:00.000Z';
const without = ({ key: _key, at: _at, revision: _revision, ...rest }: Block): object => rest;
function read(...items: (TranscriptEntry | string | { stream: string; text: string })[]): TranscriptReader {
  const reader = new TranscriptReader();
  for (const item of items) {
    if (typeof item === 'string') reader.push({ at, stream: 'transcript', text: item });
    else if ('stream' in item) reader.push({ at, ...item });
    else reader.push({ at, stream: 'transcript', text: `${JSON.stringify(item)}\n` });
  }
  return reader;
}

describe('a transcript', () => {
  it('is put together from pieces that were cut anywhere', () => {
    const line = `${JSON.stringify({ kind: 'message', id: 'm', text: 'größer' })}\n`;
    for (let n = 1; n < line.length; n++) {
      const { blocks } = read(line.slice(0, n), line.slice(n));
      expect(blocks.map(without)).toEqual([{ kind: 'message', id: 'm', text: 'größer' }]);
    }
  });

  it('adds up what belongs together', () => {
    const { blocks } = read(
      { kind: 'message', id: 'm', text: 'I ' },
      { kind: 'message', id: 'm', text: 'write.' },
      { kind: 'tool', id: 't', title: 'bash', state: 'pending' },
      { kind: 'tool', id: 't', title: 'ls', state: 'running', output: 'one\n' },
      { kind: 'message', id: 'm2', text: 'Meanwhile.' },
      { kind: 'tool', id: 't', output: 'two\n', append: true },
      { kind: 'tool', id: 't', state: 'completed', exitCode: 0 },
    );
    expect(blocks.map(without)).toEqual([
      { kind: 'message', id: 'm', text: 'I write.' },
      { kind: 'tool', id: 't', title: 'ls', state: 'completed', output: 'one\ntwo\n', exitCode: 0 },
      { kind: 'message', id: 'm2', text: 'Meanwhile.' },
    ]);
  });

  it('has a place for plain output between its entries', () => {
    const { blocks } = read(
      { stream: 'stderr', text: 'warning' },
      { kind: 'error', text: 'no' },
      { stream: 'stderr', text: 'again ' },
      { stream: 'stderr', text: 'and again' },
    );
    expect(blocks.map(without)).toEqual([
      { kind: 'output', stream: 'stderr', text: 'warning' },
      { kind: 'error', text: 'no' },
      { kind: 'output', stream: 'stderr', text: 'again and again' },
    ]);
  });

  it('passes over what is no entry, and goes on', () => {
    const { blocks } = read(
      'not json\n{"kind":"message"}\n{"kind":"constructor"}\n{"kind":"plan","entries":[1]}\nnull\n',
      `{"kind":"message","id":"m","text":"${'x'.repeat(5_000_000)}`,
      '"}\n',
      { kind: 'error', text: 'after all' },
    );
    expect(blocks.map(without)).toEqual([{ kind: 'error', text: 'after all' }]);
  });

  it('says which blocks changed', () => {
    const reader = read({ kind: 'message', id: 'm', text: 'a' });
    const [changed] = reader.push({
      at,
      stream: 'transcript',
      text: '{"kind":"message","id":"m","text":"b"}\n',
    });
    expect(changed).toBe(reader.blocks[0]);
    expect(changed?.revision).toBe(1);
  });
});
