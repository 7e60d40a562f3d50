/** Puts an attempt's agent behind the gateway, where its profile has one; what it uses is then counted here. */
import { ProfileProblem } from '../environment.ts';
import type { AttemptOffer } from '../../contract/runner-protocol.ts';
import { Meter, type Metered } from '../gateway/meter.ts';
import { readKey } from '../gateway/open-gateway.ts';
import { type Secret, secretForms } from '../output/output-chunk.ts';
import type { AttemptContext } from './attempt-context.ts';

/**
 * @param used what an earlier life counted in this run
 * @throws ProfileProblem where the key is not to be had
 */
export function openMeter(context: AttemptContext, offer: AttemptOffer, used: Metered | null): Meter | null {
  const settings = offer.profile.gateway;
  if (settings === null) return null;
  if (!context.gateway) throw new ProfileProblem('this runner has no model gateway');
  const key = readKey(settings, context.dataDir, context.environment);
  const meter = new Meter(settings.price ?? null, used ?? undefined);
  context.gateway.open(offer.attempt, { upstream: settings.upstream, key, meter });
  return meter;
}

/** What must not stand in the live output, whoever prints it. */
export function secretsOf(context: AttemptContext, offer: AttemptOffer): Secret[] {
  const settings = offer.profile.gateway;
  const own = secretForms('token', offer.token);
  if (settings === null || !context.gateway) return own;
  let key: string | null = null;
  try {
    key = readKey(settings, context.dataDir, context.environment);
  } catch {
    // Said where it is needed: the attempt cannot start without it.
  }
  return [
    ...own,
    ...secretForms('gateway token', context.gateway.tokenFor(offer.attempt)),
    ...(key === null ? [] : secretForms('key', key)),
  ];
}
