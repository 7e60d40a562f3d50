import { expect, it } from 'vitest';
import { draftOf, fieldsOf } from './ticket-draft.ts';

const FULL = {
  title: 'A ticket',
  description: 'What should be true.',
  acceptanceCriteria: ['one', 'two'],
  priority: 1,
  profile: 'worker',
  assignee: null,
  campaign: 'spring',
  labels: ['a', 'b'],
  blockedBy: ['MC-1'],
  notBefore: '2026-11-25T10:30:00.000Z',
  budget: { usd: 2, tokens: 500 },
  completion: { decidedBy: 'policy' as const },
};

it('what was not touched goes back as it came, what the form does not show included', () => {
  expect(fieldsOf(draftOf(FULL), FULL.budget)).toEqual(FULL);
  expect(fieldsOf(draftOf({}))).toMatchObject({
    priority: 2,
    profile: null,
    labels: [],
    budget: null,
    completion: null,
  });
});

it('words are taken as people type them', () => {
  const typed = {
    ...draftOf({}),
    title: ' A ',
    labels: 'a,, b ',
    blockedBy: 'mc-1, mc-2',
    acceptanceCriteria: 'one\n\n two',
  };
  expect(fieldsOf(typed)).toMatchObject({
    title: 'A',
    labels: ['a', 'b'],
    blockedBy: ['MC-1', 'MC-2'],
    acceptanceCriteria: ['one', 'two'],
  });
  expect(fieldsOf({ ...typed, usd: '' }, { usd: 1, tokens: 5 }).budget).toEqual({ tokens: 5 });
});
