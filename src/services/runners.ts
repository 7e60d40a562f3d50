/** Runners register, poll for offers, and are told what to stop. Every poll repeats what was not accepted yet. */
import type { Offer, Polled } from '../contract/runner-protocol.ts';
import { OLDEST_RUNNER_PROTOCOL, RUNNER_PROTOCOL } from '../domain/runner-protocol.ts';
import type { Profile, Project, Runner } from '../domain/config.ts';
import type { Containment } from '../domain/words.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { buildPrompt, buildRestartPrompt } from '../domain/ticket/prompt.ts';
import type { Attempt, Ticket } from '../domain/ticket/state.ts';
import { attemptToken } from './access.ts';
import { bundlesFor, suits } from './bundles.ts';
import { changeDocument, createDocument } from './configuration.ts';
import type { Work } from '../store/port.ts';
import { type Caller, type Deps, notFound } from './deps.ts';
import { landOffer, mayOfferLanding } from './landing.ts';
import { sessionOffer } from './orchestrator.ts';
import { profileForRunner } from './profile-for-runner.ts';
import { projectForRunner, verifyOffer } from './verification.ts';

export interface Registration {
  name: string;
  slots: number;
  labels: string[];
  kinds: string[];
  software: string;
  pid: number | null;
  containment: Containment[];
  /** What it speaks; 1 where it does not say. */
  protocol: number;
}

/** Registering a name again gives the same id and supersedes the older process. */
export async function registerRunner(
  deps: Deps,
  caller: Caller,
  input: Registration,
): Promise<{ id: string; instance: string } | Refusal> {
  const { protocol, ...given } = input;
  const unsupported = refuseProtocol(input.name, input.software, protocol);
  if (unsupported) return unsupported;
  const id = `run_${input.name}`;
  const instance = deps.newId('ins');
  const token = caller.tokenId ?? '';
  const state: Omit<Runner, 'id'> = { ...given, instance, token, draining: null };
  const existing = await deps.store.document<Runner>('runner', id);
  const result = existing
    ? await changeDocument<Runner>(deps, caller, 'runner', id, (runner) =>
        runner.token !== '' && runner.token !== token
          ? refuse('runner_name_taken', `The runner ${input.name} was registered with another token.`)
          : state,
      )
    : await createDocument<Runner>(deps, caller, 'runner', id, { id, ...state });
  // Somebody registered the same new name at the same time: the second comes after the first.
  if (isRefusal(result) && result.code === 'already_exists') return registerRunner(deps, caller, input);
  if (isRefusal(result)) return result;
  await deps.store.seen(id, await deps.store.now(), false);
  return { id, instance };
}

function refuseProtocol(name: string, software: string, protocol: number): Refusal | null {
  if (protocol >= OLDEST_RUNNER_PROTOCOL && protocol <= RUNNER_PROTOCOL) return null;
  const speaks = `The runner ${name} (${software}) speaks protocol ${protocol}, and this server ${OLDEST_RUNNER_PROTOCOL} to ${RUNNER_PROTOCOL}.`;
  const next =
    protocol > RUNNER_PROTOCOL
      ? 'Bring the server up to date first, or run the version of the runner that belongs to it.'
      : 'Bring the runner up to date: stop it, update, and start it again.';
  return refuse('runner_version_unsupported', `${speaks} ${next}`);
}

/** The name may be registered anew, by any runner's token; who has it is superseded. */
export async function releaseRunner(deps: Deps, caller: Caller, id: string) {
  return changeDocument<Runner>(deps, caller, 'runner', id, () => ({ token: '', instance: '' }));
}

export async function drainRunner(
  deps: Deps,
  caller: Caller,
  id: string,
  wish: { draining: boolean; handOver: boolean; reason: string | null },
) {
  const at = await deps.store.now();
  const { draining, handOver, reason } = wish;
  return changeDocument<Runner>(deps, caller, 'runner', id, () => ({
    draining: draining ? { by: caller.actor.id, reason, at, handOver } : null,
  }));
}

/** The runner behind a request: its token must be the one that registered last, and the instance, where given, too. */
export async function runnerFor(
  deps: Deps,
  caller: Caller,
  id: string,
  instance: string | undefined,
): Promise<Runner | Refusal> {
  const runner = await deps.store.document<Runner>('runner', id);
  if (!runner) return notFound('runner', id);
  if (runner.token !== (caller.tokenId ?? '') || (instance !== undefined && instance !== runner.instance)) {
    return refuse('runner_superseded', `A newer process has registered as ${runner.name}.`);
  }
  return runner;
}

