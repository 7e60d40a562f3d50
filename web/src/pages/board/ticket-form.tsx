/** A new ticket: the title is enough; everything else has a default of the project's. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { projectsQuery } from '../../api/queries.ts';
import { keepTicket } from '../../api/transitions.ts';
import { splitLines, splitWords } from '../../format/command.ts';
import { CompletionFields, type OwnCompletion } from '../../parts/completion-fields.tsx';
import { CampaignField, PriorityField, ProfileField } from '../../parts/ticket-fields.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { TextField } from '../../ui/text-field.tsx';

export default function TicketForm({
  project: preset,
  initialStatus = 'backlog',
  takesFocus = false,
  onCreated,
}: {
  project?: string;
  initialStatus?: 'backlog' | 'todo';
  /** Where it is what one came for; on a page, the keys of the app go on working. */
  takesFocus?: boolean;
  onCreated: (ticket: Ticket) => void;
}) {
  const blocked = useBlocked();
  const projects = useQuery(projectsQuery).data?.items ?? [];
  const [chosen, setProject] = useState(preset ?? '');
  const project = chosen || projects[0]?.key || '';
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [criteria, setCriteria] = useState('');
  const [status, setStatus] = useState(initialStatus);
  const [priority, setPriority] = useState(2);
  const [profile, setProfile] = useState('');
  const [assignee, setAssignee] = useState('');
  const [campaign, setCampaign] = useState('');
  const [labels, setLabels] = useState('');
  const [blockedBy, setBlockedBy] = useState('');
  const [notBefore, setNotBefore] = useState('');
  const [usd, setUsd] = useState('');
  const [completion, setCompletion] = useState<OwnCompletion>(null);
  // The same key until the body changes: pressing twice makes one ticket.
  const [key, setKey] = useState(newKey);

  const create = useMutation({
    mutationFn: () =>
      api.post<Ticket>(
        '/tickets',
        {
          project,
          title: title.trim(),
          description,
          status,
          priority,
          ...(assignee.trim() === '' ? {} : { assignee: assignee.trim() }),
          ...(profile === '' ? {} : { profile }),
          ...(campaign === '' ? {} : { campaign }),
          labels: splitWords(labels),
          blockedBy: splitWords(blockedBy).map((k) => k.toUpperCase()),
          acceptanceCriteria: splitLines(criteria),
          ...(notBefore === '' ? {} : { notBefore: new Date(notBefore).toISOString() }),
          ...(usd === '' ? {} : { budget: { usd: Number(usd) } }),
          ...(completion === null ? {} : { completion }),
        },
        { idempotencyKey: key },
      ),
    onSuccess: (ticket) => {
      keepTicket(ticket);
      onCreated(ticket);
    },
    onError: () => setKey(newKey()),
  });

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (title.trim() !== '' && project !== '' && !blocked) create.mutate();
      }}
      onKeyDown={(e) => {
        if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) e.currentTarget.requestSubmit();
      }}
    >
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_9rem]">
        <TextField
          label="Title"
          required
          autoFocus={takesFocus}
          maxLength={200}
          placeholder="What should be true afterwards?"
          value={title}
          onChange={setTitle}
        />
        <Field label="Project">
          {(c) => (
            <select
              {...c}
              className="control"
              required
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
      <TextField
        label="Description"
        optional
        hint="Markdown. The agent reads it as it stands."
        area
        rows={5}
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
      <div className="grid gap-3 sm:grid-cols-3">
        <Field label="Start in">
          {(c) => (
            <select
              {...c}
              className="control"
              value={status}
              onChange={(e) => setStatus(e.target.value as 'backlog' | 'todo')}
            >
              <option value="backlog">Backlog</option>
              <option value="todo">To do: a worker may take it</option>
            </select>
          )}
        </Field>
        <PriorityField value={priority} onChange={setPriority} />
        <ProfileField value={profile} onChange={setProfile} />
      </div>
      <details>
        <summary className="text-muted tap flex items-center text-sm">More</summary>
        <div className="mt-3 grid gap-3 sm:grid-cols-2">
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
            label="Blocked by"
            optional
            hint="Keys, separated by commas."
            look="num"
            placeholder="MC-12"
            value={blockedBy}
            onChange={setBlockedBy}
          />
          <TextField
            label="Not before"
            optional
            type="datetime-local"
            value={notBefore}
            onChange={setNotBefore}
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
      <ProblemNote error={create.error} />
      {projects.length === 0 && <p className="text-amber text-sm">Add a project in Settings first.</p>}
      <div className="flex items-center justify-end gap-3">
        <span className="text-faint hidden text-xs sm:block">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd>
        </span>
        <Button
          type="submit"
          tone="primary"
          busy={create.isPending}
          blocked={
            blocked ??
            (title.trim() === '' ? 'Give it a title first.' : project === '' ? 'Add a project first.' : null)
          }
        >
          Create ticket
        </Button>
      </div>
    </form>
  );
}
