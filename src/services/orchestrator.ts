/**
 * Keeps the orchestrator's session: wakes it when the inbox has something for it, hands it to a runner with a token of
 * its own, takes in how the run ended, and gives to a person what it did not decide.
 */
import type { SessionOffer } from '../contract/runner-protocol.ts';
import type * as wire from '../contract/job-shapes.ts';
import { addCost, isSpent } from '../domain/budget.ts';
import type { Profile, Stamped } from '../domain/config.ts';
import { type InboxEvent, type InboxItem, inboxEvent } from '../domain/inbox/inbox.ts';
import {
  type OrchestratorSession,
  decideRunEnd,
  decideWake,
  newSession,
  orchestratorPrompt,
} from '../domain/orchestrator/session.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import type { Budget, Cost } from '../domain/ticket/state.ts';
import type { Row, StreamAppend, Work } from '../store/port.ts';
import { documentWrite } from './configuration.ts';
import { type Caller, type Deps, readPolicy, system } from './deps.ts';
import { inboxWrite, readyItems } from './inbox.ts';
import { type Usage, budgetOfSession, costOf, recordUsage, spentToday } from './metering.ts';
import { iso, isoOrNull } from './present.ts';
import { profileForRunner } from './profile-for-runner.ts';

type Stored = OrchestratorSession & Stamped;

const KEEPER = system('orchestrator-keeper');
/** Shown at once; the rest comes with the next run. */
const MOST_ITEMS = 20;
const TOKEN_MS = 24 * 3_600_000;
/** Handed out this often without an end: its runners die of it. */
const MOST_FENCES = 5;

/** The one that decides: of several orchestrator profiles the one that was made first. */
async function orchestratorProfile(deps: Deps): Promise<(Profile & Stamped) | null> {
  const profiles = await deps.store.documents<Profile>('profile');
  const own = profiles.filter((profile) => profile.role === 'orchestrator');
  return own.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))[0] ?? null;
}

/** Wakes the orchestrator when there is something for it. An empty inbox costs nothing. @returns whether it was woken */
export async function wakeOrchestrator(deps: Deps): Promise<boolean> {
  const profile = await orchestratorProfile(deps);
  if (!profile) return false;
  const before = await deps.store.document<OrchestratorSession>('session', profile.id);
  const now = await deps.store.now();
  if (before?.run || (await whatHolds(deps, before?.notBefore ?? null, now)) !== null) return false;
  const items = await readyItems(deps, 'orchestrator', MOST_ITEMS);
  if (items.length === 0) return false;
  const work = deps.newId('wrk');
  const state = before ?? { ...newSession(profile.id), version: 0, createdAt: now, updatedAt: now };
  const set = decideWake(
    state,
    items.map((item) => item.id),
    work,
    now,
  );
  const { append, row } = documentWrite<OrchestratorSession>(
    KEEPER,
    'session',
    profile.id,
    before,
    before ? set : { ...newSession(profile.id), ...set },
    'woken',
    now,
  );
  const result = await deps.store.commit({
    appends: [append],
    rows: [row],
    effects: [
      {
        effect: 'work_add',
        work: {
          id: work,
          kind: 'session',
          ticket: '',
          attempt: '',
          key: `session:${profile.id}`,
          createdAt: now,
          wantsRunner: await keeperOf(deps, state.runner, now),
        },
      },
    ],
  });
  return result.committed;
}

/** Why no orchestrator is woken now, whatever waits; null when nothing is in the way. */
async function whatHolds(
  deps: Deps,
  notBefore: number | null,
  now: number,
): Promise<wire.Orchestrator['whyNotRunning']> {
  const { paused, budget } = await readPolicy(deps);
  if (paused) return { code: 'paused', detail: `Paused by ${paused.by}: ${paused.reason}` };
  if (isSpent(budget, await spentToday(deps)))
    return { code: 'budget_exhausted', detail: "The day's budget is spent; a person can raise it." };
  if (notBefore !== null && notBefore > now)
    return { code: 'not_before', detail: `Not before ${iso(notBefore)}.` };
  return null;
}