/** What is on offer for this runner right now, and which of its attempts have to stop. */
export async function pollOnce(deps: Deps, runner: Runner, input: { freeSlots: number }): Promise<Polled> {
  const offers: Offer[] = [];
  const stop: string[] = [];
  const [attempts, offerable] = await Promise.all([
    deps.store.attemptsOfRunner(runner.id),
    runner.draining ? [] : deps.store.offerableWork(runner.id, runner.kinds, OFFERABLE),
  ]);
  for (const open of attempts) {
    if (open.state === 'stopping') stop.push(open.attempt);
    if (open.state !== 'offered' || runner.draining) continue;
    const offer = await attemptOffer(deps, open.ticket, open.attempt);
    if (offer) offers.push(offer);
  }
  if (runner.draining) return { offers, stop, drain: runner.draining.handOver ? 'hand_over' : 'finish' };
  for (const work of offerable) {
    // An orchestrator's session is no work that others wait behind, nor waits behind others.
    if (work.kind !== 'session' && (await isBusy(deps, runner.id))) continue;
    if (work.kind === 'land' && !(await mayOfferLanding(deps, work))) continue;
    const isOwn = work.kind === 'session' || work.wantsRunner === runner.id;
    if (!isOwn && !(await suits(deps, runner, work.ticket))) continue;
    const taken = await deps.store.takeWork(work.id, runner.id, deps.timing.offerMs);
    const offer = taken ? await workOffer(deps, taken) : null;
    if (offer) offers.push(offer);
  }
  return { offers: offers.slice(0, Math.max(input.freeSlots, 0) + 50), stop };
}

/**
 * Looked at for one that may be handed out: what a pause holds back, or waits for a runner with other labels, must not
 * stand in the way of the rest.
 */
const OFFERABLE = 200;

function workOffer(deps: Deps, work: Work): Promise<Offer | null> {
  switch (work.kind) {
    case 'land':
      return landOffer(deps, work);
    case 'session':
      return sessionOffer(deps, work);
    case 'verify':
      return verifyOffer(deps, work);
  }
}

/** One piece of work at a time per runner; what its lease no longer covers holds nothing up, least of all for good. */
async function isBusy(deps: Deps, runner: string): Promise<boolean> {
  const now = await deps.store.now();
  for (const own of await deps.store.workOfRunner(runner)) {
    if (own.kind === 'session') continue;
    const lease = await deps.store.readLease(`work:${own.id}`);
    if (lease !== null && lease.expiresAt > now) return true;
  }
  return false;
}

async function attemptOffer(deps: Deps, key: string, attemptId: string): Promise<Offer | null> {
  const record = await deps.store.ticket(key);
  const attempt = record?.state.attempts.find((a) => a.id === attemptId);
  if (!record || !attempt || attempt.profile === null) return null;
  const ticket = record.state;
  const [project, profile, bundles] = await Promise.all([
    deps.store.document<Project>('project', ticket.project),
    deps.store.document<Profile>('profile', attempt.profile),
    bundlesFor(deps, ticket, attempt),
  ]);
  if (!project || !profile) return null;
  const resumed = attempt.startedAt !== null;
  const checks = project.checks.filter((check) => project.completion.checks.includes(check.name));
  return {
    kind: 'attempt',
    attempt: attempt.id,
    number: attempt.number,
    ticket: key,
    fence: attempt.fence,
    token: attemptToken(deps, attempt.id, attempt.fence),
    project: projectForRunner(project),
    profile: profileForRunner(profile),
    prompt: buildPrompt(ticket, attempt, checks, resumed),
    resume: resumed ? { session: attempt.session, answers: permissionAnswers(ticket, attempt) } : null,
    mcp: true,
    restartPrompt: buildRestartPrompt(ticket, attempt, checks),
    startAt: attempt.startAt,
    continues: continuesOf(ticket, attempt),
    bundles,
  };
}

function continuesOf(ticket: Ticket, attempt: Attempt) {
  const earlier = ticket.attempts.find((candidate) => candidate.id === attempt.continues);
  if (!earlier) return null;
  // A session that ended without a result may be why: its work is continued, not its train of thought.
  const session = earlier.outcome === 'failed' ? null : earlier.session;
  return { attempt: earlier.id, number: earlier.number, session };
}

/** What the agent asked permission for before it was parked, and was told: it asks again, and is answered at once. */
function permissionAnswers(ticket: Ticket, attempt: Attempt): { question: string; choice: string }[] {
  const mark = `${attempt.id}#${attempt.fence}`;
  return ticket.questions.flatMap((q) =>
    q.kind === 'permission' && q.choice !== null && q.deliveredTo.includes(mark)
      ? [{ question: q.id, choice: q.choice }]
      : [],
  );
}
