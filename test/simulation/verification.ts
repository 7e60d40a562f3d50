/** Checks as a runner makes them in the simulated world, where it is known which commit is good. */
import type { Offer } from '../../src/contract/runner-protocol.ts';
import { finishVerifyWork } from '../../src/services/verification.ts';
import type { Call } from './landing.ts';
import type { World } from './world.ts';

export type VerifyOffer = Extract<Offer, { kind: 'verify' }>;

export async function verifyWork(world: World, offer: VerifyOffer, call: Call): Promise<void> {
  const { deps } = world.anyServer();
  const work = await deps.store.work(offer.work);
  if (!work) return;
  // Most verifications come after the faults; that one cannot run is no fault that heals.
  const unable = world.random.chance(world.faulty ? 0.25 : 0.1);
  const good = offer.commit !== null && world.goodCommits.has(offer.commit);
  const known = offer.commit !== null && offer.commit !== 'base' && offer.commit !== '';
  await call('work end', () =>
    finishVerifyWork(
      deps,
      { ...work, fence: work.fence },
      {
        fence: offer.fence,
        outcome: unable ? 'unable' : 'done',
        reason: unable ? 'no worktree' : null,
        findings: unable
          ? []
          : offer.evidence.map((evidence) => {
              const passes = evidence.kind === 'commit' ? known : good;
              if (passes) world.foundGood.add(evidence.id);
              return {
                id: evidence.id,
                state: passes ? ('verified' as const) : ('refuted' as const),
                reason: passes ? null : 'the check fails',
                details: {},
              };
            }),
      },
    ),
  );
  await believedOnlyWhatWasFound(world, offer.ticket);
}

/** Evidence is verified by what a verifier found, never because one could not look. */
async function believedOnlyWhatWasFound(world: World, key: string): Promise<void> {
  const record = await world.store.ticket(key);
  for (const { id, kind, state } of record?.state.evidence ?? []) {
    if (state === 'verified' && (kind === 'commit' || kind === 'check') && !world.foundGood.has(id))
      world.wrongs.push(`the ${kind} of ${key} is verified, and no verifier has found it good`);
  }
}
