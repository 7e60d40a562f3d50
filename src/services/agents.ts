/** Which agent programs the machine has, with the profile that is offered for each. */
import type { KnownAgentView } from '../contract/job-shapes.ts';
import { KNOWN_AGENTS } from '../domain/agents/known-agents.ts';
import type { Profile } from '../domain/config.ts';
import type { Deps } from './deps.ts';

export async function listAgents(deps: Deps): Promise<KnownAgentView[]> {
  const [found, profiles] = await Promise.all([
    deps.inspect.agents(),
    deps.store.documents<Profile>('profile'),
  ]);
  return KNOWN_AGENTS.map(({ id, name, program, install, profile }) => {
    const { path = null, version = null, problem = null } = found.find((agent) => agent.id === id) ?? {};
    const { adapter, command, home, permissions, acp, env, envAllow } = profile;
    return {
      id,
      name,
      path,
      version,
      problem,
      install,
      profiles: profiles
        .filter((each) => each.command[0] === program || (path !== null && each.command[0] === path))
        .map((each) => each.id),
      offer: {
        id,
        adapter,
        command: [...command],
        home,
        permissions,
        ...(acp ? { acp } : {}),
        ...(env ? { env } : {}),
        ...(envAllow ? { envAllow: [...envAllow] } : {}),
      },
    };
  });
}
