/** Makes a transition, asking for what it needs. What the server refuses stands here, with its way out. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ticket } from '../../../src/contract/shapes.ts';
import { queryClient } from '../api/query-client.ts';
import { ticketQuery } from '../api/queries.ts';
import { PERSON_TRANSITIONS, type PersonTransition, type TransitionInput } from '../api/transitions.ts';
import { moveTicket } from '../changes/change.ts';
import { commentsOf, forgetDraft, useDraft } from '../pages/ticket/review/review-draft.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { useBlocked } from '../shell/session-context.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { EvidenceBadges } from '../ui/evidence-badge.tsx';
import { Field } from '../ui/field.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { ApiProblem } from '../api/client.ts';
import { ticketPath } from '../router/address.ts';
import { Link } from '../router/link.tsx';

const LABELS = {
  reason: 'Reason',
  optional_reason: 'Reason',
  feedback: 'What should change?',
  summary: 'What did you do?',
} as const;

const isOutdated = (error: unknown): boolean => error instanceof ApiProblem && error.status === 412;

/**
 * What a person decides on. What Mission Control finds out meanwhile shows in the badges as it comes, and is nobody's
 * change: whoever presses Accept while a check ends has not to be asked again.
 */
const matterOf = (ticket: Ticket): string =>
  JSON.stringify([
    ticket.status,
    ticket.attempt?.id,
    ticket.title,
    ticket.description,
    ticket.acceptanceCriteria,
    ticket.completion,
    ticket.questions,
    ticket.waivers,
    ticket.landing,
    ticket.feedback,
  ]);

export default function TransitionDialog({
  ticket: seen,
  transition,
  onClose,
}: {
  ticket: Ticket;
  transition: PersonTransition;
  onClose: () => void;
}) {
  const words = PERSON_TRANSITIONS[transition];
  const blocked = useBlocked();
  // The decision is bound to what the person saw, until they have been shown the newer state.
  const [shown, setShown] = useState(seen);
  const ticket = useQuery({ ...ticketQuery(seen.key), initialData: seen }).data;
  const [text, setText] = useState('');
  const [commit, setCommit] = useState('');
  // A review that was begun at the lines of the diff goes along.
  const attemptId = seen.attempt?.id ?? '';
  const draft = useDraft(attemptId);
  const written = transition === 'request_changes' ? commentsOf(draft) : [];
  const move = useMutation({
    mutationFn: async () => {
      const input: TransitionInput = { transition };
      if (words.asks === 'feedback') {
        input.feedback = text;
        if (written.length > 0) input.comments = written;
      } else if (words.asks === 'summary') {
        input.summary = text;
        if (commit.trim() !== '') input.commit = commit.trim();
      } else if (text.trim() !== '') input.reason = text;
      try {
        return await moveTicket(shown, input);
      } catch (error) {
        if (!isOutdated(error)) throw error;
        const now = await queryClient.fetchQuery({ ...ticketQuery(seen.key), staleTime: 0 });
        if (matterOf(now) !== matterOf(shown)) throw error;
        return moveTicket(now, input);
      }
    },
    onSuccess: () => {
      if (written.length > 0) forgetDraft(attemptId);
      onClose();
    },
  });
  const isStale = isOutdated(move.error) && ticket.version !== shown.version;
  const needsText = words.asks !== null && words.asks !== 'optional_reason' && written.length === 0;
  return (
    <Dialog title={`${words.label}: ${seen.key}`} description={words.explains} onClose={onClose}>
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (!needsText || text.trim() !== '') move.mutate();
        }}
      >
        <p className="text-sm font-medium">{revealHidden(ticket.title)}</p>
        {ticket.status === 'in_review' && <EvidenceBadges evidence={ticket.evidence} />}
        {written.length > 0 && (
          <p className="text-muted text-sm">
            {written.length === 1
              ? 'Your comment in the diff goes with it.'
              : `Your ${written.length} comments in the diff go with it.`}
          </p>
        )}
        {words.asks && (
          <Field label={LABELS[words.asks]} optional={!needsText}>
            {(control) => (
              <textarea
                {...control}
                className="control"
                required={needsText}
                value={text}
                onChange={(e) => setText(e.target.value)}
                onKeyDown={(e) => {
                  if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) e.currentTarget.form?.requestSubmit();
                }}
              />
            )}
          </Field>
        )}
        {words.asks === 'summary' && (
          <Field label="Commit" optional hint="The full id; it may be on any branch of the project.">
            {(control) => (
              <input
                {...control}
                className="control font-mono"
                value={commit}
                onChange={(e) => setCommit(e.target.value)}
              />
            )}
          </Field>
        )}
        {isOutdated(move.error) ? (
          <p role="alert" className="text-amber text-sm">
            {seen.key} was changed while you decided. Nothing was done yet.
          </p>
        ) : (
          <ProblemNote error={move.error} />
        )}
        {move.error instanceof ApiProblem && move.error.code === 'evidence_incomplete' && (
          <p className="text-sm">
            <Link
              to={ticketPath(seen.key)}
              hash="evidence"
              onClick={onClose}
              className="text-accent underline underline-offset-2"
            >
              See the evidence, verify again, or write a waiver
            </Link>
          </p>
        )}
        {isStale && (
          <div className="border-line rounded-md border p-2.5 text-sm">
            <p>
              Version {shown.version} → {ticket.version}. Now: {ticket.sentence}
            </p>
            <Button
              size="small"
              className="mt-2"
              onClick={() => {
                setShown(ticket);
                move.reset();
              }}
            >
              I have seen it; decide on this version
            </Button>
          </div>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            tone={words.tone === 'danger' ? 'danger' : 'primary'}
            busy={move.isPending}
            blocked={blocked ?? (needsText && text.trim() === '' && 'Write it first.')}
          >
            {words.label}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
