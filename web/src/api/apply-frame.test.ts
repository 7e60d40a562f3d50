import { QueryObserver } from '@tanstack/react-query';
import { expect, it, vi } from 'vitest';
import { applyFrame } from './apply-frame.ts';
import { keys } from './keys.ts';
import { queryClient } from './query-client.ts';

it('what is being read for the first time when it changes is read once more: the answer may be older', async () => {
  const answers: ((count: number) => void)[] = [];
  const read = (): Promise<number> => new Promise((resolve) => answers.push(resolve));
  const stop = new QueryObserver(queryClient, { queryKey: keys.overview, queryFn: read }).subscribe(() => {});
  expect(answers).toHaveLength(1);
  applyFrame({ id: '7', event: 'ticket.created', data: '{"ticket":"MC-1"}' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(answers).toHaveLength(1);
  answers[0]?.(1);
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.(2);
  await vi.waitFor(() => expect(queryClient.getQueryData(keys.overview)).toBe(2));
  // And no further: what was asked for after the change knows it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(answers).toHaveLength(2);
  stop();
});
