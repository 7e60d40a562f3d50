/** Out of attempts: trying again with another profile, as one decision. The same agent often fails the same way. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { InboxItem, Question, Ticket } from '../../../src/contract/shapes.ts';
import { api, newKey } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { inboxQuery, profilesQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { useBlocked } from '../shell/session-context.ts';
import { Button } from '../ui/button.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { toast } from '../ui/toast.ts';

export default function RetryWith({ ticket, question }: { ticket: Ticket; question: Question }) {
  const blocked = useBlocked();
  const item = useQuery(inboxQuery('pending,delivered')).data?.items.find((i) => i.question === question.id);
  const all = useQuery(profilesQuery).data?.items ?? [];
  const others = all.filter((p) => p.id !== (ticket.attempt?.profile ?? ticket.profile));
  const [profile, setProfile] = useState('');
  const retry = useMutation({
    mutationFn: () =>
      api.post<InboxItem>(
        `/inbox/${encodeURIComponent(item?.id ?? '')}/act`,
        { decision: 'retry', reason: `Try again with ${profile}`, profile },
        { idempotencyKey: newKey() },
      ),
    onSuccess: () => {
      toast.success(`${ticket.key} is tried again with ${profile}`);
      for (const queryKey of [keys.allInbox, keys.ticket(ticket.key), keys.overview])
        void queryClient.invalidateQueries({ queryKey });
    },
  });
  if (item === undefined || others.length === 0) return null;
  return (
    <div className="mt-2 space-y-2">
      <div className="flex flex-wrap items-center gap-2">
        <select
          className="control w-auto! min-w-40"
          aria-label={`Another profile for ${ticket.key}`}
          value={profile}
          onChange={(e) => setProfile(e.target.value)}
        >
          <option value="">With another profile …</option>
          {others.map((p) => (
            <option key={p.id} value={p.id}>
              {p.id}
            </option>
          ))}
        </select>
        {profile !== '' && (
          <Button blocked={blocked} busy={retry.isPending} onClick={() => retry.mutate()}>
            Try again with {profile}
          </Button>
        )}
      </div>
      <ProblemNote error={retry.error} />
    </div>
  );
}
