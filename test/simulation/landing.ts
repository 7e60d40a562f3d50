/**
 * Landing in the simulated world: what a runner does with a piece of land work, over a network that loses and doubles
 * messages, in a repository that others push to; and what must be true of it all in the end.
 */
import { isRefusal } from '../../src/domain/refusal.ts';
import type { LandReport } from '../../src/domain/ticket/decide-landing.ts';
import type { Ticket } from '../../src/domain/ticket/state.ts';
import type { LandOffer } from '../../src/contract/runner-protocol.ts';
import {
  advanceLanding,
  announcePush,
  finishLandWork,
  landOffer,
  retryLanding,
  startLanding,
} from '../../src/services/landing.ts';
import { PLAIN_TICKET } from '../../src/domain/ticket/testing.ts';
import { isLanding } from '../../src/domain/ticket/landing.ts';
import type { Deps } from '../../src/services/deps.ts';
import type { CommitPlan, Store } from '../../src/store/port.ts';
import { setPause } from '../../src/services/pausing.ts';
import { createTicket, transitionTicket } from '../../src/services/tickets.ts';
import { createVerifyWork, finishVerifyWork } from '../../src/services/verification.ts';
import type { Log } from './judge.ts';
import type { SimRepository } from './repository.ts';
import { PERSON, REVIEWER, type World } from './world.ts';

export type Call = <T>(what: string, run: () => Promise<T>) => Promise<T>;

const LEASE_MS = 3000;

/** Everything that a runner does about one offer; whatever is lost on the way is lost. */
export async function landWork(world: World, offer: LandOffer, call: Call): Promise<void> {
  const { deps } = world.anyServer();
  const { random } = world;
  const work = await deps.store.work(offer.work);
  if (!work || work.fence !== offer.fence || work.state !== 'running') return;
  const renewed = await call('work accept', () =>
    deps.store.renewLease(`work:${work.id}`, work.runner ?? '', offer.fence, LEASE_MS),
  );
  if (!renewed) return;
  const until = world.now + LEASE_MS;
  const started = await call('landing start', () => startLanding(deps, work));
  if (isRefusal(started)) return;
  const report = await step(world, offer, call, until);
  if (report === null || (world.faulty && random.chance(0.1))) return;
  await call('land end', () =>
    finishLandWork(deps, work, {
      fence: offer.fence,
      outcome: report.state === 'unable' || report.state === 'held' ? 'unable' : 'done',
      report,
    }),
  );
}

async function step(world: World, offer: LandOffer, call: Call, until: number): Promise<LandReport | null> {
  const { random } = world;
  const repository = world.repository(offer.project.key);
  if (world.faulty && random.chance(0.1)) return { state: 'unable', reason: 'no disk' };
  if (offer.step === 'probe') {
    return random.chance(0.6)
      ? { state: 'deployed', commit: repository.head, said: repository.head }
      : { state: 'not_deployed', reason: `old ${random.below(2)}` };
  }
  if (offer.step === 'look') return look(world, offer, repository);
  return push(world, offer, repository, call, until);
}

function look(world: World, offer: LandOffer, repository: SimRepository): LandReport {
  const { random } = world;
  const tip = repository.branches.get(offer.branch);
  if (tip !== undefined && random.chance(0.5)) {
    const commit = repository.merge(repository.head, tip);
    repository.goodMerges.add(commit);
    repository.push({ work: tip, commit, onto: repository.head });
    repository.branches.delete(offer.branch);
  } else if (world.faulty && random.chance(0.1)) repository.branches.delete(offer.branch);
  if (repository.contains(offer.commit)) return { state: 'merged', commit: repository.head };
  if (!repository.branches.has(offer.branch))
    return { state: 'failed', cause: 'pull_request_closed', reason: 'the branch is gone' };
  return { state: 'not_merged', reason: null };
}

