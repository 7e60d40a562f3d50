/** The one switch: nothing new starts, nothing is accepted by policy, nothing lands. It survives restarts. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from '../ui/toast.ts';
import { api, newKey } from '../api/client.ts';
import { keys } from '../api/keys.ts';
import { overviewQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { useBlocked } from './session-context.ts';

export default function PauseDialog({ onClose }: { onClose: () => void }) {
  const paused = useQuery(overviewQuery).data?.paused != null;
  const blocked = useBlocked();
  const [reason, setReason] = useState('');
  const [stop, setStop] = useState(false);
  const change = useMutation({
    mutationFn: () =>
      api.post('/pause', paused ? { paused: false, reason } : { paused: true, stop, reason }, {
        idempotencyKey: newKey(),
      }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.overview });
      void queryClient.invalidateQueries({ queryKey: keys.policy });
      toast.success(paused ? 'Work goes on' : 'Paused');
      onClose();
    },
  });
  return (
    <Dialog
      title={paused ? 'Resume work' : 'Pause all work'}
      description={
        paused
          ? 'The dispatcher starts eligible tickets again at once.'
          : 'Nothing new starts, nothing is accepted by policy, nothing lands, until a person resumes.'
      }
      onClose={onClose}
    >
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field label="Reason" optional hint="Shown on every page, and kept in the log.">
          {(control) => (
            <input
              {...control}
              className="control"
              value={reason}
              maxLength={500}
              onChange={(e) => setReason(e.target.value)}
            />
          )}
        </Field>
        {!paused && (
          <label className="tap flex items-center gap-2 text-sm">
            <input
              type="checkbox"
              checked={stop}
              onChange={(e) => setStop(e.target.checked)}
              className="size-4"
            />
            Also stop what is running now (no retry is spent; the work is kept)
          </label>
        )}
        <ProblemNote error={change.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" tone="primary" blocked={blocked} busy={change.isPending}>
            {paused ? 'Resume' : 'Pause'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
