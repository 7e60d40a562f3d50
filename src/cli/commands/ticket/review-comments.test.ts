import { describe, expect, it } from 'vitest';
import { readReviewComment } from './review-comments.ts';

describe('a comment at a line', () => {
  it('names a file, a line or a stretch, and says something', () => {
    expect(readReviewComment('src/bill.js:12=why down?')).toEqual({
      path: 'src/bill.js',
      side: 'after',
      line: 12,
      endLine: 12,
      text: 'why down?',
    });
    expect(readReviewComment('a:b.js:3-7= a = b ')).toMatchObject({
      path: 'a:b.js',
      line: 3,
      endLine: 7,
      text: 'a = b',
    });
    expect(readReviewComment('x.js:before:9=it was right')).toMatchObject({ side: 'before', line: 9 });
  });

  it.each(['bill.js=no line', 'bill.js:12', ':12=no file', 'bill.js:12='])('is not %s', (given) => {
    expect(() => readReviewComment(given)).toThrow(/is no comment at a line/);
  });
});
