/** What the attempt changed, to be read and reviewed. Read only when somebody opens it. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { Diff, Ticket } from '../../../../../src/contract/shapes.ts';
import { commentsQuery, diffQuery } from '../../../api/queries.ts';
import { revealHidden } from '../../../format/reveal-hidden.ts';
import { Button } from '../../../ui/button.tsx';
import { Loaded } from '../../../ui/loaded.tsx';
import { Section } from '../../../ui/page.tsx';
import { FileDiff } from './file-diff.tsx';
import { FileTree } from './file-tree.tsx';
import { parseDiff } from './parse-diff.ts';
import { pastComments } from './past-comments.ts';
import { PastNote } from './past-note.tsx';
import { ReviewBar } from './review-bar.tsx';
import { useDraft } from './review-draft.ts';

export default function DiffSection({
  ticket,
  attemptId,
  isOver,
}: {
  ticket: Ticket;
  attemptId: string;
  isOver: boolean;
}) {
  const draft = useDraft(attemptId);
  // A review that was begun is what one came back for.
  const [open, setOpen] = useState(() => location.hash === '#diff' || draft.comments.length > 0);
  useEffect(() => {
    if (location.hash === '#diff') document.getElementById('diff')?.scrollIntoView({ block: 'start' });
  }, []);
  return (
    <Section
      title={
        <span id="diff" className="scroll-mt-18">
          Diff
        </span>
      }
      actions={
        <Button size="small" tone="ghost" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide' : 'Show'}
        </Button>
      }
    >
      {open ? (
        <Changes ticket={ticket} attemptId={attemptId} />
      ) : (
        <p className="text-faint text-sm">
          {isOver
            ? 'What the attempt changed. Open it to comment on its lines.'
            : 'What has been saved so far.'}
        </p>
      )}
    </Section>
  );
}

function Changes({ ticket, attemptId }: { ticket: Ticket; attemptId: string }) {
  const query = useQuery(diffQuery(attemptId));
  return (
    <Loaded query={query}>{(diff) => <Files ticket={ticket} attemptId={attemptId} diff={diff} />}</Loaded>
  );
}

/** More files than this begin folded: their names are what one reads first. */
const MANY_FILES = 12;

function Files({ ticket, attemptId, diff }: { ticket: Ticket; attemptId: string; diff: Diff }) {
  const parsed = useMemo(() => new Map(parseDiff(diff.patch).map((f) => [f.path, f.rows])), [diff.patch]);
  const draft = useDraft(attemptId);
  const conversation = useQuery(commentsQuery(ticket.key)).data?.items;
  const past = useMemo(() => pastComments(conversation ?? []), [conversation]);
  const elsewhere = past.filter(({ path }) => !diff.files.some((file) => file.path === path));
  return (
    <div className="space-y-2">
      {diff.files.length === 0 && <p className="text-muted text-sm">Nothing was changed.</p>}
      {diff.files.length > 1 && <FileTree files={diff.files} draft={draft} />}
      {diff.files.map((file) => (
        <FileDiff
          key={file.path}
          attemptId={attemptId}
          file={file}
          rows={parsed.get(file.path) ?? []}
          draft={draft}
          past={past.filter(({ path }) => path === file.path)}
          openAtFirst={diff.files.length <= MANY_FILES}
        />
      ))}
      {elsewhere.length > 0 && (
        <section
          aria-label="Comments at files that this attempt does not change"
          className="card space-y-3 p-3"
        >
          <p className="text-muted text-xs">
            Of earlier reviews, at files that this attempt does not change:
          </p>
          {elsewhere.map((comment) => (
            <div key={comment.id}>
              <p className="font-mono text-xs">{revealHidden(comment.path)}</p>
              <PastNote comment={comment} fate="untouched" />
            </div>
          ))}
        </section>
      )}
      {diff.truncated && (
        <p className="text-amber text-sm">
          The diff is longer than what is kept here; read the rest in the branch.
        </p>
      )}
      <ReviewBar ticket={ticket} attemptId={attemptId} draft={draft} />
    </div>
  );
}
