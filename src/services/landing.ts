/**
 * Landing accepted work: handing it to a runner, taking in what that announces and reports, and trying again. Level
 * based like verification: what has to be done is read from the tickets. The landings of a project go one at a time,
 * because their work has one key; looking for a merge or a deploy holds up nobody.
 */
import type { LandOffer } from '../contract/runner-protocol.ts';
import type { Project } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { checksOfMerge, effectiveCompletion } from '../domain/ticket/completion.ts';
import {
  type LandReport,
  decideCloseMerge,
  decideIntent,
  decideLandReport,
  decideLandingDue,
  decideLandingStarted,
  decideRetryLanding,
} from '../domain/ticket/decide-landing.ts';
import { isUnfinished, landingOf } from '../domain/ticket/landing.ts';
import type { Attempt, Landing, LandingCheck, Ticket } from '../domain/ticket/state.ts';
import type { Effect, Work } from '../store/port.ts';
import { finalBundle, keeperOf } from './bundles.ts';
import { type ChangeOptions, type TicketChanged, changeTicket } from './change-ticket.ts';
import { type Caller, type Deps, readPolicy } from './deps.ts';
import { lookLease } from './ticket-effects.ts';
import { projectForRunner } from './verification.ts';

const LANDER: Caller = { actor: { kind: 'control_plane', id: 'lander' } };

const SECOND = 1000;
/** Between two looks: the longer it has waited, the more rarely. */
const LOOKS = {
  awaiting_merge: { share: 10, leastMs: 2 * SECOND, mostMs: 60 * SECOND },
  deploying: { share: 4, leastMs: 2 * SECOND, mostMs: 60 * SECOND },
};
/** What a probe by command may take, whatever the deadline says. */
const PROBE_TIMEOUT_SECONDS = 60;

function landingWorkKey(ticket: Ticket, landing: Landing): string {
  const merges = landing.state !== 'awaiting_merge' && landing.state !== 'deploying';
  return merges ? `land:${ticket.project}` : `look:${landing.id}`;
}

/** Brings one ticket's landing a step further where that is the control plane's turn. Returns whether it made work. */
export async function advanceLanding(deps: Deps, key: string): Promise<boolean> {
  const record = await deps.store.ticket(key);
  const landing = record ? landingOf(record.state) : null;
  if (!record || !landing || !isUnfinished(landing)) return false;
  const due = await changeTicket(deps, LANDER, key, (ticket, context) => decideLandingDue(ticket, context));
  if (isRefusal(due) || due.events.length > 0) return false;
  const now = await deps.store.now();
  const attempt = record.state.attempts.find((a) => a.id === landing.attempt);
  const unfinished = (await deps.store.workOfAttempt(landing.attempt)).find(
    (work) => work.kind === 'land' && (work.state === 'pending' || work.state === 'running'),
  );
  if (unfinished) {
    await giveUpOnSilentRunner(deps, unfinished, landing, attempt, now);
    return false;
  }
  if (attempt?.state !== 'ended' || !(await isDue(deps, landing, now))) return false;
  await deps.store.commit({
    appends: [],
    rows: [],
    effects: [
      {
        effect: 'work_add',
        work: {
          id: deps.newId('wrk'),
          kind: 'land',
          ticket: key,
          attempt: landing.attempt,
          key: landingWorkKey(record.state, landing),
          createdAt: now,
          wantsRunner: await wantsRunner(deps, landing, attempt),
        },
      },
    ],
  });
  return true;
}

/** Until it is pushed, the commits of an agent are in the clone of its runner, and where they were uploaded, here. */
async function wantsRunner(deps: Deps, landing: Landing, attempt: Attempt): Promise<string | null> {
  const isPushed = landing.intents.length > 0 && landing.state !== 'pushing' && landing.state !== 'queued';
  const isElsewhere = landing.state === 'awaiting_merge' || (landing.state === 'deploying' && isPushed);
  return isElsewhere ? null : keeperOf(deps, attempt, 'land');
}

async function isDue(deps: Deps, landing: Landing, now: number): Promise<boolean> {
  if (landing.retryAt !== null && landing.retryAt > now) return false;
  switch (landing.state) {
    case 'queued':
    case 'building':
      return (await readPolicy(deps)).paused === null;
    // An announced push is looked after also in a pause: what it did is done.
    case 'pushing':
      return true;
    case 'awaiting_merge':
    case 'deploying': {
      const look = await deps.store.readLease(lookLease(landing.id));
      return look === null || look.expiresAt <= now;
    }
    case 'landed':
    case 'ended':
    case 'withdrawn':
      return false;
  }
}

/** Those that have a landing: what waits for its project's turn takes it in the order in which it was accepted. */
export function inLandingOrder(tickets: readonly Ticket[]): Ticket[] {
  return tickets
    .filter((ticket) => ticket.landing !== null)
    .toSorted((a, b) => (a.landing?.recordedAt ?? 0) - (b.landing?.recordedAt ?? 0));
}