/** The runner that keeps its session, as long as that is there; then any other, with a new session. */
async function keeperOf(deps: Deps, runner: string | null, now: number): Promise<string | null> {
  if (runner === null) return null;
  const seen = (await deps.store.presences()).find((presence) => presence.runner === runner);
  return seen && now - seen.seenAt < deps.timing.parkedSilenceMs ? runner : null;
}

const tokenId = (work: Work, fence = work.fence): string => `ses_${work.id}_${fence}`;

/** What the runner is told; null when nothing waits any more. */
export async function sessionOffer(deps: Deps, work: Work): Promise<SessionOffer | null> {
  const profile = await orchestratorProfile(deps);
  const session = profile ? await deps.store.document<OrchestratorSession>('session', profile.id) : null;
  if (!profile || session?.run?.work !== work.id || work.fence > MOST_FENCES) {
    const reason =
      session?.run?.work === work.id ? 'no runner could bring it to an end' : 'it is not wanted any more';
    await finishSession(deps, work, { fence: work.fence, outcome: 'unable', reason, result: {} });
    return null;
  }
  const waiting: InboxItem[] = [];
  for (const id of session.run.items) {
    const found = await deps.store.inboxItem(id);
    if (found && found.item.state !== 'acted' && found.item.for === 'orchestrator') waiting.push(found.item);
  }
  const token = `mc_orc_${deps.derive(tokenId(work), work.fence)}`;
  const now = await deps.store.now();
  await deps.store.commit({
    appends: [],
    rows: [],
    effects: [
      { effect: 'credentials_revoke', tokenId: tokenId(work, work.fence - 1) },
      {
        effect: 'credential_add',
        credential: {
          id: tokenId(work),
          kind: 'token',
          role: 'orchestrator',
          name: profile.id,
          hash: deps.sha256(token),
          createdAt: now,
          expiresAt: now + TOKEN_MS,
        },
      },
    ],
  });
  return {
    kind: 'session',
    work: work.id,
    fence: work.fence,
    token,
    mcp: true,
    profile: profileForRunner(profile),
    prompt: orchestratorPrompt(
      waiting.map(({ id, kind, ticket, subject }) => ({
        id,
        kind,
        ticket,
        subject,
        asked: session.asked[id] ?? 1,
      })),
    ),
    resume: session.session !== null && session.runner === work.runner ? { session: session.session } : null,
  };
}

/**
 * What a run of the session is told with each renewal: it stops at once with `pause --stop`, like everything that runs,
 * and where a budget is met.
 */
export async function renewSession(
  deps: Deps,
  work: Work,
  usage: Usage | undefined,
): Promise<{ directive: 'continue' | 'stop'; budget?: Budget }> {
  if (usage) await recordUsage(deps, '', { attempt: work.id, fence: work.fence }, usage);
  if ((await readPolicy(deps)).paused?.stop === true) return { directive: 'stop' };
  const held = await budgetOfSession(deps, await profileOf(deps, work), work);
  return 'spent' in held ? { directive: 'stop' } : { directive: 'continue', budget: held.budget };
}

const profileOf = (deps: Deps, work: Work): Promise<Profile | null> =>
  deps.store.document<Profile>('profile', work.key.slice('session:'.length));

export interface SessionResult {
  session?: string | null | undefined;
  usage?: Usage | undefined;
  notBefore?: string | null | undefined;
}

export async function finishSession(
  deps: Deps,
  work: Work,
  report: { fence: number; outcome: 'done' | 'unable'; reason: string | null; result: SessionResult },
): Promise<true | Refusal> {
  if (work.fence !== report.fence || work.state !== 'running')
    return refuse('stale_attempt', `Work ${work.id} has been given to another runner.`, {
      reason: 'superseded',
    });
  const profile = work.key.slice('session:'.length);
  if (report.result.usage)
    await recordUsage(deps, '', { attempt: work.id, fence: work.fence }, report.result.usage);
  // Runs that were lost are in it as well: what they used is spent.
  const cost = await costOf(deps, work.id);
  const held = await budgetOfSession(deps, await profileOf(deps, work), work);
  if (report.outcome === 'unable' && 'spent' in held)
    report = { ...report, reason: `budget_exhausted: ${held.spent}` };
  for (;;) {
    const before = await deps.store.document<OrchestratorSession>('session', profile);
    const now = await deps.store.now();
    const plan = before?.run?.work === work.id ? await endOf(deps, before, work, report, cost, now) : EMPTY;
    const result = await deps.store.commit({
      ...plan,
      effects: [
        {
          effect: 'work_finish',
          id: work.id,
          fence: report.fence,
          state: report.outcome,
          reason: report.reason,
        },
        { effect: 'credentials_revoke', tokenId: tokenId(work) },
      ],
    });
    if (result.committed) return true;
    if (result.conflict.kind === 'unique')
      return refuse('stale_attempt', `Work ${work.id} has been given to another runner.`, {
        reason: 'superseded',
      });
  }
}

