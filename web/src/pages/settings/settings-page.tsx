/** Projects, each with what a live look at it found; the policy for all work; tickets in and out; tokens. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Project } from '../../../../src/contract/shapes.ts';
import { projectsQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { AddButton, EditableRow } from '../../parts/editable-row.tsx';
import { ExportView } from '../../parts/export-view.tsx';
import { Findings } from '../../parts/findings.tsx';
import { useMe } from '../../shell/session-context.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';
import { BackupSection } from './backup-section.tsx';
import { DataSection } from './data-section.tsx';
import { NotificationSettings } from './notifications/notification-settings.tsx';
import { PolicySection } from './policy-form.tsx';
import { ProjectForm } from './project-form.tsx';
import { TokenList } from './token-list.tsx';

type Editing = { project?: Project } | null;

export function SettingsPage() {
  const me = useMe();
  const [editing, setEditing] = useState<Editing>(null);
  const close = (): void => setEditing(null);
  return (
    <>
      <PageHead title="Settings" />
      <PageBody narrow>
        <div className="space-y-8">
          <Projects onEdit={(project) => setEditing({ project })} />
          <PolicySection />
          <NotificationSettings />
          <DataSection />
          <BackupSection />
          {me.role === 'admin' && <TokenList />}
        </div>
      </PageBody>
      {editing && (
        <Dialog
          title={editing.project ? `Project ${editing.project.key}` : 'New project'}
          onClose={close}
          wide
        >
          <ProjectForm project={editing.project} onSaved={close} />
        </Dialog>
      )}
    </>
  );
}

function Projects({ onEdit }: { onEdit: (project?: Project) => void }) {
  const query = useQuery(projectsQuery);
  return (
    <Section
      title="Projects"
      actions={
        <span className="inline-flex flex-wrap justify-end gap-1.5">
          <ExportView view="projects" />
          <AddButton what="project" onClick={() => onEdit()} />
        </span>
      }
    >
      <Loaded query={query} lines={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No project yet">
              A project is a git repository, with how it is prepared and checked.
            </Empty>
          ) : (
            <ul className="card divide-line divide-y">
              {items.map((project) => (
                <EditableRow
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
                </EditableRow>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
