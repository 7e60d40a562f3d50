/** One item of the inbox with what it needs to be decided on the spot. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { BellRing, GitMerge, MessageCircleQuestion, SearchCheck, ShieldAlert } from 'lucide-react';
import { useState } from 'react';
import { toast } from '../ui/toast.ts';
import type { InboxItem, Ticket } from '../../../src/contract/shapes.ts';
import type { InboxKind } from '../../../src/domain/words.ts';
import { api, newKey } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { attemptQuery, ticketQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { INBOX_WORDS } from '../format/words.ts';
import { useBlocked } from '../shell/session-context.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { EvidenceBadges } from '../ui/evidence-badge.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { SafeText } from '../ui/safe-text.tsx';
import { Ago } from '../ui/time.tsx';
import { QuestionBox } from './question-box.tsx';
import { TransitionButtons } from './transition-buttons.tsx';
import { ticketPath } from '../router/address.ts';
import { Link } from '../router/link.tsx';

const ICONS: Record<InboxKind, typeof BellRing> = {
  review: SearchCheck,
  question: MessageCircleQuestion,
  attempts_exhausted: MessageCircleQuestion,
  alert: BellRing,
  conflict: GitMerge,
};

export function DecisionCard({ item }: { item: InboxItem }) {
  const ticket = useQuery({ ...ticketQuery(item.ticket ?? ''), enabled: item.ticket !== null }).data;
  const Icon = ICONS[item.kind];
  return (
    <article
      className="card p-3.5"
      data-row
      data-ticket={item.ticket ?? undefined}
      aria-label={`${INBOX_WORDS[item.kind]}: ${item.ticket ?? item.subject}`}
    >
      <header className="text-muted flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
        <Icon size={15} aria-hidden className={item.kind === 'review' ? 'text-violet' : 'text-amber'} />
        <span className="font-medium">{INBOX_WORDS[item.kind]}</span>
        {item.for === 'orchestrator' && (
          <Badge title="The orchestrator decides this; a person may do it first">for the orchestrator</Badge>
        )}
        {item.deadline && (
          <span>
            due <Ago at={item.deadline} />
          </span>
        )}
        <span className="num ml-auto">
          {item.ticket && <span className="mr-2">{item.ticket}</span>}
          <Ago at={item.createdAt} />
        </span>
      </header>
      <h3 className="mt-1 mb-2 text-base leading-snug font-medium">
        {item.ticket ? (
          <Link to={ticketPath(item.ticket)} className="tap inline-flex items-center hover:underline">
            {revealHidden(ticket?.title ?? item.subject)}
          </Link>
        ) : (
          <span tabIndex={-1}>{revealHidden(item.subject)}</span>
        )}
      </h3>
      <Body item={item} ticket={ticket} />
    </article>
  );
}

function Body({ item, ticket }: { item: InboxItem; ticket: Ticket | undefined }) {
  switch (item.kind) {
    case 'question':
    case 'attempts_exhausted': {
      const question = ticket?.questions.find((q) => q.id === item.question);
      // Until the ticket is read, the title above says the subject already.
      if (!ticket || !question) return null;
      return <QuestionBox ticket={ticket} question={question} bare />;
    }
    case 'review':
      return ticket ? <Review ticket={ticket} attemptId={item.attempt} /> : null;
    case 'conflict':
      return (
        <>
          {ticket?.landing?.reason && (
            <SafeText text={ticket.landing.reason} className="text-muted mb-2 text-sm" />
          )}
          <Decide item={item} decisions={[['retry', 'Try to land again']]} />
          {ticket && (
            <div className="mt-2 flex flex-wrap gap-2">
              <TransitionButtons ticket={ticket} only={['request_changes', 'cancel']} size="small" />
            </div>
          )}
        </>
      );
    case 'alert':
      return <Decide item={item} decisions={[['acknowledge', 'Acknowledge']]} />;
  }
}

function Review({ ticket, attemptId }: { ticket: Ticket; attemptId: string | null }) {
  const id = attemptId ?? ticket.attempt?.id ?? '';
  const attempt = useQuery({ ...attemptQuery(id), enabled: id !== '' }).data;
  const touched = ticket.evidence.flatMap((e) => (e.attempt === id ? (e.details.protectedPaths ?? []) : []));
  return (
    <div className="space-y-2.5">
      {attempt?.summary && <SafeText text={attempt.summary} className="text-muted line-clamp-4 text-sm" />}
      <EvidenceBadges evidence={ticket.evidence} />
      {touched.length > 0 && <ProtectedPaths paths={touched} />}
      <div className="flex flex-wrap items-center gap-2">
        <TransitionButtons ticket={ticket} only={['accept', 'request_changes']} />
        <Link
          to={ticketPath(ticket.key)}
          hash="diff"
          className="tap text-muted hover:text-text inline-flex h-8 items-center px-2 text-sm underline-offset-2 hover:underline"
        >
          See the diff
        </Link>
      </div>
    </div>
  );
}

export function ProtectedPaths({ paths }: { paths: string[] }) {
  return (
    <p className="text-amber flex items-start gap-1.5 text-sm">
      <ShieldAlert size={15} className="mt-0.5 shrink-0" aria-hidden />
      <span>
        Touches protected paths:{' '}
        <span className="font-mono text-xs">{paths.map(revealHidden).join(', ')}</span>
      </span>
    </p>
  );
}

function Decide({ item, decisions }: { item: InboxItem; decisions: [string, string][] }) {
  const blocked = useBlocked();
  const [reason, setReason] = useState('');
  const act = useMutation({
    mutationFn: (decision: string) =>
      api.post(
        `/inbox/${encodeURIComponent(item.id)}/act`,
        { decision, reason },
        { idempotencyKey: newKey() },
      ),
    onSuccess: () => {
      toast.success('Decided');
      for (const queryKey of [keys.allInbox, keys.alerts, keys.overview])
        void queryClient.invalidateQueries({ queryKey });
    },
  });
  return (
    <form
      className="space-y-2"
      onSubmit={(event) => {
        event.preventDefault();
        const first = decisions[0];
        if (first && reason.trim() !== '') act.mutate(first[0]);
      }}
    >
      <div className="flex flex-wrap items-center gap-2">
        <input
          className="control min-w-48 flex-1"
          aria-label="Reason"
          placeholder="What you know or did about it"
          value={reason}
          onChange={(e) => setReason(e.target.value)}
        />
        {decisions.map(([decision, label]) => (
          <Button
            key={decision}
            blocked={blocked ?? (reason.trim() === '' && 'Write the reason first: it stays in the log.')}
            busy={act.isPending}
            onClick={() => act.mutate(decision)}
          >
            {label}
          </Button>
        ))}
      </div>
      <ProblemNote error={act.error} />
    </form>
  );
}
