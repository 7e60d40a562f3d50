/** The controls that every form about a ticket shares: a new ticket, a ticket that is edited, one that recurs. */
import { useQuery } from '@tanstack/react-query';
import { campaignsQuery, profilesQuery } from '../api/queries.ts';
import { PRIORITY_WORDS } from '../format/words.ts';
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
