/**
 * The orchestrator as an agent in the simulated world: a session that the inbox wakes, on runners that die under it,
 * with an agent that decides, dawdles or says nothing; and what must be true of it in the end.
 */
import type { SessionOffer } from '../../src/contract/runner-protocol.ts';
import { isRefusal } from '../../src/domain/refusal.ts';
import { MOST_ASKED, type OrchestratorSession } from '../../src/domain/orchestrator/session.ts';
import { finishSession, renewSession } from '../../src/services/orchestrator.ts';
import type { Log } from './judge.ts';
import type { Call } from './landing.ts';
import { orchestratorActs } from './people.ts';
import type { World } from './world.ts';

export const SESSION_PROFILE = 'keeper';
const LEASE_MS = 3000;

/** Everything that a runner does about one offered run; whatever is lost on the way is lost, and offered anew. */
export async function runSession(world: World, offer: SessionOffer, call: Call): Promise<void> {
  const { random } = world;
  const { deps } = world.anyServer();
  const work = await deps.store.work(offer.work);
  if (!work || work.fence !== offer.fence || work.state !== 'running') return;
  const isHeld = await call('session accept', () =>
    deps.store.renewLease(`work:${work.id}`, work.runner ?? '', offer.fence, LEASE_MS),
  );
  if (!isHeld) return;
  const usage = { usd: 0.01, inputTokens: 1, outputTokens: 1 };
  const told = await call('session renew', () => renewSession(deps, work, usage));
  const caller = { actor: { kind: 'orchestrator' as const, id: SESSION_PROFILE }, role: 'orchestrator' };
  // Its runner dies, or it ends its turn without a word.
  const isSilent = told.directive === 'stop' || world.muteFor > 0 || random.chance(0.3);
  if (!isSilent) await orchestratorActs(world, caller, SESSION_PROFILE);
  if (world.faulty && random.chance(0.15)) return;
  const isUnable = random.chance(0.15);
  const ended = await call('session end', () =>
    finishSession(deps, work, {
      fence: offer.fence,
      outcome: isUnable ? 'unable' : 'done',
      reason: isUnable ? 'it left with 1' : null,
      result: { session: `session ${work.id}`, usage },
    }),
  );
  if (isRefusal(ended) && ended.code !== 'stale_attempt') throw new Error(ended.detail);
}

/** Over the whole log: woken for something, one run at a time, reminded no more than twice, and no run is waited for that has ended. */
export async function sessionTruths(world: World, log: Log): Promise<string[]> {
  const found: string[] = [];
  const asked = new Map<string, number>();
  let running: string | null = null;
  for (const { event } of log) {
    if (event.stream !== `session:${SESSION_PROFILE}`) continue;
    const { set } = event.data as { set: Partial<OrchestratorSession> };
    if (event.type === 'session.woken' && set.run) {
      if (running !== null) found.push(`seq ${event.seq}: the orchestrator was woken while ${running} runs`);
      running = set.run.work;
      if (set.run.items.length === 0) found.push(`seq ${event.seq}: the orchestrator was woken for nothing`);
      for (const item of set.run.items) {
        const times = (asked.get(item) ?? 0) + 1;
        asked.set(item, times);
        if (times > MOST_ASKED)
          found.push(`seq ${event.seq}: ${item} was put before the orchestrator ${times} times`);
      }
    } else if (event.type === 'session.ended') running = null;
  }
  const session = await world.store.document<OrchestratorSession>('session', SESSION_PROFILE);
  const work = session?.run ? await world.store.work(session.run.work) : null;
  if (session?.run && work?.state !== 'pending' && work?.state !== 'running')
    found.push(`the run ${session.run.work} of the orchestrator has ended, and its session waits for it`);
  return found;
}
