/** The buttons for what may happen to a ticket now. Those that need no words act at once; the others ask. */
import { useMutation } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { Ticket } from '../../../src/contract/shapes.ts';
import { PERSON_TRANSITIONS, possibleTransitions, type PersonTransition } from '../api/transitions.ts';
import { useBlocked } from '../shell/session-context.ts';
import { Button } from '../ui/button.tsx';
import { showProblem } from '../ui/problem.tsx';

const TransitionDialog = lazy(() => import('./transition-dialog.tsx'));

export function TransitionButtons({
  ticket,
  only,
  size,
}: {
  ticket: Ticket;
  only?: PersonTransition[];
  size?: 'small' | 'normal';
}) {
  const blocked = useBlocked();
  const [asking, setAsking] = useState<PersonTransition | null>(null);
  const move = useMutation({
    mutationFn: async (transition: PersonTransition) => {
      const { moveTicket } = await import('../changes/change.ts');
      return moveTicket(ticket, { transition });
    },
    onError: showProblem,
  });
  const shown = possibleTransitions(ticket).filter((t) => !only || only.includes(t));
  return (
    <>
      {shown.map((transition) => {
        const words = PERSON_TRANSITIONS[transition];
        const asks = words.asks !== null || transition === 'accept';
        return (
          <Button
            key={transition}
            tone={words.tone}
            size={size}
            blocked={blocked}
            busy={move.isPending && move.variables === transition}
            title={words.explains}
            onClick={() => (asks ? setAsking(transition) : move.mutate(transition))}
          >
            {words.label}
          </Button>
        );
      })}
      <Suspense fallback={null}>
        {asking && <TransitionDialog ticket={ticket} transition={asking} onClose={() => setAsking(null)} />}
      </Suspense>
    </>
  );
}
