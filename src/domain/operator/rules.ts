/**
 * The operator's rules: pure functions over a read-only picture. A rule sees and says; the type that it is given has
 * no way to change anything, and what it returns can only become an alert. A finished ticket raises nothing.
 */
import type { Observation } from '../alert/alert.ts';
import type { SkipReason, WorkKind } from '../words.ts';
import type { Reading } from '../dispatch/snapshot.ts';

export interface OperatorSnapshot {
  readonly now: number;
  /** Tickets that wait for a start. */
  readonly waiting: readonly {
    key: string;
    lane: 'todo' | 'needs_input';
    since: number;
    priority: number;
    skip: { code: SkipReason; detail: string; at: number } | null;
  }[];
  readonly working: readonly {
    key: string;
    profile: string | null;
    startedAt: number;
    /** The last thing heard of the attempt itself. */
    heardAt: number;
    stallMs: number;
  }[];
  readonly asking: readonly {
    key: string;
    kind: 'question' | 'permission' | 'attempts_exhausted';
    askedAt: number;
  }[];
  /** Attempts that ended badly in the last hour, by profile. */
  readonly endings: readonly {
    key: string;
    profile: string | null;
    outcome: string;
    reason: string | null;
    at: number;
  }[];
  readonly runners: readonly { name: string; seenAt: number | null; holdsAttempts: number }[];
  readonly runnerAliveMs: number;
  readonly jobs: readonly { name: string; enabled: boolean; backlog: number }[];
  readonly inbox: readonly { id: string; ticket: string | null; kind: string; waitsSince: number }[];
  readonly unverifiable: readonly { key: string; kind: string; reason: string | null }[];
  /** Work that any runner with the project's labels may take, and none has. */
  readonly waitingWork: readonly { key: string; kind: WorkKind; waitsSince: number }[];
  readonly disk: Reading<{ freeBytes: number; totalBytes: number }>;
  readonly dispatchLease: Reading<{ holder: string; expiresAt: number } | null>;
  readonly budgets: readonly { subject: string; spentUsd: number; limitUsd: number }[];
  /** Webhooks that do not take what is sent to them. */
  readonly webhooks: readonly { id: string; name: string; failingSince: number; detail: string }[];
  /** How far the wall clock moved against the monotonic one since the last look. */
  readonly clockJumpMs: number;
}

