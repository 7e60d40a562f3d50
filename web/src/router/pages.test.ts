import { expect, it } from 'vitest';
import { ticketPath } from './address.ts';
import { matchPage } from './pages.ts';

it('finds the page of an address, and what its path says', () => {
  expect(matchPage('/')).toEqual({ path: '/', params: {} });
  expect(matchPage('/tickets/MC-1')).toEqual({ path: '/tickets/:key', params: { key: 'MC-1' } });
  expect(matchPage('/tickets/MC-1/')).toEqual({ path: '/tickets/:key', params: { key: 'MC-1' } });
  expect(matchPage(ticketPath('a/b c'))?.params).toEqual({ key: 'a/b c' });
});

it('knows no page for another address, nor breaks on one that is written badly', () => {
  expect(matchPage('/nowhere')).toBeNull();
  expect(matchPage('/tickets')).toBeNull();
  expect(matchPage('/tickets/MC-1/more')).toBeNull();
  expect(matchPage('/tickets/%zz')?.params).toEqual({ key: '%zz' });
});
