/** Setting up a recurring ticket, or changing one: when it is due, with its next runs as the server reads the line. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { Schedule } from '../../../../src/contract/job-shapes.ts';
import { MISSED_RUNS, type MissedRun } from '../../../../src/domain/schedule/schedule.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { scheduleQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { draftOf, type DraftSource, fieldsOf } from '../../parts/ticket-draft.ts';
import {
  OtherFields,
  PriorityField,
  ProfileField,
  ProjectField,
  TitleField,
  useProjects,
  WordsFields,
} from '../../parts/ticket-fields.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Form } from '../../ui/form.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { toast } from '../../ui/toast.ts';
import { NextRuns } from './next-runs.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { TextField } from '../../ui/text-field.tsx';

const MISSED_WORDS: Record<MissedRun, string> = {
  run_once: 'Make up for them, once',
  skip: 'Skip them',
};

/** What people mean most often; whatever else they mean they write. */
const USUAL: [string, string][] = [
  ['Every hour', '0 * * * *'],
  ['Every night', '0 3 * * *'],
  ['Weekdays', '0 9 * * 1-5'],
  ['Mondays', '0 9 * * 1'],
  ['First of the month', '0 9 1 * *'],
];

export default function ScheduleDialog({ id, onClose }: { id: string | null; onClose: () => void }) {
  return (
    <Dialog
      title={id === null ? 'New recurring ticket' : 'Edit recurring ticket'}
      description="One ticket with one history. Each time it is due it is made ready again, unless it is still open."
      onClose={onClose}
      wide
    >
      {id === null ? <ScheduleForm onSaved={onClose} /> : <Existing id={id} onSaved={onClose} />}
    </Dialog>
  );
}

function Existing({ id, onSaved }: { id: string; onSaved: () => void }) {
  const query = useQuery(scheduleQuery(id));
  // The form begins with what it was given; what the list kept from before would be an old version.
  const fresh = query.isFetchedAfterMount ? query : { ...query, data: undefined };
  return (
    <Loaded query={fresh} lines={6}>
      {(schedule) => <ScheduleForm schedule={schedule} onSaved={onSaved} />}
    </Loaded>
  );
}

function ScheduleForm({ schedule: given, onSaved }: { schedule?: Schedule; onSaved: () => void }) {
  // As it was when the dialog opened: what somebody else changes meanwhile is refused by its version, not overwritten.
  const [schedule] = useState(given);
  const before = schedule?.ticket;
  const blocked = useBlocked();
  const projects = useProjects();
  const [chosen, setProject] = useState(schedule?.project ?? '');
  const project = chosen || projects[0]?.key || '';
  const [draft, setDraft] = useState(() => draftOf((before ?? {}) as DraftSource));
  const [cron, setCron] = useState(schedule?.cron ?? '0 3 * * *');
  const [timezone, setTimezone] = useState(
    schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
  const [missedRun, setMissedRun] = useState<MissedRun>(schedule?.missedRun ?? 'run_once');
  // The same key until the body changes: pressing twice sets up one.
  const [key, setKey] = useState(newKey);
  const line = { cron: cron.trim(), timezone: timezone.trim() || 'UTC' };
  // A line is half-written most of the time; the server is asked for what it has become.
  const asked = useDeferredValue(JSON.stringify(line));

  const save = useMutation({
    mutationFn: () => {
      const { blockedBy: _, notBefore: __, ...ticket } = fieldsOf(draft, before?.budget);
      const body = {
        ...line,
        missedRun,
        ticket,
      };
      return schedule
        ? api.patch<Schedule>(`/schedules/${encodeURIComponent(schedule.id)}`, body, {
            ifMatch: schedule.version,
          })
        : api.post<Schedule>('/schedules', { project, ...body }, { idempotencyKey: key });
    },
    onSuccess: (saved) => {
      queryClient.setQueryData(keys.schedule(saved.id), saved);
      void queryClient.invalidateQueries({ queryKey: keys.jobs });
      toast.success(schedule ? `${saved.ticket.title} is saved` : `${saved.ticket.title} is set up`);
      onSaved();
    },
    onError: () => setKey(newKey()),
  });

  const lacks =
    draft.title.trim() === ''
      ? 'Give it a title first.'
      : project === ''
        ? 'Add a project in Settings first.'
        : line.cron === ''
          ? 'Say when first.'
          : null;
  // What was set there once is not hidden from whoever edits it.
  const hasMore =
    schedule !== undefined &&
    (schedule.missedRun !== 'run_once' ||
      [before?.assignee, before?.campaign, before?.budget, before?.completion].some((each) => each != null) ||
      schedule.ticket.labels.length > 0);

  return (
    <Form
      onSend={() => {
        if (lacks === null && !blocked) save.mutate();
      }}
    >
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_9rem]">
        <TitleField
          draft={draft}
          onChange={setDraft}
          autoFocus
          placeholder="What should be true each time?"
        />
        {/* Its ticket has a key of its project; another project would be another ticket. */}
        <ProjectField value={project} disabled={schedule !== undefined} onChange={setProject} />
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="When"
          hint="A cron line: minute hour day month weekday."
          look="num font-mono"
          required
          maxLength={200}
          spellCheck={false}
          autoComplete="off"
          placeholder="0 3 * * 1-5"
          value={cron}
          onChange={setCron}
        />
        <Field label="Time zone" hint="In which the line is read, like Europe/Berlin.">
          {(c) => (
            <>
              <input
                {...c}
                className="control"
                list={`${c.id}-zones`}
                maxLength={100}
                spellCheck={false}
                autoComplete="off"
                placeholder="UTC"
                value={timezone}
                onChange={(e) => setTimezone(e.target.value)}
              />
              <datalist id={`${c.id}-zones`}>
                {['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => (
                  <option key={zone}>{zone}</option>
                ))}
              </datalist>
            </>
          )}
        </Field>
      </div>
      <div role="group" aria-label="Usual times" className="flex flex-wrap gap-1.5">
        {USUAL.map(([word, usual]) => (
          <Button
            key={word}
            size="small"
            className={line.cron === usual ? 'bg-hover!' : ''}
            aria-pressed={line.cron === usual}
            onClick={() => setCron(usual)}
          >
            {word}
          </Button>
        ))}
      </div>
      <NextRuns line={JSON.parse(asked) as typeof line} />
      <WordsFields draft={draft} onChange={setDraft} rows={4} />
      <div className="grid gap-3 sm:grid-cols-2">
        <PriorityField draft={draft} onChange={setDraft} />
        <ProfileField draft={draft} onChange={setDraft} />
      </div>
      <details open={hasMore}>
        <summary className="text-muted tap flex items-center text-sm">More</summary>
        <div className="mt-3 grid gap-3 sm:grid-cols-2">
          <SelectField
            label="Runs missed while the server was down"
            value={missedRun}
            options={MISSED_RUNS.map((each) => [each, MISSED_WORDS[each]])}
            onChange={setMissedRun}
          />
          <OtherFields
            draft={draft}
            onChange={setDraft}
            project={projects.find((each) => each.key === project)}
            isOnce={false}
          />
        </div>
      </details>
      <ProblemNote error={save.error} />
      <div className="flex items-center justify-end gap-2">
        <Button type="submit" tone="primary" busy={save.isPending} blocked={blocked ?? lacks}>
          {schedule ? 'Save' : 'Set it up'}
        </Button>
      </div>
    </Form>
  );
}
