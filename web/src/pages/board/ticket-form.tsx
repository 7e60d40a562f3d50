/** A new ticket: the title is enough; everything else has a default of the project's. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { keepTicket } from '../../api/transitions.ts';
import { draftOf, fieldsOf } from '../../parts/ticket-draft.ts';
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
import { Form } from '../../ui/form.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SelectField } from '../../ui/select-field.tsx';

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
  const projects = useProjects();
  const [chosen, setProject] = useState(preset ?? '');
  const project = chosen || projects[0]?.key || '';
  const [status, setStatus] = useState(initialStatus);
  const [draft, setDraft] = useState(() => draftOf({}));
  // The same key until the body changes: pressing twice makes one ticket.
  const [key, setKey] = useState(newKey);

  const create = useMutation({
    mutationFn: () =>
      api.post<Ticket>('/tickets', { project, status, ...fieldsOf(draft) }, { idempotencyKey: key }),
    onSuccess: (ticket) => {
      keepTicket(ticket);
      onCreated(ticket);
    },
    onError: () => setKey(newKey()),
  });

  return (
    <Form
      onSend={() => {
        if (draft.title.trim() !== '' && project !== '' && !blocked) create.mutate();
      }}
    >
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_13rem]">
        <TitleField
          draft={draft}
          onChange={setDraft}
          autoFocus={takesFocus}
          placeholder="What should be true afterwards?"
        />
        <ProjectField value={project} onChange={setProject} />
      </div>
      <WordsFields draft={draft} onChange={setDraft} />
      <div className="grid gap-3 sm:grid-cols-3">
        <SelectField
          label="Start in"
          value={status}
          options={[
            ['backlog', 'Backlog: later'],
            ['todo', 'To do: queued'],
          ]}
          onChange={setStatus}
        />
        <PriorityField draft={draft} onChange={setDraft} />
        <ProfileField draft={draft} onChange={setDraft} />
      </div>
      <details>
        <summary className="text-muted tap flex items-center text-sm">More</summary>
        <div className="mt-3 grid gap-3 sm:grid-cols-2">
          <OtherFields
            draft={draft}
            onChange={setDraft}
            project={projects.find((each) => each.key === project)}
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
            (draft.title.trim() === ''
              ? 'Give it a title first.'
              : project === ''
                ? 'Add a project first.'
                : null)
          }
        >
          Create ticket
        </Button>
      </div>
    </Form>
  );
}
