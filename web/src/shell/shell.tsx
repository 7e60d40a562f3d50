/** The frame around every page: where one is, how Mission Control is, and what this device knows. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { overviewQuery } from '../api/queries.ts';
import type { Session } from '../api/types.ts';
import { OfflineBanner } from './offline-banner.tsx';
import { Button } from '../ui/button.tsx';
import { Spare } from '../ui/spare.tsx';
import { onFirstToast } from '../ui/toast.ts';
import { useIsIdle } from '../ui/when-idle.ts';
import { useDialog, openDialog } from './dialogs.ts';
import { PauseBanner } from './pause-banner.tsx';
import { BottomBar, Sidebar } from './sidebar.tsx';
import { SessionContext } from './session-context.ts';
import { Palette, TicketPicker } from './keyed-dialogs.ts';
import { useShortcuts } from './shortcuts.ts';

const NotificationWatch = lazy(() => import('../notifications/watch.tsx'));
const Toaster = lazy(() => import('./toaster.tsx'));
const MoreSheet = lazy(() => import('./more-sheet.tsx'));
const NewTicketDialog = lazy(() => import('../pages/board/new-ticket-dialog.tsx'));
const PauseDialog = lazy(() => import('./pause-dialog.tsx'));
const OutboxDialog = lazy(() => import('./outbox-dialog.tsx'));
const TicketDialog = lazy(() => import('./ticket-dialog.tsx'));
const ShortcutsDialog = lazy(() => import('../pages/help/shortcuts-dialog.tsx'));

export function Shell({ session, children }: { session: Session; children: ReactNode }) {
  const overview = useQuery(overviewQuery).data;
  const isIdle = useIsIdle();
  useShortcuts();
  return (
    <SessionContext value={session}>
      <a
        href="#main"
        className="bg-accent-fill text-on-accent fixed top-2 left-2 z-[60] -translate-y-20 rounded-md px-3 py-2 text-sm focus:translate-y-0"
      >
        Skip to the page
      </a>
      <div className="flex h-dvh">
        <Sidebar overview={overview} session={session} />
        <div className="flex min-w-0 flex-1 flex-col">
          <OfflineBanner />
          <PauseBanner paused={overview?.paused ?? null} />
          <main
            id="main"
            tabIndex={-1}
            data-scroll-restoration-id="main"
            className="relative flex min-h-0 min-w-0 flex-1 flex-col overflow-y-auto outline-none"
          >
            {children}
          </main>
          <BottomBar overview={overview} />
        </div>
      </div>
      <Spare
        fallback={(again) => (
          <NotHere
            onClose={() => {
              openDialog(null);
              again();
            }}
          />
        )}
      >
        <Dialogs />
      </Spare>
      <Spare>
        <Messages />
      </Spare>
      <Spare>
        <Suspense fallback={null}>{isIdle && <NotificationWatch />}</Suspense>
      </Spare>
    </SessionContext>
  );
}

/** A dialog whose code never reached this device: said where it would have been. */
function NotHere({ onClose }: { onClose: () => void }) {
  return (
    <div
      role="alertdialog"
      aria-label="Not on this device"
      className="border-line-strong bg-raised shadow-high fixed inset-x-4 bottom-20 z-50 mx-auto flex max-w-md items-center gap-3 rounded-xl border p-4 text-sm"
    >
      <p className="flex-1">
        This part of the app is not on this device yet, and the server cannot be reached. Nothing was changed.
      </p>
      <Button autoFocus onClick={onClose}>
        Close
      </Button>
    </div>
  );
}

function Messages() {
  const [wanted, setWanted] = useState(false);
  useEffect(() => onFirstToast(() => setWanted(true)), []);
  return <Suspense fallback={null}>{wanted && <Toaster />}</Suspense>;
}

function Dialogs() {
  const dialog = useDialog();
  const close = (): void => openDialog(null);
  if (dialog === null) return null;
  return (
    <Suspense fallback={null}>
      {dialog.name === 'palette' && <Palette initial={dialog.query} onClose={close} />}
      {dialog.name === 'new-ticket' && <NewTicketDialog project={dialog.project} onClose={close} />}
      {dialog.name === 'pause' && <PauseDialog onClose={close} />}
      {dialog.name === 'outbox' && <OutboxDialog onClose={close} />}
      {dialog.name === 'more' && <MoreSheet onClose={close} />}
      {dialog.name === 'shortcuts' && <ShortcutsDialog onClose={close} />}
      {dialog.name === 'pick' && (
        <TicketPicker key={dialog.what} what={dialog.what} keys={dialog.tickets} onClose={close} />
      )}
      {(dialog.name === 'transition' || dialog.name === 'edit-ticket') && (
        <TicketDialog dialog={dialog} onClose={close} />
      )}
    </Suspense>
  );
}
