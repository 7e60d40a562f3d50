/** What was said, and everything that happened: two views of the same history. */
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { Tabs } from 'radix-ui';
import { useState } from 'react';
import { toast } from '../../ui/toast.ts';
import type { Comment, Ticket } from '../../../../src/contract/shapes.ts';
import { connection } from '../../api/connection.ts';
import { useIsOffline, useOutbox } from '../../api/hooks.ts';
import { outbox } from '../../api/outbox.ts';
import { activityQuery, attemptsQuery, commentsQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { inZone } from '../../format/time.ts';
import { authorName } from '../../format/worker-name.ts';
import { useMe } from '../../shell/session-context.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SafeMarkdown } from '../../ui/safe-text.tsx';
import { Ago } from '../../ui/time.tsx';

const TAB =
  'tap text-muted data-[state=active]:text-text data-[state=active]:border-accent -mb-px border-b-2 border-transparent px-1 pb-1.5 text-sm font-semibold';

export function Conversation({ ticket }: { ticket: Ticket }) {
  return (
    <Tabs.Root defaultValue="activity">
      <Tabs.List className="border-line mb-3 flex gap-4 border-b" aria-label="History">
        <Tabs.Trigger value="activity" className={TAB}>
          Activity
        </Tabs.Trigger>
        <Tabs.Trigger value="history" className={TAB}>
          History
        </Tabs.Trigger>
      </Tabs.List>
      <Tabs.Content value="activity" className="outline-none">
        <Said ticket={ticket} />
      </Tabs.Content>
      <Tabs.Content value="history" className="outline-none">
        <History ticket={ticket} />
      </Tabs.Content>
    </Tabs.Root>
  );
}

function Said({ ticket }: { ticket: Ticket }) {
  const query = useQuery(commentsQuery(ticket.key));
  const attempts = useQuery(attemptsQuery(ticket.key)).data?.items ?? [];
  const waiting = useOutbox().filter((e) => e.kind === 'comment' && e.ticket === ticket.key);
  return (
    <div className="space-y-3">
      <Loaded query={query}>
        {({ items, nextCursor }) =>
          items.length + waiting.length === 0 ? (
            <p className="text-faint text-sm">No activity yet</p>
          ) : (
            <ol className="space-y-3">
              {nextCursor !== null && (
                <li className="text-faint text-sm">
                  These are the last {items.length}. All of it is in History.
                </li>
              )}
              {items.map((comment, i) => (
                <Said1 key={`${comment.at}${i}`} comment={comment} by={authorName(comment.by, attempts)} />
              ))}
            </ol>
          )
        }
      </Loaded>
      {waiting.map((entry) => (
        <div key={entry.id} className="card border-dashed p-3" role="status">
          <p className="text-muted mb-1 flex items-center gap-2 text-xs">
            <span className="text-text font-medium">{entry.writtenBy}</span>
            <Ago at={entry.writtenAt} />
            <Badge tone="amber" className="ml-auto">
              {entry.state === 'waiting' || entry.state === 'sending'
                ? 'waiting to be sent'
                : 'not accepted: see the outbox'}
            </Badge>
          </p>
          {entry.kind === 'comment' && <SafeMarkdown text={entry.body.text} />}
        </div>
      ))}
      <CommentBox ticket={ticket} />
    </div>
  );
}

function Said1({ comment, by }: { comment: Comment; by: string }) {
  // Progress comes often and is short: a line of its own, not a box.
  if (comment.kind === 'progress')
    return (
      <li className="text-muted flex gap-2 px-1 text-sm">
        <span aria-hidden className="bg-line-strong mt-2 size-1.5 shrink-0 rounded-full" />
        <span className="min-w-0 flex-1">
          <span className="text-text">{revealHidden(by)}</span> {revealHidden(comment.text)}
        </span>
        <Ago at={comment.at} className="text-faint shrink-0 text-xs leading-5" />
      </li>
    );
  return (
    <li className="card p-3">
      <p className="text-muted mb-1 flex flex-wrap items-center gap-2 text-xs">
        <span className="text-text font-medium">{revealHidden(by)}</span>
        {comment.kind !== 'comment' && <Badge>{comment.kind.replaceAll('_', ' ')}</Badge>}
        <Ago at={comment.at} className="ml-auto" />
      </p>
      <SafeMarkdown text={comment.text} />
    </li>
  );
}

function CommentBox({ ticket }: { ticket: Ticket }) {
  const me = useMe();
  const offline = useIsOffline();
  const [text, setText] = useState('');
  const send = useMutation({
    mutationFn: async () => {
      const draft = {
        kind: 'comment' as const,
        ticket: ticket.key,
        ticketVersion: ticket.version,
        body: { text },
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
      if (became === 'kept') toast('Kept in the outbox; it goes out when the connection is back');
    },
  });
  return (
    <form
      className="space-y-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') send.mutate();
      }}
    >
      <textarea
        className="control"
        aria-label="Comment"
        placeholder={
          offline ? 'Write a comment; it goes out when the connection is back …' : 'Write a comment …'
        }
        value={text}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) e.currentTarget.form?.requestSubmit();
        }}
      />
      <ProblemNote error={send.error} />
      <div className="flex justify-end">
        <Button
          type="submit"
          busy={send.isPending}
          blocked={
            me.role === 'viewer'
              ? 'You are signed in as a viewer.'
              : text.trim() === '' && 'Write something first.'
          }
        >
          {offline ? 'Keep for later' : 'Comment'}
        </Button>
      </div>
    </form>
  );
}

function History({ ticket }: { ticket: Ticket }) {
  const query = useInfiniteQuery(activityQuery(ticket.key));
  return (
    <Loaded query={query}>
      {({ pages }) => (
        <>
          <ol className="space-y-2">
            {pages
              .flatMap((page) => page.items)
              .map((event, i) => (
                <li key={event.seq ?? `${event.at}${i}`} className="flex gap-3 text-sm">
                  <Ago at={event.at} className="text-faint w-16 shrink-0 text-xs leading-5" />
                  <span className="min-w-0 flex-1">{revealHidden(inZone(event.text))}</span>
                  <span
                    className="text-faint hidden shrink-0 font-mono text-2xs leading-5 sm:block"
                    title={`${event.actor.kind} ${event.actor.id}`}
                  >
                    {event.type}
                  </span>
                </li>
              ))}
          </ol>
          {query.hasNextPage && (
            <Button
              className="mt-3"
              busy={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              More
            </Button>
          )}
        </>
      )}
    </Loaded>
  );
}
