/** The pause switch: one for people; it survives restarts, and with `stop` also stops what runs, at no retry's cost. */
import type { Policy, Stamped } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { stopAttempt } from './attempts.ts';
import { changePolicy } from './configuration.ts';
import type { Caller, Deps } from './deps.ts';

export async function setPause(
  deps: Deps,
  caller: Caller,
  input: { paused: boolean; stop?: boolean | undefined; reason?: string | undefined },
): Promise<(Policy & Stamped) | Refusal> {
  if (caller.actor.kind !== 'human')
    return refuse('actor_not_allowed', 'Pausing and resuming is for people.');
  const reason = input.reason ?? '';
  const paused = input.paused
    ? { by: caller.actor.id, reason, at: await deps.store.now(), stop: input.stop ?? false }
    : null;
  const policy = await changePolicy(deps, caller, { paused });
  if (isRefusal(policy) || !input.paused || input.stop !== true) return policy;
  for (const open of await deps.store.openAttempts()) {
    if (open.state === 'offered' || open.state === 'running')
      await stopAttempt(deps, open.ticket, `paused by ${caller.actor.id}${reason ? `: ${reason}` : ''}`);
  }
  return policy;
}
