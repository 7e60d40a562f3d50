/**
 * Shows the page of the address. It changes as a transition: the page that is there stays until the next one has come,
 * and a key or a click is served before a page that is still being drawn.
 */
import { startTransition, Suspense, useEffect, useLayoutEffect, useMemo, useState } from 'react';
import { NotFoundPage } from '../shell/crash-page.tsx';
import { Gate } from '../shell/gate.tsx';
import { CrashBoundary } from './crash-boundary.tsx';
import { currentPlace, subscribe } from './history.ts';
import { matchPage, pageComponent, SIGN_IN } from './pages.ts';
import { PlaceContext } from './place-context.ts';
import { settleScroll } from './scroll.ts';

export function Router() {
  const [place, setPlace] = useState(currentPlace);
  useEffect(() => {
    const show = (): void => startTransition(() => setPlace(currentPlace()));
    // Something may have led on before this was listening.
    show();
    return subscribe(show);
  }, []);
  useLayoutEffect(() => settleScroll(place), [place]);
  const match = useMemo(() => matchPage(place.pathname), [place.pathname]);
  const value = useMemo(() => ({ place, params: match?.params ?? {} }), [place, match]);
  return (
    <PlaceContext value={value}>
      <CrashBoundary at={place.pathname} isAlone>
        {match === null ? (
          <NotFoundPage />
        ) : match.path === SIGN_IN ? (
          <Page path={match.path} />
        ) : (
          <Gate>
            <CrashBoundary at={place.pathname}>
              <Page path={match.path} />
            </CrashBoundary>
          </Gate>
        )}
      </CrashBoundary>
    </PlaceContext>
  );
}

function Page({ path }: { path: string }) {
  // Made once a page, and again only where it could not be fetched.
  const Component = pageComponent(path);
  return (
    <Suspense fallback={null}>
      {/* oxlint-disable-next-line react/static-components */}
      <Component key={path} />
    </Suspense>
  );
}