async function giveUpOnSilentRunner(
  deps: Deps,
  work: Work,
  landing: Landing,
  attempt: Attempt | undefined,
  now: number,
): Promise<void> {
  if (work.wantsRunner === null) return;
  if ((await keeperOf(deps, attempt, 'land')) === null) {
    await deps.store.commit({ appends: [], rows: [], effects: [{ effect: 'work_release', id: work.id }] });
    return;
  }
  const presence = (await deps.store.presences()).find((seen) => seen.runner === work.wantsRunner);
  if (presence && now - presence.seenAt < deps.timing.parkedSilenceMs) return;
  const taken = await deps.store.takeWork(work.id, LANDER.actor.id, deps.timing.leaseMs);
  if (!taken) return;
  const unknown = landing.state === 'pushing' ? ' It had announced a push: look at the branch first.' : '';
  await finishLandWork(deps, taken, {
    fence: taken.fence,
    outcome: 'unable',
    report: {
      state: 'failed',
      cause: 'unable',
      reason: `The runner ${work.wantsRunner}, which has the commits, is not connected. Start it again on its data directory, and retry.${unknown}`,
    },
  });
}

/** Whether this piece of work may be handed out now: in its time, and not in a pause before the push is announced. */
export async function mayOfferLanding(deps: Deps, work: Work): Promise<boolean> {
  const record = await deps.store.ticket(work.ticket);
  const landing = record ? landingOf(record.state) : null;
  if (landing?.retryAt && landing.retryAt > (await deps.store.now())) return false;
  if (landing?.state !== 'queued' && landing?.state !== 'building') return true;
  return (await readPolicy(deps)).paused === null;
}

/** What the runner is told; null, and the work is over, when there is nothing left to land. */
export async function landOffer(deps: Deps, work: Work): Promise<LandOffer | null> {
  const record = await deps.store.ticket(work.ticket);
  const ticket = record?.state;
  const landing = ticket ? landingOf(ticket) : null;
  const attempt = ticket?.attempts.find((a) => a.id === work.attempt);
  const project = ticket ? await deps.store.document<Project>('project', ticket.project) : null;
  const isCurrent = landing !== null && landing.attempt === work.attempt && isUnfinished(landing);
  if (!ticket || !landing || !attempt || !project || !isCurrent) {
    const effect: Effect = {
      effect: 'work_finish',
      id: work.id,
      fence: work.fence,
      state: 'done',
      reason: 'nothing to land any more',
    };
    await deps.store.commit({ appends: [], rows: [], effects: [effect] });
    return null;
  }
  const completion = effectiveCompletion(project.completion, ticket.completion);
  const names = checksOfMerge(ticket, completion, await deps.store.now());
  const checks = project.checks.filter((check) => names.includes(check.name));
  return {
    kind: 'land',
    work: work.id,
    landing: landing.id,
    ticket: ticket.key,
    attempt: attempt.id,
    attemptNumber: attempt.number,
    fence: work.fence,
    project: projectForRunner(project),
    bundle: await finalBundle(deps, attempt),
    step: stepOf(landing),
    mode: landing.mode,
    commit: landing.commit,
    base: attempt.base,
    landed: landing.result,
    branch: landing.branch ?? `mc/${ticket.key}/${attempt.number}`,
    intents: landing.intents.map(({ commit, onto }) => ({ commit, onto })),
    announced: landing.state === 'pushing',
    message: commitMessage(ticket, attempt.number, landing, attempt.summary),
    at: new Date(landing.recordedAt).toISOString(),
    checks,
    probe: project.deploy
      ? {
          ...project.deploy.probe,
          timeoutSeconds: Math.min(PROBE_TIMEOUT_SECONDS, project.deploy.timeoutSeconds),
        }
      : null,
  };
}

function stepOf(landing: Landing): LandOffer['step'] {
  if (landing.state === 'awaiting_merge') return 'look';
  return landing.state === 'deploying' ? 'probe' : 'push';
}

/** One line that says what, the worker's own summary, and where to read on. */
function commitMessage(ticket: Ticket, number: number, landing: Landing, summary: string | null): string {
  const title = ticket.title.replaceAll(/\s+/g, ' ');
  const first = landing.mode === 'squash' ? `${title} (${ticket.key})` : `Merge ${ticket.key}: ${title}`;
  const body = landing.mode === 'squash' && summary ? `${summary.trim()}\n\n` : '';
  return `${first}\n\n${body}Ticket: ${ticket.key}\nAttempt: ${number}\nAccepted-by: ${(ticket.decision?.by ?? '').replaceAll(/\s+/g, ' ')}\n`;
}

/** The runner has taken the work. */
export function startLanding(deps: Deps, work: Work) {
  return changeTicket(deps, LANDER, work.ticket, (ticket, context) => {
    const landing = landingOf(ticket);
    if (!landing || landing.attempt !== work.attempt) return over(work);
    return decideLandingStarted(ticket, { landing: landing.id, runner: work.runner ?? '' }, context);
  });
}