export interface Rule {
  readonly name: string;
  readonly look: (snapshot: OperatorSnapshot) => Observation[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LOW_DISK_BYTES = 1_000_000_000;
const CLOCK_JUMP_MS = 5000;

/** Reasons that end by themselves; the others wait for a person, and are said at once. */
const WAITS_FOR_A_PERSON: ReadonlySet<SkipReason> = new Set([
  'campaign_owner_mismatch',
  'profile_unavailable',
  'project_unavailable',
  'runner_unavailable',
  'budget_exhausted',
]);

const WORK_WORDS: Record<WorkKind, string> = {
  attempt: 'An attempt at',
  verify: 'The verification of',
  land: 'The landing of',
  session: 'An orchestrator’s run for',
};

const minutes = (ms: number): string => `${Math.max(1, Math.round(ms / MINUTE_MS))} min`;

export const RULES: readonly Rule[] = [
  {
    name: 'stuck',
    look: ({ waiting, now }) =>
      waiting.flatMap(({ key, skip, since }) =>
        skip &&
        WAITS_FOR_A_PERSON.has(skip.code) &&
        now - skip.at >= (skip.code === 'runner_unavailable' ? MINUTE_MS : 0)
          ? [
              {
                rule: 'stuck',
                subject: key,
                severity: 'warning',
                detail: `${key} has waited ${minutes(now - since)} and will not start by itself: ${skip.detail}`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'starving',
    look: ({ waiting, now }) =>
      waiting.flatMap(({ key, skip, since }) =>
        now - since >= 4 * HOUR_MS &&
        (skip === null || !WAITS_FOR_A_PERSON.has(skip.code)) &&
        !EXPECTED_WAITS.has(skip?.code ?? 'no_free_slot')
          ? [
              {
                rule: 'starving',
                subject: key,
                severity: 'warning',
                detail: `${key} has been ready for ${minutes(now - since)} without a start: ${skip?.detail ?? 'no reason is on record'}`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'stalled',
    look: ({ working, now }) =>
      working.flatMap(({ key, profile, heardAt, stallMs }) =>
        now - heardAt >= stallMs
          ? [
              {
                rule: 'stalled',
                subject: key,
                severity: 'warning',
                detail: `Nothing has been heard of ${profile ?? 'the worker'} on ${key} for ${minutes(now - heardAt)}.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'lost',
    look: ({ endings }) =>
      endings.flatMap(({ key, outcome, reason }) =>
        outcome === 'lost'
          ? [
              {
                rule: 'lost',
                subject: key,
                severity: 'info',
                detail: `An attempt at ${key} was lost: ${reason ?? 'no reason'}.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'exhausted',
    look: ({ asking }) =>
      asking.flatMap(({ key, kind }) =>
        kind === 'attempts_exhausted'
          ? [
              {
                rule: 'exhausted',
                subject: key,
                severity: 'warning',
                detail: `${key} has no retry left; somebody has to decide what happens.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'repeated_failure',
    look: ({ endings }) => {
      const byProfile = new Map<string, string[]>();
      for (const { profile, outcome, key } of endings) {
        if (profile !== null && (outcome === 'failed' || outcome === 'timed_out'))
          byProfile.set(profile, [...(byProfile.get(profile) ?? []), key]);
      }
      return [...byProfile].flatMap(([profile, keys]) =>
        keys.length >= 5
          ? [
              {
                rule: 'repeated_failure',
                subject: profile,
                severity: 'warning' as const,
                detail: `Profile ${profile} failed ${keys.length} times in the last hour, at ${[...new Set(keys)].slice(0, 5).join(', ')}.`,
              },
            ]
          : [],
      );
    },
  },
  {
    name: 'runner_silent',
    look: ({ runners, now, runnerAliveMs }) =>
      runners.flatMap(({ name, seenAt, holdsAttempts }) =>
        seenAt !== null && now - seenAt >= runnerAliveMs && (holdsAttempts > 0 || now - seenAt < 24 * HOUR_MS)
          ? [
              {
                rule: 'runner_silent',
                subject: name,
                severity: holdsAttempts > 0 ? ('critical' as const) : ('warning' as const),
                detail: `Runner ${name} has been silent for ${minutes(now - seenAt)}${holdsAttempts > 0 ? ` and holds ${holdsAttempts} attempts` : ''}.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'lease_unreadable',
    look: ({ dispatchLease }) =>
      dispatchLease.known
        ? []
        : [
            {
              rule: 'lease_unreadable',
              subject: 'dispatch',
              severity: 'critical',
              detail: `The dispatch lease cannot be read: ${dispatchLease.reason}`,
            },
          ],
  },
  {
    name: 'no_dispatcher',
    look: ({ dispatchLease, now, waiting }) =>
      dispatchLease.known &&
      (dispatchLease.value === null || dispatchLease.value.expiresAt + MINUTE_MS < now) &&
      waiting.length > 0
        ? [
            {
              rule: 'no_dispatcher',
              subject: 'dispatch',
              severity: 'critical',
              detail: `Nobody holds the dispatch lease, and ${waiting.length} tickets wait.`,
            },
          ]
        : [],
  },
  {
    name: 'job_off',
    look: ({ jobs }) =>
      jobs.flatMap(({ name, enabled, backlog }) =>
        !enabled && backlog > 0
          ? [
              {
                rule: 'job_off',
                subject: name,
                severity: 'warning',
                detail: `The job ${name} is disabled while ${backlog} tickets wait for it. A person can enable it.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'inbox_overdue',
    look: ({ inbox, now }) =>
      inbox.flatMap(({ id, ticket, kind, waitsSince }) =>
        now - waitsSince >= 8 * HOUR_MS
          ? [
              {
                rule: 'inbox_overdue',
                subject: id,
                severity: 'info',
                detail: `A ${kind} of ${ticket ?? 'the system'} has waited ${minutes(now - waitsSince)} for a decision.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'unverifiable',
    look: ({ unverifiable }) =>
      unverifiable.map(({ key, kind, reason }) => ({
        rule: 'unverifiable',
        subject: `${key}/${kind}`,
        severity: 'warning',
        detail: `The ${kind} of ${key} could not be verified: ${(reason ?? 'no reason').split('\n')[0]}`,
      })),
  },
  {
    name: 'work_waiting',
    look: ({ waitingWork, now }) =>
      waitingWork.flatMap(({ key, kind, waitsSince }) =>
        now - waitsSince >= 5 * MINUTE_MS
          ? [
              {
                rule: 'work_waiting',
                subject: `${key}/${kind}`,
                severity: 'warning',
                detail: `${WORK_WORDS[kind]} ${key} has waited ${minutes(now - waitsSince)} for a runner: is one connected that has the labels of its project?`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'disk_low',
    look: ({ disk }) => {
      if (!disk.known)
        return [
          {
            rule: 'disk_low',
            subject: 'data directory',
            severity: 'warning',
            detail: `Free space cannot be read: ${disk.reason}`,
          },
        ];
      const { freeBytes, totalBytes } = disk.value;
      const isLow = freeBytes < LOW_DISK_BYTES || freeBytes < totalBytes * 0.02;
      return isLow
        ? [
            {
              rule: 'disk_low',
              subject: 'data directory',
              severity: 'critical',
              detail: `Only ${Math.floor(freeBytes / 1_000_000)} MB are free where the data directory is.`,
            },
          ]
        : [];
    },
  },
  {
    name: 'budget_burning',
    look: ({ budgets }) =>
      budgets.flatMap(({ subject, spentUsd, limitUsd }) =>
        spentUsd >= limitUsd * 0.8
          ? [
              {
                rule: 'budget_burning',
                subject,
                severity: spentUsd >= limitUsd ? ('critical' as const) : ('warning' as const),
                detail: `${subject} has spent ${spentUsd.toFixed(2)} of ${limitUsd.toFixed(2)} USD today.`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'webhook_failing',
    look: ({ webhooks, now }) =>
      webhooks.flatMap(({ id, name, failingSince, detail }) =>
        now - failingSince >= 10 * MINUTE_MS
          ? [
              {
                rule: 'webhook_failing',
                subject: id,
                severity: 'warning' as const,
                detail: `The webhook ${name} has been failing for ${minutes(now - failingSince)}: ${detail}`,
              },
            ]
          : [],
      ),
  },
  {
    name: 'clock_jumped',
    look: ({ clockJumpMs }) =>
      Math.abs(clockJumpMs) >= CLOCK_JUMP_MS
        ? [
            {
              rule: 'clock_jumped',
              subject: 'server',
              severity: 'warning',
              detail: `The clock of the server jumped by ${Math.round(clockJumpMs / 1000)} s.`,
            },
          ]
        : [],
  },
];

/** Waits that people have asked for, or that are plainly shown elsewhere. */
const EXPECTED_WAITS: ReadonlySet<SkipReason> = new Set([
  'paused',
  'not_before',
  'blocked_by',
  'assignee_not_runnable',
  'job_disabled',
  'maintenance_window',
]);

export function observe(snapshot: OperatorSnapshot): Observation[] {
  return RULES.flatMap((rule) => rule.look(snapshot));
}
