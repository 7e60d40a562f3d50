/** The agent programs of the server's machine, and the one click that makes a profile for each. */
import { useMutation, useQuery } from '@tanstack/react-query';
import type { KnownAgentView } from '../../../../src/contract/job-shapes.ts';
import type { Profile } from '../../../../src/contract/shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { agentsQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { showProblem } from '../../ui/problem.tsx';
import { toast } from '../../ui/toast.ts';

export function KnownAgents() {
  const query = useQuery(agentsQuery);
  return (
    <Section
      title="On this machine"
      actions={
        <Button size="small" busy={query.isFetching} onClick={() => void query.refetch()}>
          Look again
        </Button>
      }
    >
      <Loaded query={query} lines={4}>
        {({ items }) => (
          <ul className="card divide-line divide-y">
            {[...items]
              .sort((a, b) => Number(b.path !== null) - Number(a.path !== null))
              .map((agent) => (
                <AgentRow key={agent.id} agent={agent} />
              ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

function AgentRow({ agent }: { agent: KnownAgentView }) {
  const blocked = useBlocked('admin');
  const create = useMutation({
    mutationFn: () => api.post<Profile>('/profiles', agent.offer, { idempotencyKey: newKey() }),
    onSuccess: (profile) => {
      toast.success(`Made the profile ${profile.id}`);
      for (const queryKey of [keys.agents, keys.profiles]) void queryClient.invalidateQueries({ queryKey });
    },
    onError: showProblem,
  });
  const isThere = agent.path !== null;
  return (
    <li data-row className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3.5 py-2.5 text-sm">
      <div className="min-w-0 flex-1 basis-60">
        <p className="flex items-center gap-2 font-medium">
          {agent.name}
          <Badge tone={!isThere ? 'neutral' : agent.problem === null ? 'green' : 'amber'}>
            {!isThere ? 'not installed' : agent.problem === null ? 'answers' : 'does not answer'}
          </Badge>
          {agent.version && <span className="num text-faint font-normal">{revealHidden(agent.version)}</span>}
        </p>
        <p className="text-muted mt-0.5 text-xs break-words">
          {isThere ? (
            <>
              <span className="font-mono">{revealHidden(agent.path ?? '')}</span>
              {agent.problem && ` · ${revealHidden(agent.problem)}`}
            </>
          ) : (
            <code className="font-mono">{agent.install}</code>
          )}
        </p>
      </div>
      {agent.profiles.length > 0 ? (
        <span className="text-muted text-xs">
          profile {agent.profiles.map((id) => revealHidden(id)).join(', ')}
        </span>
      ) : (
        isThere && (
          <Button
            size="small"
            tone="primary"
            blocked={blocked}
            busy={create.isPending}
            aria-label={`Make a profile for ${agent.name}`}
            onClick={() => create.mutate()}
          >
            Make a profile
          </Button>
        )
      )}
    </li>
  );
}
