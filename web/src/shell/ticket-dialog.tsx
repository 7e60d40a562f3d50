/** The dialogs of one ticket that can be opened from anywhere: editing it, and a move that needs words. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { ticketQuery } from '../api/queries.ts';
import type { OpenDialog } from './dialogs.ts';

const EditDialog = lazy(() => import('../pages/ticket/edit-dialog.tsx'));
const TransitionDialog = lazy(() => import('../parts/transition-dialog.tsx'));

export default function TicketDialog({
  dialog,
  onClose,
}: {
  dialog: Extract<OpenDialog, { name: 'edit-ticket' | 'transition' }>;
  onClose: () => void;
}) {
  const ticket = useQuery(ticketQuery(dialog.ticket)).data;
  if (!ticket) return null;
  return (
    <Suspense fallback={null}>
      {dialog.name === 'edit-ticket' ? (
        <EditDialog ticket={ticket} onClose={onClose} />
      ) : (
        <TransitionDialog ticket={ticket} transition={dialog.transition} onClose={onClose} />
      )}
    </Suspense>
  );
}
