/** A Mission Control in which every page has something on it: work done, asked, refused, waiting and failed. */
import type { Page as PageOf } from '../../../src/contract/shapes.ts';
import { MissionControl } from '../support/mission-control.ts';

export interface World {
  control: MissionControl;
  keys: Record<'waits' | 'other' | 'asks' | 'review' | 'exhausted' | 'done' | 'mine', string>;
  attempt: string;
  schedule: string;
}

export async function makeWorld(): Promise<World> {
  const control = await new MissionControl('local').start();
  await control.prepareProject([{ name: 'test', command: 'test -n "$(ls)"' }]);
  await control.api.post('/campaigns', { key: 'spring', name: 'Spring cleaning', owner: 'ada' });
  const make = async (title: string, more: Record<string, unknown> = {}): Promise<string> =>
    (await control.createTicket(title, more)).key;
  const keys = {
    asks: await make('Asks a question', { status: 'todo' }),
    review: await make('Rewrites the sample', { status: 'todo' }),
    done: await make('Is simply done', {
      status: 'todo',
      completion: { requires: ['signal', 'commit', 'check'], checks: ['test'], decidedBy: 'policy' },
    }),
    exhausted: await make('Fails with most', { status: 'todo' }),
    waits: await make('Waits in the backlog', {
      labels: ['loose'],
      description: 'As it is.',
      campaign: 'spring',
    }),
    other: await make('Waits there too', { labels: ['loose'] }),
    mine: await make('A person’s own work', {
      status: 'todo',
      assignee: 'ada',
      completion: { requires: ['signal'], decidedBy: 'human' },
    }),
  };
  await control.until(keys.asks, (t) => t.status === 'needs_input', 60_000);
  await control.until(keys.review, (t) => t.status === 'in_review' && t.runtime === 'idle', 60_000);
  await control.until(keys.exhausted, (t) => t.status === 'needs_input', 60_000);
  const done = await control.until(keys.done, (t) => t.status === 'done', 60_000);
  const { id } = await control.api.post<{ id: string }>('/schedules', {
    project: 'MC',
    cron: '0 3 * * *',
    timezone: 'UTC',
    ticket: { title: 'Count the stars' },
  });
  // The operator says within its interval that somebody has to decide.
  const end = Date.now() + 60_000;
  while ((await control.api.get<PageOf<unknown>>('/alerts')).items.length === 0 && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 300));
  return { control, keys, attempt: done.attempt?.id ?? '', schedule: id };
}
