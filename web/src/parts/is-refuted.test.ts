import { expect, it } from 'vitest';
import { isRefuted } from './is-refuted.ts';

const attempt = { id: 'att_1', outcome: 'submitted' } as const;
const refuted = { attempt: 'att_1', required: true, state: 'refuted' } as const;

it('what was handed in did not hold where something that it needs was refuted', () => {
  expect(isRefuted(attempt, [{ ...refuted, state: 'verified' }, refuted])).toBe(true);
});

it('neither another attempt’s evidence, nor what is not required, nor what failed anyway makes it so', () => {
  expect(isRefuted(attempt, [])).toBe(false);
  expect(isRefuted(attempt, [{ ...refuted, attempt: 'att_2' }])).toBe(false);
  expect(isRefuted(attempt, [{ ...refuted, required: false }])).toBe(false);
  expect(isRefuted(attempt, [{ ...refuted, state: 'unverified' }])).toBe(false);
  expect(isRefuted({ ...attempt, outcome: 'failed' }, [refuted])).toBe(false);
});
