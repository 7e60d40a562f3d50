/** The controls that every form about a ticket shares: a new ticket, a ticket that is edited, one that recurs. */
import { useQuery } from '@tanstack/react-query';
import { EVIDENCE_KINDS, type EvidenceKind } from '../../../src/domain/words.ts';
import { campaignsQuery, profilesQuery } from '../api/queries.ts';
import { EVIDENCE_WORDS, PRIORITY_WORDS } from '../format/words.ts';
import { Field } from '../ui/field.tsx';

interface Choice<T> {
  value: T;
  onChange: (value: T) => void;
}

export function PriorityField({ value, onChange }: Choice<number>) {
  return (
    <Field label="Priority">
      {(c) => (
        <select {...c} className="control" value={value} onChange={(e) => onChange(Number(e.target.value))}>
          {PRIORITY_WORDS.map((word, each) => (
            <option key={word} value={each}>
              {each} · {word}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** @param value a profile's id; empty for the project's default */
export function ProfileField({ value, onChange }: Choice<string>) {
  const profiles = useQuery(profilesQuery).data?.items ?? [];
  return (
    <Field label="Profile">
      {(c) => (
        <select {...c} className="control" value={value} onChange={(e) => onChange(e.target.value)}>
          <option value="">The project’s default</option>
          {/* One that is gone, or not read yet, is still what the ticket says. */}
          {value !== '' && !profiles.some((p) => p.id === value) && <option>{value}</option>}
          {profiles.map((p) => (
            <option key={p.id}>{p.id}</option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** @param value a campaign's key; empty for none */
export function CampaignField({ value, onChange }: Choice<string>) {
  const campaigns = useQuery(campaignsQuery).data?.items ?? [];
  return (
    <Field label="Campaign" optional>
      {(c) => (
        <select {...c} className="control" value={value} onChange={(e) => onChange(e.target.value)}>
          <option value="">None</option>
          {value !== '' && !campaigns.some((each) => each.key === value) && <option>{value}</option>}
          {campaigns.map((each) => (
            <option key={each.key} value={each.key}>
              {each.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** @param value null as long as the ticket asks for what its project asks for */
export function RequiresField({
  value,
  inherited,
  onChange,
}: Choice<EvidenceKind[] | null> & { inherited: EvidenceKind[] }) {
  const list = value ?? inherited;
  return (
    <fieldset className="sm:col-span-2">
      <legend className="text-muted mb-1 text-xs font-medium">
        Done needs verified{' '}
        <span className="text-faint font-normal">
          {value === null ? 'as the project says' : 'for this ticket'}
        </span>
      </legend>
      <div className="flex flex-wrap gap-x-4">
        {EVIDENCE_KINDS.map((kind) => (
          <label key={kind} className="tap flex items-center gap-1.5 text-sm">
            <input
              type="checkbox"
              className="size-4"
              checked={list.includes(kind)}
              onChange={(e) => onChange(e.target.checked ? [...list, kind] : list.filter((k) => k !== kind))}
            />
            {EVIDENCE_WORDS[kind]}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