async function push(
  world: World,
  offer: LandOffer,
  repository: SimRepository,
  call: Call,
  until: number,
): Promise<LandReport | null> {
  const { random } = world;
  const { deps } = world.anyServer();
  const isPullRequest = offer.mode === 'pull_request';
  const arrived = offer.intents.find(
    ({ commit }) => repository.contains(commit) || repository.branches.get(offer.branch) === commit,
  );
  if (arrived) return { state: 'pushed', commit: arrived.commit };
  if (offer.announced) return { state: 'moved', reason: 'the announced push has not arrived' };
  const onto = repository.head;
  const checks = offer.checks.map(({ name }) => ({ name, exitCode: 0, durationMs: 1 }));
  if (repository.contains(offer.commit)) return { state: 'contained', commit: onto, checks };
  if (world.faulty && random.chance(0.1))
    return { state: 'failed', cause: 'conflict', reason: 'it conflicts' };
  const merged = repository.merge(onto, offer.commit, offer.mode === 'squash');
  const isGood = !world.faulty || random.chance(0.8);
  // A runner that does not check at all must not get through either.
  const forgets = world.faulty && random.chance(0.1);
  if (isGood) repository.goodMerges.add(merged);
  else if (!forgets) return { state: 'failed', cause: 'check_failed', reason: 'the check fails once merged' };
  const commit = isPullRequest ? offer.commit : merged;
  if (random.chance(0.1)) repository.move();
  const work = await deps.store.work(offer.work);
  if (!work) return null;
  // Somebody pauses right before the commit: the pause comes first, or nothing was decided before it.
  const own = world.faulty && random.chance(0.3) ? pausedBeforeCommit(deps) : deps;
  const announced = await call('intent', () =>
    announcePush(own, work, {
      fence: offer.fence,
      commit,
      onto,
      branch: isPullRequest ? offer.branch : 'main',
      checks: forgets ? [] : checks,
    }),
  );
  if (isRefusal(announced)) {
    if (announced.code === 'paused') return { state: 'held', reason: 'paused' };
    if (announced.code === 'evidence_incomplete')
      return { state: 'failed', cause: 'evidence_incomplete', reason: announced.detail };
    return null;
  }
  // It dies between the announcement and the push, or finds its lease over.
  if ((world.faulty && random.chance(0.15)) || world.now >= until) return null;
  if (isPullRequest) repository.branches.set(offer.branch, commit);
  else if (!repository.push({ work: offer.commit, commit, onto }))
    return { state: 'moved', reason: 'the branch moved' };
  return { state: 'pushed', commit };
}

/**
 * Work that is accepted when the faults begin: a schedule of thirty steps would rarely get that far by itself. Handed in
 * by one person, found good, accepted by another.
 */
export async function startWithLandings(world: World, count: number): Promise<void> {
  const { deps } = world.server(0);
  for (let i = 0; i < count; i += 1) {
    const created = await createTicket(deps, PERSON, {
      project: world.random.pick(['A', 'B']),
      status: 'todo',
      fields: { ...PLAIN_TICKET, assignee: 'ada' },
    });
    if (isRefusal(created)) throw new Error(created.detail);
    const { key } = created.ticket;
    const commit = deps.sha256(`hand ${key}`).slice(0, 40);
    world.goodCommits.add(commit);
    await transitionTicket(deps, PERSON, key, { transition: 'hand_in', summary: 'by hand', commit }, {});
    const ticket = (await deps.store.ticket(key))?.state;
    if (ticket) await createVerifyWork(deps, ticket);
    const [pending] = await deps.store.workOfAttempt(ticket?.attempts.at(-1)?.id ?? '');
    const work = pending ? await deps.store.takeWork(pending.id, 'run_setup', 1000) : null;
    if (!ticket || !work) throw new Error(`${key} was not verified`);
    for (const evidence of ticket.evidence) world.foundGood.add(evidence.id);
    await finishVerifyWork(deps, work, {
      fence: work.fence,
      outcome: 'done',
      reason: null,
      findings: ticket.evidence.map(({ id }) => ({ id, state: 'verified', reason: null, details: {} })),
    });
    await transitionTicket(deps, REVIEWER, key, { transition: 'accept' }, {});
    if (world.random.chance(0.6)) await announceAndDie(world, key);
  }
}

/** A runner that died right after it announced its push, or right after the push itself: nobody knows which. */
async function announceAndDie(world: World, key: string): Promise<void> {
  const { deps } = world.server(0);
  await advanceLanding(deps, key);
  const ticket = (await deps.store.ticket(key))?.state;
  const landing = ticket?.landing;
  const [pending] = await deps.store.workOfAttempt(landing?.attempt ?? '');
  const work = pending ? await deps.store.takeWork(pending.id, 'run_setup', LEASE_MS) : null;
  const offer = work ? await landOffer(deps, work) : null;
  if (!work || !offer || offer.step !== 'push' || offer.mode === 'pull_request') return;
  await startLanding(deps, work);
  if (world.random.chance(0.3)) {
    const report = { state: 'failed', cause: 'conflict', reason: 'it conflicts' } as const;
    await finishLandWork(deps, work, { fence: work.fence, outcome: 'done', report });
    return;
  }
  const repository = world.repository(offer.project.key);
  const onto = repository.head;
  const commit = repository.merge(onto, offer.commit, offer.mode === 'squash');
  repository.goodMerges.add(commit);
  const checks = offer.checks.map(({ name }) => ({ name, exitCode: 0, durationMs: 1 }));
  await announcePush(deps, work, { fence: work.fence, commit, onto, branch: 'main', checks });
  if (world.random.chance(0.5)) repository.push({ work: offer.commit, commit, onto });
}

