/** The review as a whole: what is written so far, and the one button that sends all of it to the agent. */
import { useMutation } from '@tanstack/react-query';
import type { Ticket } from '../../../../../src/contract/shapes.ts';
import { moveTicket } from '../../../changes/change.ts';
import { useBlocked } from '../../../shell/session-context.ts';
import { Button } from '../../../ui/button.tsx';
import { ProblemNote } from '../../../ui/problem.tsx';
import { changeDraft, commentsOf, forgetDraft, type ReviewDraft } from './review-draft.ts';

export function ReviewBar({
  ticket,
  attemptId,
  draft,
}: {
  ticket: Ticket;
  attemptId: string;
  draft: ReviewDraft;
}) {
  const blocked = useBlocked();
  const send = useMutation({
    mutationFn: () =>
      moveTicket(ticket, {
        transition: 'request_changes',
        feedback: draft.summary.trim(),
        comments: commentsOf(draft),
      }),
    onSuccess: () => forgetDraft(attemptId),
  });
  const count = draft.comments.length;
  if (count === 0) return null;
  const tooEarly = ticket.allowedTransitions.includes('request_changes')
    ? null
    : 'It can be sent while the ticket is in review; until then it is kept here.';
  return (
    <form
      aria-label="Your review"
      className="border-line-strong bg-raised shadow-high sticky bottom-2 z-3 space-y-2 rounded-lg border p-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (blocked === null && tooEarly === null) send.mutate();
      }}
    >
      <p className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <span className="font-medium">
          {count} comment{count === 1 ? '' : 's'} in your review
        </span>
        <span className="text-muted text-xs">
          {tooEarly ?? 'Kept on this device. The next attempt gets all of it as one piece of feedback.'}
        </span>
      </p>
      <textarea
        className="control min-h-9!"
        rows={1}
        aria-label="Summary of the review"
        placeholder="In a sentence, what matters most (optional) …"
        value={draft.summary}
        onChange={(event) => {
          const summary = event.target.value;
          changeDraft(attemptId, (old) => ({ ...old, summary }));
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey))
            event.currentTarget.form?.requestSubmit();
        }}
      />
      <ProblemNote error={send.error} />
      <div className="flex justify-end gap-2">
        <Button
          tone="ghost"
          onClick={() => {
            if (confirm(`Throw away ${count === 1 ? 'the comment' : `all ${count} comments`}?`))
              forgetDraft(attemptId);
          }}
        >
          Throw away
        </Button>
        <Button type="submit" tone="primary" busy={send.isPending} blocked={blocked ?? tooEarly}>
          Request changes
        </Button>
      </div>
    </form>
  );
}
