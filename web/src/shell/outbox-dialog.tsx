/** What was written offline and has not gone out yet, and what the server would not take. Nothing leaves it unseen. */
import { useQuery } from '@tanstack/react-query';
import { MessageSquare, Reply, TriangleAlert } from 'lucide-react';
import { useIsOffline, useOutbox } from '../api/hooks.ts';
import { outbox, type OutboxEntry } from '../api/outbox.ts';
import { ticketQuery } from '../api/queries.ts';
import { STATUS_WORDS } from '../format/words.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { showProblem } from '../ui/problem.tsx';
import { SafeText } from '../ui/safe-text.tsx';
import { Ago } from '../ui/time.tsx';
import { ticketPath } from '../router/address.ts';
import { Link } from '../router/link.tsx';

const STATES: Record<OutboxEntry['state'], { word: string; tone: 'neutral' | 'accent' | 'amber' }> = {
  waiting: { word: 'Waiting for the connection', tone: 'neutral' },
  sending: { word: 'Being sent', tone: 'accent' },
  conflict: { word: 'The ticket moved meanwhile', tone: 'amber' },
  refused: { word: 'Not accepted', tone: 'amber' },
};

export default function OutboxDialog({ onClose }: { onClose: () => void }) {
  const entries = useOutbox();
  return (
    <Dialog
      title="Outbox"
      description="Comments and answers that have not gone out yet."
      onClose={onClose}
      wide
    >
      {entries.length === 0 ? (
        <p className="text-muted py-4 text-center text-sm">Everything has been sent.</p>
      ) : (
        <ul className="space-y-3">
          {entries.map((entry) => (
            <Entry key={entry.id} entry={entry} onClose={onClose} />
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function Entry({ entry, onClose }: { entry: OutboxEntry; onClose: () => void }) {
  const offline = useIsOffline();
  const ticket = useQuery(ticketQuery(entry.ticket)).data;
  const state = STATES[entry.state];
  const Icon = entry.kind === 'answer' ? Reply : MessageSquare;
  const stuck = entry.state === 'conflict' || entry.state === 'refused';
  const act = (action: Promise<void>): void => void action.catch(showProblem);
  return (
    <li className="card p-3">
      <div className="text-muted flex flex-wrap items-center gap-2 text-xs">
        <Icon size={14} aria-hidden />
        <span>{entry.kind === 'answer' ? 'Answer on' : 'Comment on'}</span>
        <Link
          to={ticketPath(entry.ticket)}
          onClick={onClose}
          className="text-accent num underline underline-offset-2"
        >
          {entry.ticket}
        </Link>
        <span>
          written <Ago at={entry.writtenAt} /> against version {entry.ticketVersion}
        </span>
        <Badge tone={state.tone} className="ml-auto">
          {state.word}
        </Badge>
      </div>
      {entry.kind === 'answer' && <SafeText text={entry.questionText} className="text-muted mt-2 text-sm" />}
      <SafeText text={entry.kind === 'answer' ? entry.shown : entry.body.text} className="mt-1.5 text-sm" />
      {stuck && (
        <div className="border-line mt-2 space-y-1 border-t pt-2 text-sm" role="alert">
          <p className="flex gap-1.5">
            <TriangleAlert size={15} className="text-amber mt-0.5 shrink-0" aria-hidden />
            <span>
              {entry.problem?.detail} {entry.problem?.advice}
            </span>
          </p>
          {ticket && (
            <p className="text-muted">
              Now: version {ticket.version}, {STATUS_WORDS[ticket.status].toLowerCase()}. {ticket.sentence}
            </p>
          )}
        </div>
      )}
      <div className="mt-2 flex justify-end gap-2">
        <Button size="small" tone="ghost" onClick={() => act(outbox.discard(entry.id))}>
          Discard
        </Button>
        {stuck && (
          <Button
            size="small"
            blocked={offline && 'Not possible offline.'}
            onClick={() => act(outbox.sendAnyway(entry.id))}
          >
            Send all the same
          </Button>
        )}
      </div>
    </li>
  );
}
