/** Title, the five facts of the seed, the sentence, and what can be done. */
import { Pencil } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { inZone } from '../../format/time.ts';
import { RUNTIME_WORDS, STATUS_WORDS } from '../../format/words.ts';
import { MuteButton } from '../../notifications/mute-button.tsx';
import { TransitionButtons } from '../../parts/transition-buttons.tsx';
import { openDialog } from '../../shell/dialogs.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { StatusIcon } from '../../ui/status-icon.tsx';
import { Ago } from '../../ui/time.tsx';

export function TicketHead({ ticket }: { ticket: Ticket }) {
  const blocked = useBlocked();
  return (
    <header data-page-ticket={ticket.key}>
      <p className="num text-faint text-sm">{ticket.key}</p>
      <h1 className="mt-0.5 text-xl leading-snug font-semibold tracking-tight text-balance">
        {revealHidden(ticket.title)}
      </h1>
      <dl className="border-line bg-surface shadow-card mt-4 grid grid-cols-2 overflow-hidden rounded-lg border sm:grid-cols-[repeat(5,auto)] sm:justify-start sm:divide-x sm:divide-line">
        <Fact name="State">
          <StatusIcon status={ticket.status} runtime={ticket.runtime} labelled={false} />
          {STATUS_WORDS[ticket.status]}
        </Fact>
        <Fact name="Next Action">{inZone(ticket.nextAction.text)}</Fact>
        <Fact name="Owner">
          {ticket.owner ? revealHidden(ticket.owner) : <span className="text-faint">Nobody</span>}
        </Fact>
        <Fact name="Runtime">{RUNTIME_WORDS[ticket.runtime]}</Fact>
        <Fact name="Age">
          <Ago at={ticket.statusSince} />
        </Fact>
      </dl>
      <p className="text-muted mt-3 text-sm" data-sentence>
        {ticket.sentence}
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        <TransitionButtons ticket={ticket} />
        <Button
          tone="ghost"
          icon={<Pencil size={14} aria-hidden />}
          blocked={blocked}
          title="Edit (E)"
          onClick={() => openDialog({ name: 'edit-ticket', ticket: ticket.key })}
        >
          Edit
        </Button>
        <MuteButton ticket={ticket.key} />
      </div>
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0 px-3.5 py-2 sm:pr-6">
      <dt className="text-faint text-2xs">{name}</dt>
      <dd className="flex items-center gap-1.5 text-sm font-medium">{children}</dd>
    </div>
  );
}
