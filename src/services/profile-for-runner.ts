/** What a runner is told of a profile: how to start its agent, and none of what is decided here. */
import type { AttemptOffer } from '../contract/runner-protocol.ts';
import type { Profile } from '../domain/config.ts';

export function profileForRunner(profile: Profile): AttemptOffer['profile'] {
  const { id, adapter, command, env, envAllow, home, files, model, acp, gateway, permissions } = profile;
  const { timeoutSeconds, stallSeconds, holdSeconds } = profile;
  return {
    id,
    adapter,
    command,
    env,
    envAllow,
    home,
    files,
    model,
    acp,
    gateway,
    timeoutSeconds,
    stallSeconds,
    holdSeconds,
    permissions,
  };
}
