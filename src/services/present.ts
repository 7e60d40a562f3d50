/** States as the API shows them: what is derived (next action, runtime, sentence, owner) is computed here, never stored. */
import type * as wire from '../contract/shapes.ts';
import type { AlertState } from '../domain/alert/alert.ts';
import type { Campaign, Policy, Profile, Project, Stamped } from '../domain/config.ts';
import { resolveProfile } from '../domain/dispatch/claim-policy.ts';
import type { InboxItem } from '../domain/inbox/inbox.ts';
import { type Attempt, type Ticket, newestAttempt } from '../domain/ticket/state.ts';
import { transitionsFrom } from '../domain/ticket/transitions.ts';
import { nextActionOf, runtimeOf, sentenceOf } from '../domain/ticket/view.ts';
import type { ActorKind, SkipReason } from '../domain/words.ts';
import type { SkipRecord } from '../store/port.ts';
import { type Deps, readPolicy, rulesFor } from './deps.ts';

export const iso = (ms: number): string => new Date(ms).toISOString();
export const isoOrNull = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : iso(ms);

/** What a page of tickets is shown with; read once for all of them. */
export interface Surroundings {
  now: number;
  policy: Policy;
  projects: ReadonlyMap<string, Project>;
  profiles: ReadonlyMap<string, Profile>;
  campaigns: ReadonlyMap<string, Campaign>;
  skips: ReadonlyMap<string, SkipRecord>;
}

export async function readSurroundings(deps: Deps, keys: readonly string[]): Promise<Surroundings> {
  const { store } = deps;
  const [now, policy, projects, profiles, campaigns, skips] = await Promise.all([
    store.now(),
    readPolicy(deps),
    store.documents<Project>('project'),
    store.documents<Profile>('profile'),
    store.documents<Campaign>('campaign'),
    keys.length === 0 ? NO_SKIPS : store.skipsOf(keys),
  ]);
  return {
    now,
    policy,
    projects: byName(projects, projectKey),
    profiles: byName(profiles, profileId),
    campaigns: byName(campaigns, campaignKey),
    skips,
  };
}

const NO_SKIPS: ReadonlyMap<string, SkipRecord> = new Map();
const projectKey = (project: Project): string => project.key;
const profileId = (profile: Profile): string => profile.id;
const campaignKey = (campaign: Campaign): string => campaign.key;

const named = new WeakMap<readonly object[], ReadonlyMap<string, object>>();

