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
import { splitLines, splitWords } from '../../format/command.ts';
import { PriorityField, ProfileField } from '../../parts/ticket-fields.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SafeText } from '../../ui/safe-text.tsx';

interface Draft {
  title: string;
  description: string;
  acceptanceCriteria: string;
  priority: string;
  profile: string;
  assignee: string;
  campaign: string;
  labels: string;
  blockedBy: string;
  notBefore: string;
  usd: string;
}

const NAMES: Record<keyof Draft, string> = {
  title: 'Title',
  description: 'Description',
  acceptanceCriteria: 'Acceptance criteria',
  priority: 'Priority',
  profile: 'Profile',
  assignee: 'Assignee',
  campaign: 'Campaign',
  labels: 'Labels',
  blockedBy: 'Blocked by',
  notBefore: 'Not before',
  usd: 'Budget in USD',
};
const FIELDS = Object.keys(NAMES) as (keyof Draft)[];

/** A moment as `datetime-local` wants it: in the person's zone, without one. */
function localTime(at: string | null): string {
  if (!at) return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function draftOf(ticket: Ticket): Draft {
  return {
    title: ticket.title,
    description: ticket.description,
    acceptanceCriteria: ticket.acceptanceCriteria.join('\n'),
    priority: String(ticket.priority),
    profile: ticket.profile ?? '',
    assignee: ticket.assignee ?? '',
    campaign: ticket.campaign ?? '',
    labels: ticket.labels.join(', '),
    blockedBy: ticket.blockedBy.join(', '),
    notBefore: localTime(ticket.notBefore),
    usd: ticket.budget?.usd?.toString() ?? '',
  };
}

function patchOf(draft: Draft, changed: (keyof Draft)[], ticket: Ticket): Patch {
  const patch: Record<string, unknown> = {};
  for (const field of changed) {
    const value = draft[field];
    if (field === 'title' || field === 'description') patch[field] = value;
    else if (field === 'priority') patch[field] = Number(value);
    else if (field === 'acceptanceCriteria') patch[field] = splitLines(value);
    else if (field === 'labels') patch[field] = splitWords(value);
    else if (field === 'blockedBy') patch[field] = splitWords(value).map((k) => k.toUpperCase());
    else if (field === 'notBefore') patch[field] = value === '' ? null : new Date(value).toISOString();
    else if (field === 'usd') {
      const { usd: _, ...rest } = ticket.budget ?? {};
      const budget = value === '' ? rest : { ...rest, usd: Number(value) };
      patch['budget'] = Object.keys(budget).length === 0 ? null : budget;
    } else patch[field] = value.trim() === '' ? null : value.trim();
  }
  return patch as Patch;
}

export default function EditDialog({ ticket, onClose }: { ticket: Ticket; onClose: () => void }) {
  const blocked = useBlocked();
  // What the person saw when the dialog opened, or when they last looked at a conflict.
  const [base, setBase] = useState(ticket);
  const [draft, setDraft] = useState(() => draftOf(ticket));
  const seen = draftOf(base);
  const changed = FIELDS.filter((field) => draft[field] !== seen[field]);
  const set = (field: keyof Draft) => (event: { target: { value: string } }) =>
    setDraft({ ...draft, [field]: event.target.value });

  const save = useMutation({
    mutationFn: () => editTicket(base, patchOf(draft, changed, base), 'saved'),
    onSuccess: onClose,
    onError: (error) => {
      if (error instanceof ApiProblem && error.status === 412)
        void queryClient.refetchQueries({ queryKey: keys.ticket(ticket.key), exact: true });
    },
  });
  const lost = save.error instanceof ApiProblem && save.error.status === 412;
  const theirs = draftOf(ticket);
  const theirChanges = FIELDS.filter((field) => theirs[field] !== seen[field]);

  return (
    <Dialog title={`Edit ${ticket.key}`} onClose={onClose} wide>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (changed.length > 0) save.mutate();
        }}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.metaKey || e.ctrlKey)) e.currentTarget.requestSubmit();
        }}
      >
        <Field label="Title">
          {(c) => (
            <input
              {...c}
              className="control"
              required
              maxLength={200}
              value={draft.title}
              onChange={set('title')}
            />
          )}
        </Field>
        <Field label="Description">
          {(c) => (
            <textarea
              {...c}
              className="control"
              rows={8}
              value={draft.description}
              onChange={set('description')}
            />
          )}
        </Field>
        <Field label="Acceptance criteria" hint="One per line.">
          {(c) => (
            <textarea
              {...c}
              className="control"
              value={draft.acceptanceCriteria}
              onChange={set('acceptanceCriteria')}
            />
          )}
        </Field>
        <div className="grid gap-3 sm:grid-cols-2">
          <PriorityField
            value={Number(draft.priority)}
            onChange={(value) => setDraft({ ...draft, priority: String(value) })}
          />
          <ProfileField value={draft.profile} onChange={(profile) => setDraft({ ...draft, profile })} />
          <Field label="Assignee" hint="A profile, or a person: then no worker takes it.">
            {(c) => <input {...c} className="control" value={draft.assignee} onChange={set('assignee')} />}
          </Field>
          <Field label="Campaign">
            {(c) => <input {...c} className="control" value={draft.campaign} onChange={set('campaign')} />}
          </Field>
          <Field label="Labels" hint="Separated by commas.">
            {(c) => <input {...c} className="control" value={draft.labels} onChange={set('labels')} />}
          </Field>
          <Field label="Blocked by" hint="Keys, separated by commas.">
            {(c) => (
              <input {...c} className="control num" value={draft.blockedBy} onChange={set('blockedBy')} />
            )}
          </Field>
          <Field label="Not before">
            {(c) => (
              <input
                {...c}
                className="control"
                type="datetime-local"
                value={draft.notBefore}
                onChange={set('notBefore')}
              />
            )}
          </Field>
          <Field label="Budget in USD">
            {(c) => (
              <input
                {...c}
                className="control num"
                type="number"
                min={0.01}
                step="any"
                value={draft.usd}
                onChange={set('usd')}
              />
            )}
          </Field>
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
                      {NAMES[field]}
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
      </form>
    </Dialog>
  );
}
