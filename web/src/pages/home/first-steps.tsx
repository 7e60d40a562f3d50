/** The empty state teaches: repository, agent, first ticket, each with a form and what its live check found. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Check, Sparkles, TriangleAlert } from 'lucide-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { KnownAgentView } from '../../../../src/contract/job-shapes.ts';
import type { Profile, Project } from '../../../../src/contract/shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { agentsQuery, profilesQuery, projectsQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { Findings } from '../../parts/findings.tsx';
import { ProfileForm } from '../agents/profile-form.tsx';
import { ProjectForm } from '../settings/project-form.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/loaded.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { toast } from '../../ui/toast.ts';

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
      {project === undefined && <SampleOffer />}
      <ol className="space-y-3">
        <Step
          number={1}
          title="A repository"
          done={project !== undefined}
          ok={project?.warnings.every((finding) => finding.ok)}
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
          ok={profile?.warnings.every((finding) => finding.ok)}
          open={current === 2}
          onOpen={() => setOpen(2)}
          summary={profile && <Findings findings={profile.warnings} />}
        >
          {profile === undefined && (
            <FoundAgents
              makeDefaultOf={project && !project.defaultProfile ? project : undefined}
              onMade={() => setOpen(null)}
            />
          )}
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

/** What most people want first is to see it work. */
function SampleOffer() {
  const blocked = useBlocked('admin');
  const make = useMutation({
    mutationFn: () => api.post('/sample-project', {}, { idempotencyKey: newKey(), timeoutMs: 90_000 }),
    onSuccess: () => {
      toast.success('The sample project is there, and its agents are at work');
      void queryClient.invalidateQueries();
    },
  });
  return (
    <div className="border-accent/40 bg-accent-soft mb-6 rounded-lg border p-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <h3 className="text-base font-medium">See it work first</h3>
          <p className="text-muted text-sm">
            A small repository with a failing test, two scripted agents (one lies) and six tickets. No account
            is needed; within a minute one is done, one asks you, and one waits for your review.
          </p>
        </div>
        <Button
          tone="primary"
          blocked={blocked}
          busy={make.isPending}
          icon={<Sparkles size={15} aria-hidden />}
          onClick={() => make.mutate()}
        >
          {make.isPending ? 'Making it …' : 'Make the sample project'}
        </Button>
      </div>
      <ProblemNote error={make.error} className="mt-3" />
    </div>
  );
}

/** The agent programs that the server's machine has: one press makes the profile. */
function FoundAgents({ makeDefaultOf, onMade }: { makeDefaultOf?: Project; onMade: () => void }) {
  const blocked = useBlocked('admin');
  const look = useQuery(agentsQuery);
  const agents = look.data?.items ?? [];
  const found = agents.filter((agent) => agent.path !== null);
  const make = useMutation({
    mutationFn: async (agent: KnownAgentView) => {
      const profile = await api.post<Profile>('/profiles', agent.offer, { idempotencyKey: newKey() });
      if (makeDefaultOf)
        await api.patch(
          `/projects/${encodeURIComponent(makeDefaultOf.key)}`,
          { defaultProfile: profile.id },
          { ifMatch: makeDefaultOf.version },
        );
      return profile;
    },
    onSuccess: (profile) => {
      toast.success(`Made the profile ${profile.id}`);
      for (const queryKey of [keys.agents, keys.profiles, keys.projects])
        void queryClient.invalidateQueries({ queryKey });
      onMade();
    },
  });
  return (
    <div className="mb-4 space-y-2">
      {found.length > 0 ? (
        <div className="flex flex-wrap gap-2">
          {found.map((agent) => (
            <Button
              key={agent.id}
              tone="primary"
              blocked={blocked}
              busy={make.isPending && make.variables.id === agent.id}
              onClick={() => make.mutate(agent)}
            >
              Use {agent.name}
            </Button>
          ))}
        </div>
      ) : (
        <p className="text-muted text-sm">
          <Button
            size="small"
            className="float-right ml-3"
            busy={look.isFetching}
            onClick={() => void look.refetch()}
          >
            Look again
          </Button>
          No agent that Mission Control knows is installed on its machine. Install one and look again
          {agents.length > 0 && (
            <>
              , for example{' '}
              <code className="bg-hover rounded px-1 font-mono text-xs">{agents[0]?.install}</code>
            </>
          )}
          , or name any program below.
        </p>
      )}
      <ProblemNote error={make.error} />
      {found.length > 0 && <p className="text-faint text-xs">Or set up another by hand:</p>}
    </div>
  );
}

function Step({
  number,
  title,
  done,
  ok = true,
  open,
  onOpen,
  summary,
  children,
}: {
  number: number;
  title: string;
  done: boolean;
  /** False where its check found something to mend. */
  ok?: boolean;
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
              ? ok
                ? 'bg-green-soft text-green'
                : 'bg-amber-soft text-amber'
              : open
                ? 'bg-accent-fill text-on-accent'
                : 'bg-hover text-muted',
          )}
        >
          {!done ? (
            number
          ) : ok ? (
            <Check size={14} role="img" aria-label="Done" />
          ) : (
            <TriangleAlert size={14} role="img" aria-label="Done, but its check found something" />
          )}
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
