/** Setting up a recurring ticket, or changing one: when it is due, with its next runs as the server reads the line. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import type { Schedule } from '../../../../src/contract/job-shapes.ts';
import { MISSED_RUNS, type MissedRun } from '../../../../src/domain/schedule/schedule.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { projectsQuery, scheduleQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { splitLines, splitWords } from '../../format/command.ts';
import { CompletionFields, type OwnCompletion } from '../../parts/completion-fields.tsx';
import { CampaignField, PriorityField, ProfileField } from '../../parts/ticket-fields.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { toast } from '../../ui/toast.ts';
import { NextRuns } from './next-runs.tsx';
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
  const projects = useQuery(projectsQuery).data?.items ?? [];
  const [chosen, setProject] = useState(schedule?.project ?? '');
  const project = chosen || projects[0]?.key || '';
  const [title, setTitle] = useState(before?.title ?? '');
  const [cron, setCron] = useState(schedule?.cron ?? '0 3 * * *');
  const [timezone, setTimezone] = useState(
    schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
  const [missedRun, setMissedRun] = useState<MissedRun>(schedule?.missedRun ?? 'run_once');
  const [description, setDescription] = useState(before?.description ?? '');
  const [criteria, setCriteria] = useState(before?.acceptanceCriteria.join('\n') ?? '');
  const [priority, setPriority] = useState(before?.priority ?? 2);
  const [profile, setProfile] = useState(before?.profile ?? '');
  const [assignee, setAssignee] = useState(before?.assignee ?? '');
  const [campaign, setCampaign] = useState(before?.campaign ?? '');
  const [labels, setLabels] = useState(before?.labels.join(', ') ?? '');
  const [usd, setUsd] = useState(before?.budget?.usd?.toString() ?? '');
  const [completion, setCompletion] = useState((before?.completion ?? null) as OwnCompletion);
  // The same key until the body changes: pressing twice sets up one.
  const [key, setKey] = useState(newKey);
  const line = { cron: cron.trim(), timezone: timezone.trim() || 'UTC' };
  // A line is half-written most of the time; the server is asked for what it has become.
  const asked = useDeferredValue(JSON.stringify(line));

  const save = useMutation({
    mutationFn: () => {
      const { usd: _, ...otherBudget } = before?.budget ?? {};
      const budget = usd === '' ? otherBudget : { ...otherBudget, usd: Number(usd) };
      const body = {
        ...line,
        missedRun,
        ticket: {
          title: title.trim(),
          description,
          acceptanceCriteria: splitLines(criteria),
          priority,
          profile: profile || null,
          assignee: assignee.trim() || null,
          campaign: campaign || null,
          labels: splitWords(labels),
          budget: Object.keys(budget).length === 0 ? null : budget,
          completion,
        },
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
    title.trim() === ''
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
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (lacks === null && !blocked) save.mutate();
      }}
      onKeyDown={(e) => {
        if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) e.currentTarget.requestSubmit();
      }}
    >
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_9rem]">
        <TextField
          label="Title"
          required
          autoFocus
          maxLength={200}
          placeholder="What should be true each time?"
          value={title}
          onChange={setTitle}
        />
        <Field label="Project">
          {(c) => (
            <select
              {...c}
              className="control"
              required
              // Its ticket has a key of its project; another project would be another ticket.
              disabled={schedule !== undefined}
              value={project}
              onChange={(e) => setProject(e.target.value)}
            >
              {projects.map((p) => (
                <option key={p.key} value={p.key}>
                  {p.key} · {p.name}
                </option>
              ))}
            </select>
          )}
        </Field>
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
      <TextField
        label="Description"
        optional
        hint="Markdown. The agent reads it as it stands."
        area
        rows={4}
        value={description}
        onChange={setDescription}
      />
      <TextField
        label="Acceptance criteria"
        optional
        hint="One per line."
        area
        rows={2}
        value={criteria}
        onChange={setCriteria}
      />
      <div className="grid gap-3 sm:grid-cols-2">
        <PriorityField value={priority} onChange={setPriority} />
        <ProfileField value={profile} onChange={setProfile} />
      </div>
      <details open={hasMore}>
        <summary className="text-muted tap flex items-center text-sm">More</summary>
        <div className="mt-3 grid gap-3 sm:grid-cols-2">
          <Field label="Runs missed while the server was down">
            {(c) => (
              <select
                {...c}
                className="control"
                value={missedRun}
                onChange={(e) => setMissedRun(e.target.value as MissedRun)}
              >
                {MISSED_RUNS.map((each) => (
                  <option key={each} value={each}>
                    {MISSED_WORDS[each]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <TextField
            label="Assignee"
            optional
            hint="A profile, or a person: then no worker takes it."
            value={assignee}
            onChange={setAssignee}
          />
          <CampaignField value={campaign} onChange={setCampaign} />
          <TextField
            label="Labels"
            optional
            hint="Separated by commas."
            value={labels}
            onChange={setLabels}
          />
          <TextField
            label="Budget in USD"
            optional
            look="num"
            type="number"
            min={0.01}
            step="any"
            value={usd}
            onChange={setUsd}
          />
          <CompletionFields
            value={completion}
            project={projects.find((p) => p.key === project)}
            onChange={setCompletion}
          />
        </div>
      </details>
      <ProblemNote error={save.error} />
      <div className="flex items-center justify-end gap-2">
        <Button type="submit" tone="primary" busy={save.isPending} blocked={blocked ?? lacks}>
          {schedule ? 'Save' : 'Set it up'}
        </Button>
      </div>
    </form>
  );
}
