/** Mission Control's own scheduled work and recurring tickets: last and next run, and who switched what, and why. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { toast } from '../../ui/toast.ts';
import type { Job } from '../../../../src/contract/job-shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { jobsQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { JOB_MEANS } from '../../format/meanings.ts';
import { AddButton } from '../../parts/editable-row.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ExportView } from '../../parts/export-view.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';
import { ProblemNote, showProblem } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';
import { ticketPath } from '../../router/address.ts';
import { Link } from '../../router/link.tsx';

const ScheduleDialog = lazy(() => import('./schedule-dialog.tsx'));

/** `id` null for a new one. */
interface Scheduling {
  id: string | null;
}

export function JobsPage() {
  const query = useQuery(jobsQuery);
  const [switching, setSwitching] = useState<Job | null>(null);
  const [scheduling, setScheduling] = useState<Scheduling | null>(null);
  const rows = (jobs: Job[]) => (
    <ul className="card divide-line divide-y">
      {jobs.map((job) => (
        <JobRow
          key={job.name}
          job={job}
          onSwitch={() => setSwitching(job)}
          onEdit={() => setScheduling({ id: job.name })}
        />
      ))}
    </ul>
  );
  return (
    <>
      <PageHead title="Jobs" actions={<ExportView view="jobs" />} />
      <PageBody narrow>
        <Loaded query={query} lines={5}>
          {({ items }) => {
            const recurring = items.filter((job) => job.kind === 'recurring');
            return (
              <div className="space-y-8">
                <Section
                  title="Recurring tickets"
                  count={recurring.length}
                  actions={<AddButton what="recurring ticket" onClick={() => setScheduling({ id: null })} />}
                >
                  {recurring.length === 0 ? (
                    <Empty title="No recurring ticket yet">
                      Work that comes back, like updating the dependencies every night: one ticket with one
                      history, made ready each time it is due.
                    </Empty>
                  ) : (
                    rows(recurring)
                  )}
                </Section>
                <Section title="Mission Control’s own">
                  {rows(items.filter((job) => job.kind === 'system'))}
                </Section>
              </div>
            );
          }}
        </Loaded>
      </PageBody>
      {switching && <SwitchDialog job={switching} onClose={() => setSwitching(null)} />}
      {scheduling && (
        <Suspense fallback={null}>
          <ScheduleDialog id={scheduling.id} onClose={() => setScheduling(null)} />
        </Suspense>
      )}
    </>
  );
}

function JobRow({ job, onSwitch, onEdit }: { job: Job; onSwitch: () => void; onEdit: () => void }) {
  const blocked = useBlocked();
  const run = useMutation({
    mutationFn: () =>
      api.post<Job>(`/jobs/${encodeURIComponent(job.name)}/run`, {}, { idempotencyKey: newKey() }),
    onSuccess: () => {
      toast.success(`${job.title ?? job.name} ran`);
      void queryClient.invalidateQueries({ queryKey: keys.jobs });
    },
    onError: showProblem,
  });
  return (
    <li data-row className="flex flex-wrap items-start gap-x-4 gap-y-2 px-3.5 py-3">
      <div className="min-w-0 flex-1 basis-60">
        <p className="flex items-center gap-2 text-sm font-medium">
          {job.title === null ? (
            revealHidden(job.name)
          ) : job.ticket === null ? (
            revealHidden(job.title)
          ) : (
            <Link to={ticketPath(job.ticket)} className="hover:underline">
              {job.ticket} {revealHidden(job.title)}
            </Link>
          )}
          <Badge tone={job.enabled ? 'green' : 'amber'}>{job.enabled ? 'enabled' : 'disabled'}</Badge>
        </p>
        {JOB_MEANS[job.name] && <p className="text-muted mt-0.5 text-sm">{JOB_MEANS[job.name]}</p>}
        <p className="text-muted mt-0.5 text-xs">
          {job.schedule}
          {job.nextRun && (
            <>
              {' '}
              · next <Ago at={job.nextRun} />
            </>
          )}
        </p>
        {job.lastRun && (
          <p className="text-muted mt-0.5 text-xs">
            Last <Ago at={job.lastRun.at} />: {job.lastRun.outcome.replaceAll('_', ' ')}
            {job.lastRun.detail !== '' &&
              job.lastRun.detail !== job.lastRun.outcome &&
              ` (${revealHidden(job.lastRun.detail)})`}
          </p>
        )}
        {job.changedBy && (
          <p className="text-muted mt-0.5 text-xs">
            {job.enabled ? 'Enabled' : 'Disabled'} by {revealHidden(job.changedBy)}
            {job.reason && `: ${revealHidden(job.reason)}`}
          </p>
        )}
      </div>
      <div className="flex gap-1.5">
        {job.kind === 'recurring' && (
          <Button
            size="small"
            tone="ghost"
            blocked={blocked}
            aria-label={`Edit ${job.title ?? job.name}`}
            onClick={onEdit}
          >
            Edit
          </Button>
        )}
        <Button
          size="small"
          icon={<Play size={13} aria-hidden />}
          blocked={blocked}
          busy={run.isPending}
          aria-label={`Run now: ${job.title ?? job.name}`}
          onClick={() => run.mutate()}
        >
          Run now
        </Button>
        <Button
          size="small"
          blocked={blocked}
          onClick={onSwitch}
          aria-label={`${job.enabled ? 'Disable …' : 'Enable …'} ${job.title ?? job.name}`}
        >
          {job.enabled ? 'Disable …' : 'Enable …'}
        </Button>
      </div>
    </li>
  );
}

function SwitchDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const change = useMutation({
    mutationFn: () =>
      api.patch<Job>(
        `/jobs/${encodeURIComponent(job.name)}`,
        { enabled: !job.enabled, reason },
        { ifMatch: job.version },
      ),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.jobs });
      onClose();
    },
  });
  return (
    <Dialog
      title={`${job.enabled ? 'Disable' : 'Enable'} ${job.title ?? job.name}`}
      description="Your name and the reason stay with the job, until somebody switches it again."
      onClose={onClose}
    >
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim() !== '') change.mutate();
        }}
      >
        <Field label="Reason">
          {(c) => (
            <input
              {...c}
              className="control"
              required
              value={reason}
              onChange={(e) => setReason(e.target.value)}
            />
          )}
        </Field>
        <ProblemNote error={change.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            tone="primary"
            busy={change.isPending}
            blocked={reason.trim() === '' && 'Write the reason first.'}
          >
            {job.enabled ? 'Disable' : 'Enable'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
