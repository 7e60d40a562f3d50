/** Says that what one sees was kept on this device, how old it is, and what waits to go out. */
import { CloudOff } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { connection } from '../api/connection.ts';
import { useConnection, useNow, useOutbox } from '../api/hooks.ts';
import { queryClient } from '../api/query-client.ts';
import { relativeTime } from '../format/time.ts';
import { openDialog } from './dialogs.ts';

/** The oldest of what the page shows now. */
function oldestShown(): number {
  let oldest = Infinity;
  for (const query of queryClient.getQueryCache().getAll())
    if (query.isActive() && query.state.data !== undefined && query.queryKey[0] !== 'session')
      oldest = Math.min(oldest, query.state.dataUpdatedAt);
  return Number.isFinite(oldest) ? oldest : 0;
}
const cache = queryClient.getQueryCache();
const subscribe = (listener: () => void): (() => void) => cache.subscribe(listener);

export function OfflineBanner() {
  const { state } = useConnection();
  const waiting = useOutbox();
  const stuck = waiting.filter((e) => e.state === 'conflict' || e.state === 'refused').length;
  if (state !== 'offline' && waiting.length === 0) return null;
  return (
    <div
      role="status"
      className="border-line bg-sunken text-muted flex min-h-9 flex-wrap items-center gap-x-3 gap-y-0.5 border-b px-4 py-1 text-sm sm:px-6"
    >
      {state === 'offline' && (
        <>
          <CloudOff size={15} className="text-amber shrink-0" aria-hidden />
          <span>
            <span className="text-text font-medium">You're offline — showing cached data</span> <DataAge />
          </span>
        </>
      )}
      <span className="ml-auto flex items-center gap-1">
        {waiting.length > 0 && (
          <button
            type="button"
            className="tap hover:bg-hover rounded px-2 py-0.5 text-sm underline-offset-2 hover:underline"
            onClick={() => openDialog({ name: 'outbox' })}
          >
            {stuck > 0 ? `${stuck} in the outbox to look at` : `${waiting.length} waiting to be sent`}
          </button>
        )}
        {state === 'offline' && (
          <button
            type="button"
            className="tap hover:bg-hover rounded px-2 py-0.5 text-sm underline-offset-2 hover:underline"
            onClick={() => connection.retry()}
          >
            Try now
          </button>
        )}
      </span>
    </div>
  );
}

function DataAge() {
  const now = useNow();
  const at = useSyncExternalStore(subscribe, oldestShown);
  if (at === 0) return null;
  return (
    <span className="num">
      · read <time dateTime={new Date(at).toISOString()}>{relativeTime(at, now)}</time>
    </span>
  );
}
