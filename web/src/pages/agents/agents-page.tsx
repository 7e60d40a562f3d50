/** Who works here: the agent programs of this machine, the profiles that run them, orchestrators and runners. */
import { useState } from 'react';
import type { Profile } from '../../../../src/contract/shapes.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ExportView } from '../../parts/export-view.tsx';
import { PageBody, PageHead, Section } from '../../ui/page.tsx';
import { KnownAgents } from './known-agents.tsx';
import { OrchestratorList } from './orchestrator-list.tsx';
import { ProfileForm } from './profile-form.tsx';
import { ProfileList } from './profile-list.tsx';
import { RunnerList } from './runner-list.tsx';

export function AgentsPage() {
  const [editing, setEditing] = useState<{ profile?: Profile } | null>(null);
  const close = (): void => setEditing(null);
  return (
    <>
      <PageHead title="Agents" />
      <PageBody narrow>
        <div className="space-y-8">
          <ProfileList onEdit={(profile) => setEditing({ profile })} />
          <KnownAgents />
          <OrchestratorList />
          <RunnerList />
          <Section title="As files">
            <ul className="card divide-line divide-y text-sm">
              {(['agents', 'attempts', 'runners'] as const).map((view) => (
                <li key={view} className="flex items-center justify-between px-3.5 py-2">
                  <span className="capitalize">{view}</span>
                  <ExportView view={view} />
                </li>
              ))}
            </ul>
          </Section>
        </div>
      </PageBody>
      {editing && (
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
