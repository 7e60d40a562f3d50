/** The ways to run an agent: how each is started, and what stands in its way. */
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import type { Profile } from '../../../../src/contract/shapes.ts';
import { profilesQuery } from '../../api/queries.ts';
import { commandLine } from '../../format/command.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { AddButton, EditableRow } from '../../parts/editable-row.tsx';
import { Findings } from '../../parts/findings.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { ProfileFigures } from './profile-figures.tsx';

export function ProfileList({ onEdit }: { onEdit: (profile?: Profile) => void }) {
  const query = useQuery(profilesQuery);
  return (
    <Section title="Profiles" actions={<AddButton what="profile" onClick={() => onEdit()} />}>
      <Loaded query={query} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No profile yet">
              A profile says which agent program runs, how, and what it may spend.
            </Empty>
          ) : (
            <ul className="card divide-line divide-y">
              {items.map((profile) => (
                <EditableRow
                  key={profile.id}
                  title={<span className="font-mono">{revealHidden(profile.id)}</span>}
                  label={`Edit profile ${profile.id}`}
                  onEdit={() => onEdit(profile)}
                >
                  <p className="text-muted text-xs break-words">
                    {profile.adapter} ·{' '}
                    <span className="font-mono">{revealHidden(commandLine(profile.command))}</span>
                    {profile.model && ` · ${profile.model}`} · permissions: {profile.permissions}
                    {profile.maxWorkers !== null && ` · at most ${profile.maxWorkers} at once`}
                  </p>
                  {profile.rateLimitedUntil && Date.parse(profile.rateLimitedUntil) > Date.now() && (
                    <p className="text-amber mt-1 flex items-center gap-1 text-xs">
                      <TriangleAlert size={13} aria-hidden /> Rate limited by its provider; goes on{' '}
                      <Ago at={profile.rateLimitedUntil} />
                    </p>
                  )}
                  {profile.role === 'worker' && <ProfileFigures profile={profile} />}
                  <div className="mt-1.5">
                    <Findings findings={profile.warnings} />
                  </div>
                </EditableRow>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
