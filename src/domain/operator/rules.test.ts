import { describe, expect, it } from 'vitest';
import { type OperatorSnapshot, RULES, observe } from './rules.ts';

const HOUR = 3_600_000;
const calm: OperatorSnapshot = {
  now: 100 * HOUR,
  waiting: [],
  working: [],
  asking: [],
  endings: [],
  runners: [{ name: 'local', seenAt: 100 * HOUR - 1000, holdsAttempts: 1 }],
  runnerAliveMs: 30_000,
  jobs: [{ name: 'ticket-pickup', enabled: true, backlog: 3 }],
  inbox: [],
  unverifiable: [],
  waitingWork: [{ key: 'MC-1', kind: 'verify', waitsSince: 100 * HOUR - 60_000 }],
  disk: { known: true, value: { freeBytes: 50e9, totalBytes: 100e9 } },
  dispatchLease: { known: true, value: { holder: 'srv', expiresAt: 100 * HOUR + 5000 } },
  budgets: [],
  webhooks: [],
  clockJumpMs: 3,
};
const waits = (code: string, hours: number) => ({
  key: 'MC-1',
  lane: 'todo' as const,
  since: calm.now - hours * HOUR,
  priority: 2,
  skip: { code: code as never, detail: 'the reason', at: calm.now - hours * HOUR },
});

const cases: [string, Partial<OperatorSnapshot>][] = [
  ['stuck', { waiting: [waits('profile_unavailable', 1)] }],
  ['starving', { waiting: [waits('no_free_slot', 5)] }],
  ['stalled', { working: [{ key: 'MC-1', profile: 'p', startedAt: 0, heardAt: 0, stallMs: HOUR }] }],
  ['lost', { endings: [{ key: 'MC-1', profile: 'p', outcome: 'lost', reason: 'x', at: calm.now }] }],
  ['exhausted', { asking: [{ key: 'MC-1', kind: 'attempts_exhausted', askedAt: 0 }] }],
  [
    'repeated_failure',
    {
      endings: Array.from({ length: 5 }, (_, i) => ({
        key: `MC-${i}`,
        profile: 'p',
        outcome: 'failed',
        reason: 'x',
        at: calm.now,
      })),
    },
  ],
  ['runner_silent', { runners: [{ name: 'local', seenAt: calm.now - HOUR, holdsAttempts: 1 }] }],
  ['lease_unreadable', { dispatchLease: { known: false, reason: 'disk I/O error' } }],
  ['no_dispatcher', { dispatchLease: { known: true, value: null }, waiting: [waits('no_free_slot', 0)] }],
  ['job_off', { jobs: [{ name: 'ticket-pickup', enabled: false, backlog: 3 }] }],
  [
    'inbox_overdue',
    { inbox: [{ id: 'inb_1', ticket: 'MC-1', kind: 'review', waitsSince: calm.now - 9 * HOUR }] },
  ],
  ['unverifiable', { unverifiable: [{ key: 'MC-1', kind: 'check', reason: 'no worktree' }] }],
  ['work_waiting', { waitingWork: [{ key: 'MC-1', kind: 'verify', waitsSince: calm.now - HOUR }] }],
  ['disk_low', { disk: { known: true, value: { freeBytes: 5e8, totalBytes: 100e9 } } }],
  ['budget_burning', { budgets: [{ subject: 'the day', spentUsd: 9, limitUsd: 10 }] }],
  [
    'webhook_failing',
    { webhooks: [{ id: 'whk_1', name: 'chat', failingSince: calm.now - HOUR, detail: 'HTTP 500' }] },
  ],
  ['clock_jumped', { clockJumpMs: -60_000 }],
];

describe('the operator', () => {
  it('says nothing when all is well', () => {
    expect(observe(calm)).toEqual([]);
  });

  for (const [rule, set] of cases) {
    it(`sees ${rule}, and names its subject`, () => {
      const seen = observe({ ...calm, ...set });
      expect(seen.map((observation) => observation.rule)).toEqual([rule]);
      expect(seen[0]?.detail.length).toBeGreaterThan(20);
      expect(seen[0]?.subject).not.toBe('');
    });
  }

  it('has a case here for every rule', () => {
    expect(RULES.map((rule) => rule.name).sort()).toEqual(cases.map(([rule]) => rule).sort());
  });

  it('takes waits that people asked for as they are', () => {
    for (const code of ['paused', 'not_before', 'blocked_by', 'assignee_not_runnable']) {
      expect(observe({ ...calm, waiting: [waits(code, 50)] })).toEqual([]);
    }
  });
});
