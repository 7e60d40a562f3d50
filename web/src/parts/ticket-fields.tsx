/** The fields that every form about a ticket shares: a new ticket, a ticket that is edited, one that recurs. */
import { useQuery } from '@tanstack/react-query';
import type { Project } from '../../../src/contract/shapes.ts';
import { campaignsQuery, profilesQuery, projectsQuery } from '../api/queries.ts';
import { PRIORITY_WORDS } from '../format/words.ts';
import { SelectField } from '../ui/select-field.tsx';
import { TextField } from '../ui/text-field.tsx';
import { CompletionFields } from './completion-fields.tsx';
import { completionOf, type TicketDraft } from './ticket-draft.ts';

interface DraftProps {
  draft: TicketDraft;
  onChange: (draft: TicketDraft) => void;
}

export const useProjects = (): Project[] => useQuery(projectsQuery).data?.items ?? [];

export function ProjectField({
  value,
  disabled,
  onChange,
}: {
  value: string;
  disabled?: boolean;
  onChange: (key: string) => void;
}) {
  return (
    <SelectField
      label="Project"
      required
      disabled={disabled}
      value={value}
      options={useProjects().map((each) => [each.key, `${each.key} · ${each.name}`])}
      onChange={onChange}
    />
  );
}

export function TitleField({
  draft,
  onChange,
  ...rest
}: DraftProps & { placeholder?: string; autoFocus?: boolean }) {
  return (
    <TextField
      {...rest}
      label="Title"
      required
      maxLength={200}
      value={draft.title}
      onChange={(title) => onChange({ ...draft, title })}
    />
  );
}

export function WordsFields({ draft, onChange, rows = 5 }: DraftProps & { rows?: number }) {
  return (
    <>
      <TextField
        label="Description"
        optional
        hint="Markdown. The agent reads it as it stands."
        area
        rows={rows}
        value={draft.description}
        onChange={(description) => onChange({ ...draft, description })}
      />
      <TextField
        label="Acceptance criteria"
        optional
        hint="One per line."
        area
        rows={2}
        value={draft.acceptanceCriteria}
        onChange={(acceptanceCriteria) => onChange({ ...draft, acceptanceCriteria })}
      />
    </>
  );
}

export function PriorityField({ draft, onChange }: DraftProps) {
  return (
    <SelectField
      label="Priority"
      value={draft.priority}
      options={PRIORITY_WORDS.map((word, each) => [String(each), `${each} · ${word}`])}
      onChange={(priority) => onChange({ ...draft, priority })}
    />
  );
}

export function ProfileField({ draft, onChange }: DraftProps) {
  const profiles = useQuery(profilesQuery).data?.items ?? [];
  return (
    <SelectField
      label="Profile"
      value={draft.profile}
      options={[['', 'The project’s default'], ...profiles.map(({ id }): [string, string] => [id, id])]}
      onChange={(profile) => onChange({ ...draft, profile })}
    />
  );
}

/** @param isOnce false for what recurs: it waits for no other ticket, and has its own times */
export function OtherFields({
  draft,
  onChange,
  project,
  isOnce = true,
}: DraftProps & { project: Project | undefined; isOnce?: boolean }) {
  const campaigns = useQuery(campaignsQuery).data?.items ?? [];
  const set = (field: keyof TicketDraft) => (value: string) => onChange({ ...draft, [field]: value });
  return (
    <>
      <TextField
        label="Assignee"
        optional
        hint="A profile, or a person: then no worker takes it."
        value={draft.assignee}
        onChange={set('assignee')}
      />
      <SelectField
        label="Campaign"
        optional
        value={draft.campaign}
        options={[['', 'None'], ...campaigns.map(({ key, name }): [string, string] => [key, name])]}
        onChange={set('campaign')}
      />
      <TextField
        label="Labels"
        optional
        hint="Separated by commas."
        value={draft.labels}
        onChange={set('labels')}
      />
      {isOnce && (
        <>
          <TextField
            label="Blocked by"
            optional
            hint="Keys, separated by commas."
            look="num"
            placeholder="MC-12"
            value={draft.blockedBy}
            onChange={set('blockedBy')}
          />
          <TextField
            label="Not before"
            optional
            type="datetime-local"
            value={draft.notBefore}
            onChange={set('notBefore')}
          />
        </>
      )}
      <TextField
        label="Budget in USD"
        optional
        look="num"
        type="number"
        min={0.01}
        step="any"
        value={draft.usd}
        onChange={set('usd')}
      />
      <CompletionFields
        value={completionOf(draft)}
        project={project}
        onChange={(completion) => onChange({ ...draft, completion: JSON.stringify(completion) })}
      />
    </>
  );
}
