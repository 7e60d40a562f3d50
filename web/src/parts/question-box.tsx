/**
 * A question of an agent, to be answered where it is seen: choices as quick replies, or text. Offline the answer waits
 * in the outbox with the version of the ticket that it was written against.
 */
import { useMutation } from '@tanstack/react-query';
import { CircleHelp, Hourglass, KeyRound, RotateCcw } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { toast } from '../ui/toast.ts';
import type { Question, Ticket } from '../../../src/contract/shapes.ts';
import { connection } from '../api/connection.ts';
import { useIsOffline, useOutbox } from '../api/hooks.ts';
import { outbox } from '../api/outbox.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { workerName } from '../format/worker-name.ts';
import { useMe } from '../shell/session-context.ts';
import { Button } from '../ui/button.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { SafeMarkdown, SafeText } from '../ui/safe-text.tsx';
import { Ago } from '../ui/time.tsx';

const RetryWith = lazy(() => import('./retry-with.tsx'));

const KINDS = {
  question: { icon: CircleHelp, words: 'asks' },
  permission: { icon: KeyRound, words: 'asks for permission' },
  attempts_exhausted: { icon: RotateCcw, words: 'Out of attempts' },
} as const;

type Body = { text: string } | { choice: string };

/** @param bare without a frame, where something around it has one already */
export function QuestionBox({
  ticket,
  question,
  bare,
}: {
  ticket: Ticket;
  question: Question;
  bare?: boolean;
}) {
  const me = useMe();
  const offline = useIsOffline();
  const kept = useOutbox().find((e) => e.kind === 'answer' && e.question === question.id);
  const [text, setText] = useState('');
  const send = useMutation({
    mutationFn: async (body: Body) => {
      const shown =
        'choice' in body
          ? (question.choices.find((c) => c.id === body.choice)?.label ?? body.choice)
          : body.text;
      const draft = {
        kind: 'answer' as const,
        ticket: ticket.key,
        ticketVersion: ticket.version,
        question: question.id,
        questionText: question.text,
        body,
        shown,
        writtenBy: me.name,
      };
      if (connection.snapshot.state === 'offline') {
        await outbox.hold(draft);
        return 'kept' as const;
      }
      return outbox.send(draft);
    },
    onSuccess: (became) => {
      setText('');
      if (became === 'sent') toast.success(`Answered ${ticket.key}`);
      else toast(`Kept in the outbox; it goes out when the connection is back`);
    },
  });
  const viewer = me.role === 'viewer' ? 'You are signed in as a viewer.' : null;
  const kind = KINDS[question.kind];
  const who = question.kind === 'attempts_exhausted' ? '' : (workerName(ticket) ?? 'The agent');

  return (
    <div
      className={
        bare ? 'border-amber/60 border-l-2 pl-3' : 'border-amber/35 bg-amber-soft/50 rounded-lg border p-3.5'
      }
      data-question={question.id}
    >
      <p className="text-muted mb-1.5 flex items-center gap-1.5 text-xs">
        <kind.icon size={14} className="text-amber" aria-hidden />
        <span>
          {who && <span className="text-text font-medium">{revealHidden(who)} </span>}
          {kind.words} · <Ago at={question.askedAt} />
        </span>
      </p>
      {/* In a list of many the light form will do; the ticket's own page draws the Markdown. */}
      {bare ? <SafeText text={question.text} className="text-base" /> : <SafeMarkdown text={question.text} />}
      {question.context && (
        <details className="mt-2 text-sm">
          <summary className="text-muted">Context</summary>
          <SafeText text={question.context} className="text-muted mt-1" />
        </details>
      )}
      {kept ? (
        <p className="mt-3 flex items-start gap-1.5 text-sm" role="status">
          <Hourglass size={15} className="text-amber mt-0.5 shrink-0" aria-hidden />
          <span>
            Your answer waits in the outbox:{' '}
            <span className="font-medium">{kept.kind === 'answer' && revealHidden(kept.shown)}</span>
          </span>
        </p>
      ) : (
        <form
          className="mt-3 space-y-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() !== '') send.mutate({ text });
          }}
        >
          {question.choices.length > 0 && (
            <div className="flex flex-wrap gap-1.5" role="group" aria-label="Quick replies">
              {question.choices.map((choice) => (
                <Button
                  key={choice.id}
                  className="h-auto! min-h-8 py-1 text-left whitespace-normal!"
                  blocked={viewer}
                  busy={send.isPending}
                  onClick={() => send.mutate({ choice: choice.id })}
                >
                  {revealHidden(choice.label)}
                </Button>
              ))}
            </div>
          )}
          {question.kind === 'question' || question.choices.length === 0 ? (
            <div className="flex items-end gap-2">
              <textarea
                className="control min-h-9! max-sm:min-h-11! pointer-coarse:min-h-11! flex-1"
                rows={1}
                aria-label={`Answer ${ticket.key}`}
                placeholder={question.choices.length > 0 ? 'Or in your own words …' : 'Your answer …'}
                value={text}
                onChange={(e) => setText(e.target.value)}
                onKeyDown={(e) => {
                  if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) e.currentTarget.form?.requestSubmit();
                }}
              />
              <Button
                type="submit"
                tone="primary"
                blocked={viewer ?? (text.trim() === '' && 'Write an answer first.')}
                busy={send.isPending}
              >
                {offline ? 'Keep' : 'Answer'}
              </Button>
            </div>
          ) : null}
          <ProblemNote error={send.error} />
        </form>
      )}
      {question.kind === 'attempts_exhausted' && !offline && (
        <Suspense fallback={null}>
          <RetryWith ticket={ticket} question={question} />
        </Suspense>
      )}
    </div>
  );
}
