/**
 * What stands where data will be: a quiet skeleton while it is read, the problem when it could not be, and a plain word
 * when this was never opened while the server could be reached. Cached data is always shown rather than any of these.
 */
import { CloudOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { Unreachable } from '../api/client.ts';
import { useIsOffline } from '../api/hooks.ts';
import { Button } from './button.tsx';
import { Empty } from './page.tsx';
import { ProblemNote } from './problem.tsx';

interface Reading<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

export function Loaded<T>({
  query,
  children,
  lines = 3,
}: {
  query: Reading<T>;
  children: (data: T) => ReactNode;
  lines?: number;
}) {
  const offline = useIsOffline();
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (offline || query.error instanceof Unreachable)
    return (
      <Empty title="Not kept on this device" icon={<CloudOff size={20} aria-hidden />}>
        You have not opened this while Mission Control could be reached. It appears when the connection is
        back.
      </Empty>
    );
  if (query.error)
    return (
      <div className="space-y-2">
        <ProblemNote error={query.error} />
        <Button onClick={() => query.refetch()}>Try again</Button>
      </div>
    );
  return <Skeleton lines={lines} />;
}

export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div className="space-y-2" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className="bg-hover animate-pulse-soft h-9 rounded-md" />
      ))}
    </div>
  );
}
