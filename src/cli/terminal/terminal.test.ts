import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { ageOf, durationOf, spanOf } from './age.ts';
import { displayWidth, truncate, wrap } from './display-width.ts';
import { block, createSafeStream, plainLine, plainText, Safe, text } from './safe-text.ts';
import { createStyle, wantsColour } from './style.ts';
import { renderTable, type Column } from './table.ts';

const ESC = '\u001b';
// oxlint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('text from outside', () => {
  test.each([
    ['colours', `${ESC}[31mred${ESC}[0m`, 'red'],
    ['a window title', `${ESC}]0;pwned\u0007shown`, 'shown'],
    ['a hyperlink', `${ESC}]8;;http://evil.example${ESC}\\click${ESC}]8;;${ESC}\\`, 'click'],
    ['a clipboard write', `a${ESC}]52;c;cm0gLXJm\u0007b`, 'ab'],
    ['a device control string', `a${ESC}P+q544e${ESC}\\b`, 'ab'],
    ['the single-byte forms', 'a\u009b31mb\u009d0;t\u009cc', 'abc'],
    ['cursor movement and clearing', `${ESC}[2J${ESC}[Hgone?`, 'gone?'],
    ['a reset', `${ESC}cnew`, 'new'],
    ['a sequence that never ends', `ok${ESC}]0;rest of the line`, 'ok'],
    ['backspaces that rewrite', 'rm safe\b\b\b\bevil', 'rm safeevil'],
    ['a progress bar', '10%\r20%\r\n', '10%\n20%\n'],
    ['text that runs backwards', 'abc\u202edcba', 'abcdcba'],
    ['an invisible separator', 'pay\u200bpal', 'paypal'],
  ])('loses %s', (_what, given, shown) => {
    expect(plainText(given)).toBe(shown);
  });

  test('keeps what people write: accents, emoji, tabs and lines', () => {
    expect(plainText('Zürich\t👩‍👩‍👧 é\n日本')).toBe('Zürich\t👩‍👩‍👧 é\n日本');
  });

  test('never keeps anything that a terminal obeys, whatever it is', () => {
    const nasty = fc.array(
      fc.constantFrom(ESC, '[', ']', '0;', 'm', '\u0007', '\\', '\u009b', '\r', 'x', '\u202e', 'P', '\u0000'),
    );
    fc.assert(
      fc.property(nasty, (parts) => {
        expect(plainText(parts.join(''))).not.toMatch(OBEYED);
      }),
    );
  });

  test('is as safe when a sequence is cut between two chunks', () => {
    const nasty = fc.array(
      fc.array(fc.constantFrom(ESC, '[', ']', '3', 'm', '\u0007', '\\', '\r', '\n', 'x')),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(nasty, (chunks) => {
        const take = createSafeStream();
        const shown = chunks.map((chunk) => take(chunk.join('')).text).join('');
        expect(shown).not.toMatch(OBEYED);
      }),
    );
    const take = createSafeStream();
    expect(`${take(`a${ESC}]0;ti`).text}${take('tle\u0007b\r').text}${take('\nc').text}`).toBe('ab\nc');
  });

  test('is kept on one line where a line is wanted', () => {
    expect(plainLine('one\n\n  two\tthree ')).toBe('one two three ');
    expect(text`key: ${'a\nb'} ${3} ${null}`.text).toBe('key: a b 3 ');
    expect(block('a\n\tb').text).toBe('a\n    b');
  });
});

describe('the width of text', () => {
  test.each([
    ['ascii', 5],
    ['日本', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['✔︎', 1],
    ['⚠️', 2],
    ['ｆｕｌｌ', 8],
    [`${ESC}[31mred${ESC}[39m`, 3],
  ])('of %s is %i', (given, width) => {
    expect(displayWidth(given)).toBe(width);
  });

  test('is never exceeded by what truncate and wrap give', () => {
    const words = fc.array(
      fc.constantFrom('a', 'word', '日本語', '👩‍👩‍👧', ' ', '  ', 'averyveryverylongword', '\n', '- '),
    );
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 40 }), (parts, columns) => {
        const given = parts.join('');
        const single = given.replaceAll('\n', ' ');
        expect(displayWidth(truncate(single, columns))).toBeLessThanOrEqual(columns);
        for (const wrapped of wrap(given, columns)) {
          expect(displayWidth(wrapped)).toBeLessThanOrEqual(columns);
        }
        const letters = (value: string): string => value.replaceAll(/\s/g, '');
        expect(letters(wrap(given, columns).join(''))).toBe(letters(given));
      }),
    );
  });

  test('wraps a list item under its own text', () => {
    expect(wrap('- one two three four', 12)).toEqual(['- one two', '  three four']);
  });
});