const EMPTY: { appends: StreamAppend[]; rows: Row[] } = { appends: [], rows: [] };

async function endOf(
  deps: Deps,
  before: Stored,
  work: Work,
  report: { outcome: 'done' | 'unable'; reason: string | null; result: SessionResult },
  cost: Cost,
  now: number,
): Promise<{ appends: StreamAppend[]; rows: Row[] }> {
  const left = [];
  for (const id of before.run?.items ?? []) {
    const found = await deps.store.inboxItem(id);
    if (found && found.item.state !== 'acted' && found.item.for === 'orchestrator') left.push(found);
  }
  const { set, relieved } = decideRunEnd(
    before,
    {
      outcome: report.outcome,
      reason: report.reason,
      session: report.result.session ?? null,
      runner: work.runner,
      cost: addCost(before.cost, cost),
      notBefore: report.result.notBefore ? Date.parse(report.result.notBefore) : null,
    },
    left.map(({ item }) => item.id),
    now,
  );
  const ended = documentWrite<OrchestratorSession>(KEEPER, 'session', before.id, before, set, 'ended', now);
  const appends = [ended.append];
  const rows: Row[] = [ended.row];
  for (const loaded of left) {
    const events = undecided(loaded.item, before.id, relieved.includes(loaded.item.id), KEEPER, now);
    if (events.length === 0) continue;
    const write = inboxWrite(loaded, events);
    appends.push(write.append);
    rows.push(write.row);
  }
  return { appends, rows };
}

/** What it had taken and did not decide waits again at once, for itself or for a person. */
function undecided(
  item: InboxItem,
  consumer: string,
  isRelieved: boolean,
  keeper: Caller,
  now: number,
): InboxEvent[] {
  const events: InboxEvent[] = [];
  if (item.delivery?.consumer === consumer) {
    events.push(
      inboxEvent('inbox.returned', keeper.actor, now, {
        reason: 'the orchestrator ended its turn without deciding it',
      }),
    );
  }
  if (isRelieved) {
    events.push(
      inboxEvent('inbox.escalated', keeper.actor, now, {
        reason: 'the orchestrator was reminded twice and did not decide it',
      }),
    );
  }
  return events;
}

/** Every orchestrator profile, woken before or not. */
export async function listOrchestrators(deps: Deps): Promise<wire.Orchestrator[]> {
  const [profiles, sessions, ready] = await Promise.all([
    deps.store.documents<Profile>('profile'),
    deps.store.documents<OrchestratorSession>('session'),
    readyItems(deps, 'orchestrator', 200),
  ]);
  const now = await deps.store.now();
  const own = profiles.filter((profile) => profile.role === 'orchestrator');
  return Promise.all(
    own.map(async ({ id }) => {
      const known = sessions.find((session) => session.id === id);
      const { session, runner, run, lastRun, notBefore, cost } = known ?? newSession(id);
      return {
        profile: id,
        state: run ? ('running' as const) : ('idle' as const),
        session,
        runner,
        waiting: ready.length,
        lastRun: lastRun && { at: iso(lastRun.at), outcome: lastRun.outcome, detail: lastRun.detail },
        notBefore: isoOrNull(notBefore),
        cost,
        whyNotRunning: run || ready.length === 0 ? null : await whatHolds(deps, notBefore, now),
        version: known?.version ?? 0,
      };
    }),
  );
}

/** Whose output to read: the run under way, else the last. */
export async function newestRun(deps: Deps, profile: string): Promise<string | null> {
  const session = await deps.store.document<OrchestratorSession>('session', profile);
  return session?.run?.work ?? session?.lastRun?.work ?? null;
}