/** A store that keeps its lists gives the same one until something in it changes: its map is made once as well. */
function byName<T extends object>(list: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, T> {
  let map = named.get(list) as ReadonlyMap<string, T> | undefined;
  if (!map) {
    map = new Map(list.map((item) => [nameOf(item), item]));
    named.set(list, map);
  }
  return map;
}

/** Only a ticket that waits for its start has a reason why it does. */
const mayBeSkipped = ({ status }: Ticket): boolean => status === 'todo' || status === 'needs_input';

export async function presentTicket(deps: Deps, ticket: Ticket, viewer: ActorKind): Promise<wire.Ticket> {
  return ticketView(ticket, await readSurroundings(deps, mayBeSkipped(ticket) ? [ticket.key] : []), viewer);
}

export async function presentTickets(
  deps: Deps,
  tickets: readonly Ticket[],
  viewer: ActorKind,
): Promise<wire.Ticket[]> {
  const around = await readSurroundings(
    deps,
    tickets.filter(mayBeSkipped).map((ticket) => ticket.key),
  );
  return tickets.map((ticket) => ticketView(ticket, around, viewer));
}

export function ticketView(ticket: Ticket, around: Surroundings, viewer: ActorKind): wire.Ticket {
  const project = around.projects.get(ticket.project) ?? null;
  const { completion } = rulesFor(project, ticket, around.policy);
  const stored = mayBeSkipped(ticket) ? around.skips.get(ticket.key) : undefined;
  const skip = stored ? { code: stored.code as SkipReason, detail: stored.detail, at: iso(stored.at) } : null;
  const newest = newestAttempt(ticket);
  const profile =
    newest?.profile ?? (project ? resolveProfile(ticket, project, around.profiles) : ticket.profile);
  const context = {
    now: around.now,
    completion,
    skip,
    paused: around.policy.paused !== null,
    stalled: false,
    resolvedProfile: profile,
  };
  const runtime = runtimeOf(ticket, context);
  const isPerson = ticket.assignee !== null && !around.profiles.has(ticket.assignee);
  return {
    key: ticket.key,
    project: ticket.project,
    title: ticket.title,
    description: ticket.description,
    status: ticket.status,
    priority: ticket.priority,
    assignee: ticket.assignee,
    owner: ownerOf(ticket, around),
    campaign: ticket.campaign,
    profile: ticket.profile,
    labels: ticket.labels,
    acceptanceCriteria: ticket.acceptanceCriteria,
    blockedBy: ticket.blockedBy,
    completion,
    ownCompletion: ticket.completion,
    budget: ticket.budget,
    version: ticket.version,
    nextAction: nextActionOf(ticket, context),
    runtime,
    age: Math.max(0, Math.floor((around.now - ticket.statusSince) / 1000)),
    sentence: sentenceOf(ticket, runtime, profile),
    attempt: newest
      ? {
          id: newest.id,
          number: newest.number,
          profile: newest.profile,
          state: newest.state,
          outcome: newest.outcome,
          startedAt: isoOrNull(newest.startedAt),
          lastProgress: progressView(newest),
        }
      : null,
    questions: ticket.questions.map((q) => ({
      id: q.id,
      kind: q.kind,
      text: q.text,
      context: q.context,
      choices: q.choices,
      state: q.state,
      answer: q.answer,
      answeredBy: q.answeredBy,
      attempt: q.attempt,
      askedAt: iso(q.askedAt),
      answeredAt: isoOrNull(q.answeredAt),
    })),
    evidence: ticket.evidence.map(evidenceView),
    waivers: ticket.waivers.map((w) => ({ ...w, expiresAt: iso(w.expiresAt), createdAt: iso(w.createdAt) })),
    landing: landingView(ticket, project),
    feedback: ticket.feedback.at(-1)?.text ?? null,
    whyNotRunning: skip,
    allowedTransitions: transitionsFrom(ticket.status, viewer).filter((t) => t !== 'hand_in' || isPerson),
    notBefore: isoOrNull(ticket.notBefore),
    createdBy: ticket.createdBy,
    createdAt: iso(ticket.createdAt),
    updatedAt: iso(ticket.updatedAt),
    statusSince: iso(ticket.statusSince),
  };
}

/** Who answers for it: the assignee, else the campaign's owner, else who made it. */
function ownerOf(ticket: Ticket, around: Surroundings): string {
  if (ticket.assignee !== null) return ticket.assignee;
  const campaign = ticket.campaign === null ? undefined : around.campaigns.get(ticket.campaign);
  return campaign?.owner ?? ticket.createdBy;
}

export function evidenceView(e: Ticket['evidence'][number]): wire.Evidence {
  return {
    id: e.id,
    attempt: e.attempt,
    kind: e.kind,
    claim: e.claim,
    state: e.state,
    reason: e.reason,
    verifiedAt: isoOrNull(e.verifiedAt),
    required: e.required,
    details: {
      ...e.details,
      ...(e.kind === 'check' && e.state !== 'unverified'
        ? { outputUrl: `/api/v1/evidence/${e.id}/output` }
        : {}),
      ...(e.kind === 'artifact' && typeof e.claim['sha256'] === 'string'
        ? { contentUrl: `/api/v1/evidence/${e.id}/content` }
        : {}),
    },
  };
}

function landingView({ landing }: Ticket, project: Project | null): wire.Ticket['landing'] {
  if (!landing) return null;
  const { id, attempt, mode, state, cause, reason, branch, checks } = landing;
  const timeoutMs = (project?.deploy?.timeoutSeconds ?? 0) * 1000;
  return {
    id,
    attempt,
    mode,
    state,
    commit: landing.result ?? landing.intents.at(-1)?.commit ?? landing.commit,
    cause,
    reason,
    branch,
    checks,
    deadline:
      state === 'deploying' && landing.waitsSince !== null ? iso(landing.waitsSince + timeoutMs) : null,
    recordedAt: iso(landing.recordedAt),
  };
}

function progressView(attempt: Attempt): wire.Attempt['lastProgress'] {
  const progress = attempt.lastProgress;
  return progress ? { text: progress.text, percent: progress.percent, at: iso(progress.at) } : null;
}

export function attemptView(ticket: Ticket, attempt: Attempt): wire.Attempt {
  return {
    id: attempt.id,
    kind: attempt.kind,
    number: attempt.number,
    ticket: ticket.key,
    profile: attempt.profile,
    runner: attempt.runner,
    state: attempt.state,
    // An outcome is shown from when it is fixed, also while the tree is still being stopped.
    outcome: attempt.outcome,
    reason: attempt.reason,
    fence: attempt.fence,
    branch: attempt.branch,
    base: attempt.base,
    head: attempt.head,
    session: attempt.session,
    summary: attempt.summary,
    exitCode: attempt.exitCode,
    cost: attempt.cost,
    lastProgress: progressView(attempt),
    offeredAt: iso(attempt.offeredAt),
    startedAt: isoOrNull(attempt.startedAt),
    endedAt: isoOrNull(attempt.endedAt),
  };
}

export function inboxView(item: InboxItem, withDelivery = false): wire.InboxItem {
  return {
    id: item.id,
    kind: item.kind,
    state: item.state,
    ticket: item.ticket,
    subject: item.subject,
    for: item.for,
    attempt: item.attempt,
    question: item.question,
    deadline: isoOrNull(item.delivery?.until ?? item.deadline),
    deliveries: item.deliveries,
    ...(withDelivery && item.delivery ? { deliveryId: item.delivery.id } : {}),
    result: item.result,
    createdAt: iso(item.createdAt),
    version: item.version,
  };
}

export function alertView(alert: AlertState): wire.Alert {
  const { id, fingerprint, rule, subject, severity, state, occurrences, recurrences, detail, version } =
    alert;
  return {
    id,
    fingerprint,
    rule,
    subject,
    severity,
    state,
    occurrences,
    recurrences,
    firstSeen: iso(alert.firstSeen),
    lastSeen: iso(alert.lastSeen),
    detail,
    version,
  };
}

const stamps = (state: Stamped) => ({
  version: state.version,
  createdAt: iso(state.createdAt),
  updatedAt: iso(state.updatedAt),
});

export function projectView(project: Project & Stamped): wire.Project {
  return { ...project, ...stamps(project) };
}

export function profileView(
  profile: Profile & Stamped,
  rateLimitedUntil: number | null = null,
): wire.Profile {
  return { ...profile, ...stamps(profile), rateLimitedUntil: isoOrNull(rateLimitedUntil) };
}

export function campaignView(campaign: Campaign & Stamped): wire.Campaign {
  return { ...campaign, ...stamps(campaign) };
}

export function policyView(policy: Policy & { version: number }): wire.Policy {
  return {
    version: policy.version,
    maxWorkers: policy.maxWorkers,
    budget: policy.budget,
    remedies: policy.remedies,
    windows: policy.windows,
    paused: policy.paused ? { ...policy.paused, at: iso(policy.paused.at) } : null,
  };
}
