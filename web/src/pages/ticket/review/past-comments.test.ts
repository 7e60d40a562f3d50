import { describe, expect, it } from 'vitest';
import { parseDiff } from './parse-diff.ts';
import { findLine, pastComments, type PastComment } from './past-comments.ts';

const patch = (lines: string[]): string =>
  [
    'diff --git a/bill.js b/bill.js',
    '--- a/bill.js',
    '+++ b/bill.js',
    `@@ -1,1 +1,${lines.length + 1} @@`,
    ' first',
    ...lines.map((line) => `+${line}`),
  ].join('\n');
const rowsOf = (lines: string[]) => parseDiff(patch(lines))[0]?.rows ?? [];

const comment = (more: Partial<PastComment>): PastComment => ({
  id: 'one',
  by: 'ada',
  at: '2026-11-25T00:00:00Z',
  attempt: 'att_1',
  path: 'bill.js',
  side: 'after',
  line: 2,
  endLine: 2,
  quote: 'round(down)',
  text: 'why down?',
  ...more,
});

describe('a comment of an earlier review', () => {
  it('stands at its own line in the diff that it was written for', () => {
    expect(findLine(comment({}), 'att_1', rowsOf(['anything']))).toBe(2);
  });

  it('moves along with the lines that it is about', () => {
    const rows = rowsOf(['// new', '// newer', 'round(down)']);
    expect(findLine(comment({}), 'att_2', rows)).toBe(4);
    expect(findLine(comment({ quote: '// newer\nround(down)', line: 1, endLine: 2 }), 'att_2', rows)).toBe(4);
  });

  it('is at the nearest of several places that read the same', () => {
    const rows = rowsOf(['same', 'other', 'same', 'other', 'same']);
    expect(findLine(comment({ quote: 'same', line: 4, endLine: 4 }), 'att_2', rows)).toBe(4);
  });

  it('is outdated where its lines are gone', () => {
    expect(findLine(comment({}), 'att_2', rowsOf(['round(half up)']))).toBeNull();
  });

  it('comes from the feedback in the conversation, with who wrote it', () => {
    const { id: _, by, at, attempt, ...written } = comment({});
    expect(
      pastComments([
        {
          at,
          by,
          kind: 'feedback',
          text: 'all of it',
          review: { attempt, summary: '', comments: [written] },
        },
        { at, by: 'bo', kind: 'comment', text: 'nothing at lines' },
      ]),
    ).toMatchObject([{ by: 'ada', attempt: 'att_1', text: 'why down?' }]);
  });
});
