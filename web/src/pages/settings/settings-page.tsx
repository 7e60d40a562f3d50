/** Projects, profiles, runners and tokens, each with what a live look at it found. */
import { useQuery } from '@tanstack/react-query';
import { Plus, TriangleAlert } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { Profile, Project } from '../../../../src/contract/shapes.ts';
import { profilesQuery, projectsQuery, runnersQuery } from '../../api/queries.ts';
import { commandLine } from '../../format/command.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { Findings } from '../../parts/findings.tsx';
import { useMe } from '../../shell/session-context.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { ProfileForm } from './profile-form.tsx';
import { ProjectForm } from './project-form.tsx';
import { TokenList } from './token-list.tsx';

type Editing = { what: 'project'; project?: Project } | { what: 'profile'; profile?: Profile } | null;

export function SettingsPage() {
  const me = useMe();
  const [editing, setEditing] = useState<Editing>(null);
  const close = (): void => setEditing(null);
  return (
    <>
      <PageHead title="Settings" />
      <PageBody narrow>
        <div className="space-y-8">
          <Projects onEdit={(project) => setEditing({ what: 'project', project })} />
          <Profiles onEdit={(profile) => setEditing({ what: 'profile', profile })} />
          <Runners />
          {me.role === 'admin' && <TokenList />}
        </div>
      </PageBody>
      {editing?.what === 'project' && (
        <Dialog
          title={editing.project ? `Project ${editing.project.key}` : 'New project'}
          onClose={close}
          wide
        >
          <ProjectForm project={editing.project} onSaved={close} />
        </Dialog>
      )}
      {editing?.what === 'profile' && (
        <Dialog
          title={editing.profile ? `Profile ${editing.profile.id}` : 'New profile'}
          onClose={close}
          wide
        >
          <ProfileForm profile={editing.profile} onSaved={close} />
        </Dialog>
      )}
    </>
  );
}

const AddButton = ({ what, onClick }: { what: string; onClick: () => void }) => (
  <Button size="small" icon={<Plus size={14} aria-hidden />} onClick={onClick}>
    New {what}
  </Button>
);

function Projects({ onEdit }: { onEdit: (project?: Project) => void }) {
  const query = useQuery(projectsQuery);
  return (
    <Section title="Projects" actions={<AddButton what="project" onClick={() => onEdit()} />}>
      <Loaded query={query} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No project yet">
              A project is a git repository, with how it is prepared and checked.
            </Empty>
          ) : (
            <ul className="card divide-line divide-y">
              {items.map((project) => (
                <Row
                  key={project.key}
                  title={
                    <>
                      <span className="num text-faint">{project.key}</span> {revealHidden(project.name)}
                    </>
                  }
                  label={`Edit project ${project.key}`}
                  onEdit={() => onEdit(project)}
                >
                  <p className="text-muted text-xs break-words">
                    <span className="font-mono">
                      {revealHidden(project.repository.path ?? project.repository.url ?? '')}
                    </span>{' '}
                    · {project.defaultBranch}
                    {project.checks.length > 0 &&
                      ` · checks: ${project.checks.map((c) => c.name).join(', ')}`}
                    {` · default profile: ${project.defaultProfile ?? 'none'}`}
                  </p>
                  <div className="mt-1.5">
                    <Findings findings={project.warnings} />
                  </div>
                </Row>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function Profiles({ onEdit }: { onEdit: (profile?: Profile) => void }) {
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
                <Row
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
                  <div className="mt-1.5">
                    <Findings findings={profile.warnings} />
                  </div>
                </Row>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function Row({
  title,
  label,
  onEdit,
  children,
}: {
  title: ReactNode;
  label: string;
  onEdit: () => void;
  children: ReactNode;
}) {
  return (
    <li data-row className="flex items-start gap-3 px-3.5 py-3">
      <div className="min-w-0 flex-1">
        <p className="text-sm font-medium">{title}</p>
        {children}
      </div>
      <Button size="small" tone="ghost" aria-label={label} onClick={onEdit}>
        Edit
      </Button>
    </li>
  );
}

function Runners() {
  const query = useQuery(runnersQuery);
  return (
    <Section title="Runners">
      <Loaded query={query} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No runner yet">
              The server starts one of its own unless told not to. On another machine:{' '}
              <code className="font-mono text-xs">mctl runner --server {location.origin}</code>
            </Empty>
          ) : (
            <ul className="card divide-line divide-y">
              {items.map((runner) => (
                <li
                  key={runner.id}
                  className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3.5 py-2.5 text-sm"
                >
                  <span className="font-medium">{revealHidden(runner.name)}</span>
                  <Badge tone={runner.state === 'ready' ? 'green' : 'amber'}>{runner.state}</Badge>
                  <span className="num text-muted text-xs">
                    {runner.busy} of {runner.slots} slots taken
                  </span>
                  {runner.labels.map((label) => (
                    <Badge key={label}>{revealHidden(label)}</Badge>
                  ))}
                  <span className="text-faint ml-auto text-xs">
                    {runner.version}
                    {runner.lastSeenAt && (
                      <>
                        {' '}
                        · heard <Ago at={runner.lastSeenAt} />
                      </>
                    )}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
