import { describe, expect, it } from 'vitest';
import { attemptPath, hrefOf, readSearch, ticketPath } from './address.ts';

describe('an address', () => {
  it('holds plain words, and leaves out the empty ones', () => {
    expect(hrefOf({ to: '/board', search: { q: 'a & b', label: '', group: 'agent' } })).toBe(
      '/board?q=a+%26+b&group=agent',
    );
    expect(readSearch('?q=a+%26+b&group=agent')).toEqual({ q: 'a & b', group: 'agent' });
  });

  it('names a part of its page', () => {
    expect(hrefOf({ to: ticketPath('MC-1'), hash: 'diff' })).toBe('/tickets/MC-1#diff');
  });

  it('keeps what comes from outside within one part of the path', () => {
    expect(ticketPath('../settings?x#y')).toBe('/tickets/..%2Fsettings%3Fx%23y');
    expect(attemptPath('a/b')).toBe('/attempts/a%2Fb');
  });
});