describe('a table', () => {
  interface Row {
    key: string;
    title: string;
    age: string;
  }
  const columns: Column<Row>[] = [
    { title: 'Key', value: (row) => row.key },
    { title: 'Title', value: (row) => row.title, flexible: true },
    { title: 'Age', value: (row) => row.age, align: 'right' },
  ];
  const rows: Row[] = [
    { key: 'MC-1', title: 'Fix the pickup lock so that two loops never compete', age: '5d' },
    { key: 'MC-12', title: '日本語のタイトル', age: '12m' },
  ];
  const plain = createStyle(false);
  const lines = (width: number | null): string[] =>
    renderTable(rows, columns, { style: plain, columns: width }).map(String);

  test('aligns its columns, also after wide characters', () => {
    const [header, first, second] = lines(null);
    const at = displayWidth((first ?? '').slice(0, (first ?? '').lastIndexOf('5d')));
    expect(header).toMatch(/^Key {4}Title +Age$/);
    expect(displayWidth((second ?? '').slice(0, (second ?? '').lastIndexOf('12m')))).toBe(at - 1);
  });

  test('cuts the flexible column to fit the terminal, and nothing in a pipe', () => {
    for (const shown of lines(40)) expect(displayWidth(shown)).toBeLessThanOrEqual(40);
    expect(lines(40)[1]).toContain('…');
    expect(lines(40)[1]).toMatch(/^MC-1 .* 5d$/);
    expect(lines(null)[1]).toContain('never compete');
  });

  test('leaves out a column in which nothing stands', () => {
    const shown = renderTable(
      rows.map((row) => ({ ...row, age: '' })),
      columns,
      { style: plain, columns: null },
    );
    expect(String(shown[0])).toBe('Key    Title');
  });

  test('is safe whatever stands in its cells', () => {
    const shown = renderTable([{ key: `M${ESC}[31mC`, title: 'a\nb\u0007', age: '1s' }], columns, {
      style: plain,
      columns: 80,
    });
    expect(String(shown[1])).toBe('MC   a b     1s');
  });
});

describe('colour', () => {
  test('is for terminals, and never where NO_COLOR is set', () => {
    expect(wantsColour(true, {})).toBe(true);
    expect(wantsColour(false, {})).toBe(false);
    expect(wantsColour(true, { NO_COLOR: '1' })).toBe(false);
    expect(wantsColour(true, { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(true, { TERM: 'dumb' })).toBe(false);
    expect(createStyle(false).red('x').text).toBe('x');
    expect(createStyle(true).red(`x${ESC}[0m`).text).toBe(`${ESC}[31mx${ESC}[39m`);
    expect(createStyle(true).red('')).toEqual(Safe.trusted(''));
  });
});

describe('ages', () => {
  test('name the largest unit', () => {
    expect([0.2, 8, 90, 7300, 5 * 86_400, 800 * 86_400].map(spanOf)).toEqual([
      '0s',
      '8s',
      '1m',
      '2h',
      '5d',
      '2y',
    ]);
    const now = Date.parse('2026-06-13T07:37:27.000Z');
    expect(ageOf('2026-06-08T07:00:00.000Z', now)).toBe('5d ago');
    expect(ageOf('2026-06-13T09:37:28.000Z', now)).toBe('in 2h');
    expect(ageOf('2026-06-20T07:37:26.000Z', now)).toBe('in 7d');
    expect(ageOf('2026-06-13T07:52:26.000Z', now)).toBe('in 15m');
    expect(ageOf('2026-06-13T07:37:27.200Z', now)).toBe('now');
    expect(ageOf(null, now)).toBe('');
    expect([400, 12_000, 200_000, 180_000].map(durationOf)).toEqual(['0.4 s', '12 s', '3m 20s', '3m']);
  });
});