/** Whether the runner shall go on with what it builds. */
export async function landingDirective(deps: Deps, work: Work): Promise<'continue' | 'stop'> {
  const record = await deps.store.ticket(work.ticket);
  const landing = record ? landingOf(record.state) : null;
  if (!landing || !isUnfinished(landing)) return 'stop';
  const isHeld = landing.state === 'building' && (await readPolicy(deps)).paused !== null;
  return isHeld ? 'stop' : 'continue';
}

/**
 * Records the push that comes next, or says why there must be none. Its guards hold it to the work's present lease and
 * to the configuration that it was decided on: a pause that was answered before it lets nothing through.
 */
export async function announcePush(
  deps: Deps,
  work: Work,
  intent: { fence: number; commit: string; onto: string; branch: string; checks: LandingCheck[] },
): Promise<TicketChanged | Refusal> {
  for (let tries = 0; ; tries += 1) {
    const version = await deps.store.configVersion();
    const announced = await changeTicket(
      deps,
      LANDER,
      work.ticket,
      (ticket, context) => {
        const landing = landingOf(ticket);
        if (!landing || landing.attempt !== work.attempt) return over(work);
        return decideIntent(ticket, { landing: landing.id, runner: work.runner ?? '', ...intent }, context);
      },
      {
        guards: [
          { guard: 'lease_held', name: `work:${work.id}`, holder: work.runner ?? '', epoch: intent.fence },
          { guard: 'config_version', version },
        ],
      },
    );
    if (!isRefusal(announced) || announced.code !== 'version_conflict') return announced;
    if (announced.reason !== 'config_version') return over(work);
    if (tries >= MOST_CONFIG_CHANGES) return announced;
  }
}

const MOST_CONFIG_CHANGES = 10;

/** The runner's report; with it the work is over, whatever comes next is new work. */
export async function finishLandWork(
  deps: Deps,
  work: Work,
  end: { fence: number; outcome: 'done' | 'unable'; report: LandReport },
): Promise<true | Refusal> {
  if (work.fence !== end.fence || work.state !== 'running') return over(work);
  const record = await deps.store.ticket(work.ticket);
  const landing = record ? landingOf(record.state) : null;
  const now = await deps.store.now();
  const result = await changeTicket(
    deps,
    LANDER,
    work.ticket,
    (ticket, context) => {
      const current = landingOf(ticket);
      // What was withdrawn meanwhile is over for the runner, too; its work ends all the same.
      if (!current || current.attempt !== work.attempt || !isUnfinished(current)) return [];
      return decideLandReport(ticket, current.id, end.report, context);
    },
    {
      effects: [
        isUnknown(landing, end.report)
          ? { effect: 'lease_drop', name: `work:${work.id}` }
          : {
              effect: 'work_finish',
              id: work.id,
              fence: end.fence,
              state: end.outcome,
              reason: 'reason' in end.report ? end.report.reason : null,
            },
        ...(landing && isFruitless(end.report) ? nextLook(landing, now) : []),
      ],
    },
  );
  return isRefusal(result) ? result : true;
}

/**
 * Nobody could look whether an announced push has arrived. The work goes on, and is offered again in its time: until it
 * is known, it keeps its key, and with it the other landings of its project from being announced.
 */
function isUnknown(landing: Landing | null, report: LandReport): boolean {
  return landing?.state === 'pushing' && (report.state === 'unable' || report.state === 'held');
}

function isFruitless({ state }: LandReport): boolean {
  return state === 'not_merged' || state === 'not_deployed' || state === 'unable';
}

function nextLook(landing: Landing, now: number): Effect[] {
  if (landing.state !== 'awaiting_merge' && landing.state !== 'deploying') return [];
  const { share, leastMs, mostMs } = LOOKS[landing.state];
  const waited = now - (landing.waitsSince ?? now);
  const ttlMs = Math.min(mostMs, Math.max(leastMs, waited / share));
  return [{ effect: 'lease_set', name: lookLease(landing.id), holder: LANDER.actor.id, epoch: 1, ttlMs }];
}

function over(work: Work): Refusal {
  return refuse('stale_attempt', `Work ${work.id} is over, or has been given to another runner.`, {
    reason: 'superseded',
  });
}

export function retryLanding(
  deps: Deps,
  caller: Caller,
  key: string,
  reason: string,
  options: ChangeOptions,
) {
  return changeTicket(
    deps,
    caller,
    key,
    (ticket, context) => decideRetryLanding(ticket, reason, context),
    options,
  );
}

export function closeMerge(deps: Deps, caller: Caller, key: string, reason: string, options: ChangeOptions) {
  return changeTicket(
    deps,
    caller,
    key,
    (ticket, context) => decideCloseMerge(ticket, reason, context),
    options,
  );
}
