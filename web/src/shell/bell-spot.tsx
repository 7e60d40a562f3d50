/** Where the bell hangs. It comes after the first paint: what it knows is not what the page was opened for. */
import { lazy, Suspense } from 'react';
import { Spare } from '../ui/spare.tsx';
import { useIsIdle } from '../ui/when-idle.ts';

const Bell = lazy(() => import('../notifications/bell.tsx'));

export function BellSpot() {
  const isIdle = useIsIdle();
  return (
    <Spare>
      <Suspense fallback={<span className="block size-8" />}>
        {isIdle ? <Bell /> : <span className="block size-8" />}
      </Suspense>
    </Spare>
  );
}
