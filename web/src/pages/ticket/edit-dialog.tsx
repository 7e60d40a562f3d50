/**
 * Editing the fields. Only what was changed is sent, on the version that was seen. When somebody else was faster, both
 * versions of what clashes stand side by side, and nothing is lost.
 */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { ApiProblem } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { projectsQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { editTicket, type Patch } from '../../changes/change.ts';
import { splitLines, splitWords } from '../../format/command.ts';
import { CompletionFields, type OwnCompletion } from '../../parts/completion-fields.tsx';
import { CampaignField, PriorityField, ProfileField } from '../../parts/ticket-fields.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SafeText } from '../../ui/safe-text.tsx';
import { TextField } from '../../ui/text-field.tsx';

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
  /** As JSON, so that it is compared as the others are. */
  completion: string;
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
  completion: 'What makes it done',
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
    completion: JSON.stringify(ticket.ownCompletion),
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
    else if (field === 'completion') patch[field] = JSON.parse(value) as OwnCompletion;
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
  const project = useQuery(projectsQuery).data?.items.find((each) => each.key === ticket.project);
  // What the person saw when the dialog opened, or when they last looked at a conflict.
  const [base, setBase] = useState(ticket);
  const [draft, setDraft] = useState(() => draftOf(ticket));
  const seen = draftOf(base);
  const changed = FIELDS.filter((field) => draft[field] !== seen[field]);
  const set = (field: keyof Draft) => (value: string) => setDraft({ ...draft, [field]: value });

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
        <TextField label="Title" required maxLength={200} value={draft.title} onChange={set('title')} />
        <TextField
          label="Description"
          area
          rows={8}
          value={draft.description}
          onChange={set('description')}
        />
        <TextField
          label="Acceptance criteria"
          hint="One per line."
          area
          value={draft.acceptanceCriteria}
          onChange={set('acceptanceCriteria')}
        />
        <div className="grid gap-3 sm:grid-cols-2">
          <PriorityField
            value={Number(draft.priority)}
            onChange={(value) => setDraft({ ...draft, priority: String(value) })}
          />
          <ProfileField value={draft.profile} onChange={(profile) => setDraft({ ...draft, profile })} />
          <TextField
            label="Assignee"
            hint="A profile, or a person: then no worker takes it."
            value={draft.assignee}
            onChange={set('assignee')}
          />
          <CampaignField value={draft.campaign} onChange={set('campaign')} />
          <TextField
            label="Labels"
            hint="Separated by commas."
            value={draft.labels}
            onChange={set('labels')}
          />
          <TextField
            label="Blocked by"
            hint="Keys, separated by commas."
            look="num"
            value={draft.blockedBy}
            onChange={set('blockedBy')}
          />
          <TextField
            label="Not before"
            type="datetime-local"
            value={draft.notBefore}
            onChange={set('notBefore')}
          />
          <TextField
            label="Budget in USD"
            look="num"
            type="number"
            min={0.01}
            step="any"
            value={draft.usd}
            onChange={set('usd')}
          />
          <CompletionFields
            value={JSON.parse(draft.completion) as OwnCompletion}
            project={project}
            onChange={(completion) => setDraft({ ...draft, completion: JSON.stringify(completion) })}
          />
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
