/** The moves that are possible, for whoever does not drag. */
import type { Ticket } from '../../../../src/contract/shapes.ts';
import type { ReactNode } from 'react';
import { PERSON_TRANSITIONS, possibleTransitions, type PersonTransition } from '../../api/transitions.ts';
import { STATUS_WORDS } from '../../format/words.ts';
import { Menu } from '../../ui/menu.tsx';
import { StatusIcon } from '../../ui/status-icon.tsx';

export default function CardMenu({
  ticket,
  blocked,
  trigger,
  open,
  onOpenChange,
  onMove,
}: {
  ticket: Ticket;
  blocked: string | null;
  trigger: ReactNode;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onMove: (ticket: Ticket, transition: PersonTransition) => void;
}) {
  const moves = possibleTransitions(ticket);
  return (
    <Menu
      label={`Move ${ticket.key}`}
      open={open}
      onOpenChange={onOpenChange}
      trigger={trigger}
      items={
        moves.length === 0
          ? [{ id: 'none', label: 'Nothing is possible now', disabled: true, onSelect: () => {} }]
          : moves.map((transition) => {
              const words = PERSON_TRANSITIONS[transition];
              return {
                id: transition,
                label: words.label,
                icon: <StatusIcon status={words.to} labelled={false} />,
                hint: blocked ?? STATUS_WORDS[words.to],
                danger: words.tone === 'danger',
                disabled: blocked !== null,
                onSelect: () => onMove(ticket, transition),
              };
            })
      }
    />
  );
}
