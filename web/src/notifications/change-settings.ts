/** What a person wants to be told, changed: shown at once, sent one after another. */
import type { NotifySettings } from '../../../src/contract/notify-shapes.ts';
import { NOTIFICATION_KINDS } from '../../../src/domain/words.ts';
import { api } from '../api/client.ts';
import { queryClient } from '../api/query-client.ts';
import { showProblem } from '../ui/problem.tsx';
import { notifySettingsQuery, readAgain } from './queries.ts';

export type SettingsChange = {
  ways?: Partial<Record<string, { app?: boolean; push?: boolean }>>;
  quiet?: NotifySettings['quiet'];
  criticalThrough?: boolean;
  muted?: { tickets?: string[]; projects?: string[] };
};

let last: Promise<void> = Promise.resolve();
let waiting = 0;

/**
 * Each press is one change; what another device has changed meanwhile stays. It is shown at once and sent in its turn, so
 * that the answer to one press does not take back the next; what the server does not take is read anew.
 */
export function changeSettings(change: SettingsChange): Promise<void> {
  const { queryKey } = notifySettingsQuery;
  const before = queryClient.getQueryData(queryKey);
  if (before) queryClient.setQueryData(queryKey, withChange(before, change));
  waiting += 1;
  last = last.then(async () => {
    try {
      const changed = await api.patch<NotifySettings>('/notifications/settings', change);
      if (waiting === 1) queryClient.setQueryData(queryKey, changed);
    } catch (error) {
      showProblem(error);
      readAgain(notifySettingsQuery);
    } finally {
      waiting -= 1;
    }
  });
  return last;
}

function withChange(before: NotifySettings, { ways, muted, ...change }: SettingsChange): NotifySettings {
  const next = { ...before, ...change, muted: { ...before.muted, ...muted }, ways: { ...before.ways } };
  for (const kind of NOTIFICATION_KINDS) next.ways[kind] = { ...before.ways[kind], ...ways?.[kind] };
  return next;
}
