import { expect, it } from 'vitest';
import { decideAcceptWork, decideRequestChanges } from './decide-review.ts';
import { WorkSummary } from './summarize-work.ts';
import { COMMIT, PERSON, Story } from './testing.ts';

const dayOf = (at: number): string => `day ${Math.floor(at / 86_400_000)}`;
const bare = (): Story => {
  const story = new Story();
  story.rules = { ...story.rules, completion: { ...story.rules.completion, requires: [] } };
  return story;
};

it('counts an attempt as a success when its work was accepted, and as a failure when it was sent back', () => {
  const story = bare().submitted();
  story.when(PERSON, (t, c) => decideRequestChanges(t, { feedback: 'again' }, c));
  story.running();
  story.signal({ type: 'submit', summary: 'done', commit: COMMIT });
  story.now += 60_000;
  story.end();
  const open = new WorkSummary(['day 0'], dayOf);
  open.add(story.ticket);
  expect(open.figures.profiles).toMatchObject([{ profile: 'worker', attempts: 2, failed: 1, undecided: 1 }]);

  story.when(PERSON, (t, c) => decideAcceptWork(t, {}, c));
  const closed = new WorkSummary(['day 0'], dayOf);
  closed.add(story.ticket);
  expect(closed.figures).toMatchObject({
    days: [{ day: 'day 0', done: 1, cancelled: 0, attempts: 2 }],
    cycle: { count: 1, medianSeconds: 60 },
    profiles: [{ accepted: 1, failed: 1, undecided: 0, medianSeconds: 60 }],
  });
});

it('leaves out what ended on a day that is not shown, and knows no median of nothing', () => {
  const story = bare().running();
  story.end('failed');
  const summary = new WorkSummary(['day 7'], dayOf);
  summary.add(story.ticket);
  expect(summary.figures).toEqual({
    days: [{ day: 'day 7', done: 0, cancelled: 0, attempts: 0, usd: 0, tokens: 0 }],
    cycle: { count: 0, medianSeconds: null, slowestTenthSeconds: null },
    profiles: [],
  });
});
