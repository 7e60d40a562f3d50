/**
 * Editing the fields. Only what was changed is sent, on the version that was seen. When somebody else was faster, both
 * versions of what clashes stand side by side, and nothing is lost.
 */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { ApiProblem } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { queryClient } from '../../api/query-client.ts';
import { editTicket, type Patch } from '../../changes/change.ts';
import { DRAFT_NAMES, draftOfTicket, fieldsOf, type TicketDraft } from '../../parts/ticket-draft.ts';
import {
  OtherFields,
  PriorityField,
  ProfileField,
  TitleField,
  useProjects,
  WordsFields,
} from '../../parts/ticket-fields.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Form } from '../../ui/form.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SafeText } from '../../ui/safe-text.tsx';

const FIELDS = Object.keys(DRAFT_NAMES) as (keyof TicketDraft)[];

function patchOf(draft: TicketDraft, changed: (keyof TicketDraft)[], ticket: Ticket): Patch {
  const all: Record<string, unknown> = fieldsOf(draft, ticket.budget);
  return Object.fromEntries(
    changed.map((field) => (field === 'usd' ? ['budget', all['budget']] : [field, all[field]])),
  ) as Patch;
}

export default function EditDialog({ ticket, onClose }: { ticket: Ticket; onClose: () => void }) {
  const blocked = useBlocked();
  const project = useProjects().find((each) => each.key === ticket.project);
  // What the person saw when the dialog opened, or when they last looked at a conflict.
  const [base, setBase] = useState(ticket);
  const [draft, setDraft] = useState(() => draftOfTicket(ticket));
  const seen = draftOfTicket(base);
  const changed = FIELDS.filter((field) => draft[field] !== seen[field]);

  const save = useMutation({
    mutationFn: () => editTicket(base, patchOf(draft, changed, base), 'saved'),
    onSuccess: onClose,
    onError: (error) => {
      if (error instanceof ApiProblem && error.status === 412)
        void queryClient.refetchQueries({ queryKey: keys.ticket(ticket.key), exact: true });
    },
  });
  const lost = save.error instanceof ApiProblem && save.error.status === 412;
  const theirs = draftOfTicket(ticket);
  const theirChanges = FIELDS.filter((field) => theirs[field] !== seen[field]);

  return (
    <Dialog title={`Edit ${ticket.key}`} onClose={onClose} wide>
      <Form
        onSend={() => {
          if (changed.length > 0) save.mutate();
        }}
      >
        <TitleField draft={draft} onChange={setDraft} autoFocus />
        <WordsFields draft={draft} onChange={setDraft} rows={8} />
        <div className="grid gap-3 sm:grid-cols-2">
          <PriorityField draft={draft} onChange={setDraft} />
          <ProfileField draft={draft} onChange={setDraft} />
          <OtherFields draft={draft} onChange={setDraft} project={project} />
        </div>
        {!lost && <ProblemNote error={save.error} />}
        {lost && (
          <div role="alert" className="border-amber/40 bg-amber-soft space-y-2 rounded-md border p-3 text-sm">
            <p className="font-medium">
              Somebody was faster: version {base.version} → {ticket.version}. Nothing of yours was saved, and
              nothing is lost.
            </p>
            {theirChanges.length === 0 ? (
              <p className="text-muted">None of these fields changed; the ticket is now: {ticket.sentence}</p>
            ) : (
              <dl className="space-y-2">
                {theirChanges.map((field) => (
                  <div key={field}>
                    <dt className="text-muted text-xs">
                      {DRAFT_NAMES[field]}
                      {changed.includes(field) && ', which you changed too'}
                    </dt>
                    <dd>
                      <SafeText text={theirs[field] || 'nothing'} className="max-h-32 overflow-y-auto" />
                    </dd>
                  </div>
                ))}
              </dl>
            )}
            <Button
              size="small"
              onClick={() => {
                // Theirs where only they changed it, mine where I did: what I send is then a choice I have seen.
                const merged = { ...draft };
                for (const field of theirChanges) if (!changed.includes(field)) merged[field] = theirs[field];
                setDraft(merged);
                setBase(ticket);
                save.reset();
              }}
            >
              Keep my changes on top of theirs
            </Button>
          </div>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            tone="primary"
            busy={save.isPending}
            blocked={blocked ?? (changed.length === 0 ? 'Nothing has changed.' : null)}
          >
            Save
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