/** What comes between a landing and its end: somebody cancels, wants changes, pauses, or commits to the branch. */
export async function disturbLanding(world: World): Promise<void> {
  const { deps } = world.anyServer();
  const { items } = await deps.store.tickets({ statuses: ['in_review'], sort: 'age', limit: 200 });
  const ended = items.find((ticket) => ticket.landing?.state === 'ended');
  if (ended && world.random.chance(0.5)) {
    await retryLanding(deps, PERSON, ended.key, 'mended', { ifMatch: ended.version });
    return;
  }
  const landing = items.filter((ticket) => isLanding(ticket));
  if (landing.length === 0) return;
  const { key, project, version } = world.random.pick(landing);
  const move = (transition: 'cancel' | 'request_changes') =>
    transitionTicket(deps, PERSON, key, { transition, feedback: 'better' }, { ifMatch: version });
  await world.random.weighted<() => Promise<unknown>>([
    [1, () => move('cancel')],
    [1, () => move('request_changes')],
    [2, () => setPause(deps, PERSON, { paused: world.random.chance(0.5) })],
    [1, () => Promise.resolve(world.repository(project).move())],
  ])();
}

/** A server whose first commit is preceded by somebody's pause: one interleaving, made often enough to be seen. */
function pausedBeforeCommit(deps: Deps): Deps {
  let isFirst = true;
  const store = new Proxy(deps.store, {
    get: (target, member: keyof Store) => {
      if (member !== 'commit') return target[member];
      return async (plan: CommitPlan) => {
        if (isFirst) {
          isFirst = false;
          await setPause(deps, PERSON, { paused: true });
        }
        return target.commit(plan);
      };
    },
  });
  return { ...deps, store };
}

/** What the repositories know, against what the system made of it. */
export function landingTruths(world: World, items: readonly Ticket[], log: Log): string[] {
  const found: string[] = [];
  for (const [key, repository] of world.repositories) {
    const seen = new Set<string>();
    for (const { work, commit } of repository.pushes) {
      if (seen.has(work)) found.push(`${work} was merged twice into ${key}`);
      seen.add(work);
      if (!repository.goodMerges.has(commit)) found.push(`${commit} landed in ${key}, and its checks fail`);
    }
  }
  for (const { key, project, status, landing } of items) {
    const lands = status === 'done' && landing?.state === 'landed' && landing.mode !== 'leave_branch';
    if (lands && !world.repository(project).contains(landing.result ?? ''))
      found.push(`${key} is done, and ${landing.result} is not in the branch of ${project}`);
  }
  found.push(...announcements(log));
  return found;
}

/** Over the whole log: no push is announced in a pause, none beside another of its project, none is withdrawn. */
function announcements(log: Log): string[] {
  const found: string[] = [];
  const tickets = new Map<string, Ticket>();
  let paused = false;
  for (const entry of log) {
    const { event } = entry;
    const set = (event.data as { set?: { paused?: unknown } }).set;
    if (event.stream.startsWith('policy:') && set && 'paused' in set) paused = set.paused !== null;
    if (entry.ticket === null) continue;
    const { ticket: key, before, after } = entry;
    if (event.type === 'landing.intended') {
      if (paused) found.push(`seq ${event.seq}: a push of ${key} was announced in a pause`);
      for (const [other, state] of tickets) {
        const isBeside = other !== key && state.project === before?.project;
        if (isBeside && state.status === 'in_review' && state.landing?.state === 'pushing')
          found.push(`seq ${event.seq}: a push of ${key} was announced beside that of ${other}`);
      }
    }
    if (event.type === 'landing.withdrawn' && before?.landing?.state === 'pushing')
      found.push(`seq ${event.seq}: the landing of ${key} was withdrawn while it was pushed`);
    tickets.set(key, after);
  }
  return found;
}
