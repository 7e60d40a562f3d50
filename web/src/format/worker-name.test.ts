import { describe, expect, it } from 'vitest';
import type { Attempt, Ticket } from '../../../src/contract/shapes.ts';
import { authorName, workerName } from './worker-name.ts';

const ticket = (part: Partial<Ticket>): Ticket =>
  ({ sentence: '', profile: null, owner: null, ...part }) as Ticket;

describe('who works', () => {
  it('is the profile that the sentence names, before a person who owns the ticket', () => {
    expect(
      workerName(
        ticket({ sentence: 'Ticket is in progress; runtime is running. · profile luci_1m', owner: 'ada' }),
      ),
    ).toBe('luci_1m');
  });
  it('is what is set on the ticket, where nobody has worked yet', () => {
    expect(workerName(ticket({ sentence: 'Ticket is todo; runtime is queued.', profile: 'luci' }))).toBe(
      'luci',
    );
    expect(workerName(ticket({}))).toBeNull();
  });
  it('names an attempt in the conversation by its profile and number', () => {
    const attempts = [{ id: 'att_1', profile: 'luci', number: 2 } as Attempt];
    expect(authorName('att_1', attempts)).toBe('luci · attempt 2');
    expect(authorName('att_9', attempts)).toBe('the worker');
    expect(authorName('ada', attempts)).toBe('ada');
  });
});
