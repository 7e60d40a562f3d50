import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { dropOldest } from './kept-queries.ts';

it('what was read longest ago goes when it becomes too much, and never what is on the screen', () => {
  const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity } } });
  for (let n = 0; n < 120; n += 1) client.setQueryData(['ticket', n], { n }, { updatedAt: 1_000 + n });
  const stop = new QueryObserver(client, { queryKey: ['ticket', 0], enabled: false }).subscribe(() => {});
  dropOldest(client, 200);
  expect(client.getQueryCache().getAll()).toHaveLength(120);
  dropOldest(client, 100);
  const left = client
    .getQueryCache()
    .getAll()
    .map((query) => query.queryKey[1]);
  expect(left).toHaveLength(91);
  expect(left).toContain(0);
  expect(left).not.toContain(29);
  expect(left).toContain(30);
  stop();
});
