/** The empty state teaches: repository, agent, first ticket, each with a form and what its live check found. */
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { profilesQuery, projectsQuery } from '../../api/queries.ts';
import { Findings } from '../../parts/findings.tsx';
import { ProfileForm } from '../agents/profile-form.tsx';
import { ProjectForm } from '../settings/project-form.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { Button } from '../../ui/button.tsx';

const TicketForm = lazy(() => import('../board/ticket-form.tsx'));

export default function FirstSteps() {
  const project = useQuery(projectsQuery).data?.items[0];
  const profile = useQuery(profilesQuery).data?.items[0];
  const [open, setOpen] = useState<number | null>(null);
  const current = open ?? (project ? (profile ? 3 : 2) : 1);
  return (
    <div className="mx-auto max-w-2xl py-4">
      <h2 className="text-xl font-semibold tracking-tight">Welcome to Mission Control</h2>
      <p className="text-muted mt-1 mb-6 text-base">
        Three steps, and the first agent is at work. Nothing is written to your repository: agents work in a
        clone.
      </p>
      <ol className="space-y-3">
        <Step
          number={1}
          title="A repository"
          done={project !== undefined}
          open={current === 1}
          onOpen={() => setOpen(1)}
          summary={project && <Findings findings={project.warnings} />}
        >
          <ProjectForm project={project} onSaved={() => setOpen(null)} />
        </Step>
        <Step
          number={2}
          title="An agent"
          done={profile !== undefined}
          open={current === 2}
          onOpen={() => setOpen(2)}
          summary={profile && <Findings findings={profile.warnings} />}
        >
          <ProfileForm
            profile={profile}
            makeDefaultOf={project && !project.defaultProfile ? project : undefined}
            onSaved={() => setOpen(null)}
          />
        </Step>
        <Step number={3} title="The first ticket" done={false} open={current === 3} onOpen={() => setOpen(3)}>
          <Suspense fallback={<Skeleton />}>
            <TicketForm initialStatus="todo" onCreated={() => {}} />
          </Suspense>
        </Step>
      </ol>
    </div>
  );
}

function Step({
  number,
  title,
  done,
  open,
  onOpen,
  summary,
  children,
}: {
  number: number;
  title: string;
  done: boolean;
  open: boolean;
  onOpen: () => void;
  summary?: ReactNode;
  children: ReactNode;
}) {
  return (
    <li className="card">
      <div className="flex items-center gap-3 px-4 py-3">
        <span
          className={cx(
            'num grid size-6 shrink-0 place-items-center rounded-full text-xs font-semibold',
            done
              ? 'bg-green-soft text-green'
              : open
                ? 'bg-accent-fill text-on-accent'
                : 'bg-hover text-muted',
          )}
        >
          {done ? <Check size={14} role="img" aria-label="Done" /> : number}
        </span>
        <h3 className="flex-1 text-base font-medium">{title}</h3>
        {!open && (
          <Button size="small" tone="ghost" onClick={onOpen}>
            {done ? 'Change' : 'Open'}
          </Button>
        )}
      </div>
      {summary && !open && <div className="px-4 pb-3 pl-13">{summary}</div>}
      {open && <div className="border-line border-t p-4">{children}</div>}
    </li>
  );
}
