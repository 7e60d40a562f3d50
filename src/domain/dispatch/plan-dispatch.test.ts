import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Profile, Project } from '../config.ts';
import { SKIP_REASONS } from '../words.ts';
import { admit } from './claim-policy.ts';
import { PRIORITY_AGING_MS, dispatchRank, planDispatch } from './plan-dispatch.ts';
import type { ActiveWorker, DispatchSnapshot, NeedsInputCandidate, TodoCandidate } from './snapshot.ts';

const project = {
  key: 'MC',
  defaultProfile: 'worker',
  runnerLabels: [],
  limits: { maxWorkers: null },
  budget: null,
} as unknown as Project;
const profile = { id: 'worker', role: 'worker', maxWorkers: null } as unknown as Profile;
const todo = (key: string, set: Partial<TodoCandidate> = {}): TodoCandidate => ({
  lane: 'todo',
  key,
  version: 1,
  project: 'MC',
  profile: null,
  assignee: null,
  campaign: null,
  notBefore: null,
  unfinishedBlockers: [],
  budget: null,
  cost: { usd: 0, inputTokens: 0, outputTokens: 0 },
  stopping: false,
  storedSkip: null,
  ...set,
});
const worker = (n: number, set: Partial<ActiveWorker> = {}): ActiveWorker => ({
  attempt: `att_${n}`,
  ticket: `X-${n}`,
  project: 'MC',
  profile: 'worker',
  campaign: null,
  runner: 'run',
  ...set,
});
const snapshot = (set: Partial<DispatchSnapshot> = {}): DispatchSnapshot => ({
  now: 1000,
  policy: { maxWorkers: 10, budget: null, remedies: [], windows: [], paused: null },
  openWindow: null,
  jobs: { todo: true, needs_input: true },
  projects: new Map([['MC', project]]),
  profiles: new Map([['worker', profile]]),
  campaigns: new Map(),
  runners: {
    known: true,
    value: [{ id: 'run', name: 'run', slots: 10, labels: [], alive: true, takesAttempts: true }],
  },
  workers: { known: true, value: [] },
  spentToday: {
    known: true,
    value: { byProject: new Map(), total: { usd: 0, inputTokens: 0, outputTokens: 0 } },
  },
  needsInput: [],
  todo: [],
  ...set,
});
const reason = (
  candidate: TodoCandidate | NeedsInputCandidate,
  set: Partial<DispatchSnapshot> = {},
): string => {
  const admission = admit(candidate, snapshot(set));
  return admission.admitted ? 'admitted' : admission.code;
};

describe('the claim policy', () => {
  const campaigns = new Map([['epic', { key: 'epic', name: 'Epic', owner: 'other', maxWorkers: 1 }]]);
  const profiles = new Map([
    ['worker', profile],
    ['other', { ...profile, id: 'other' }],
    ['judge', { ...profile, id: 'judge', role: 'orchestrator' as const }],
  ]);
  const spent = { usd: 5, inputTokens: 0, outputTokens: 0 };
  const cases: [string, TodoCandidate | NeedsInputCandidate, Partial<DispatchSnapshot>][] = [
    ['admitted', todo('A'), {}],
    [
      'paused',
      todo('A'),
      { policy: { ...snapshot().policy, paused: { by: 'ada', reason: '', at: 0, stop: false } } },
    ],
    ['job_disabled', todo('A'), { jobs: { todo: false, needs_input: true } }],
    ['maintenance_window', todo('A'), { openWindow: 'backup' }],
    ['not_before', todo('A', { notBefore: 1001 }), {}],
    ['admitted', todo('A', { notBefore: 1000 }), {}],
    ['blocked_by', todo('A', { unfinishedBlockers: [{ key: 'B', status: 'cancelled' }] }), {}],
    ['assignee_not_runnable', todo('A', { assignee: 'lucienne' }), {}],
    ['assignee_not_runnable', todo('A', { assignee: 'lucienne', profile: 'worker' }), {}],
    ['admitted', todo('A', { assignee: 'worker' }), {}],
    ['campaign_owner_mismatch', todo('A', { campaign: 'epic' }), { campaigns, profiles }],
    ['admitted', todo('A', { campaign: 'epic', profile: 'other' }), { campaigns, profiles }],
    ['profile_unavailable', todo('A', { profile: 'gone' }), {}],
    ['profile_unavailable', todo('A', { profile: 'judge' }), { profiles }],
    ['profile_unavailable', todo('A'), { projects: new Map([['MC', { ...project, defaultProfile: null }]]) }],
    ['project_unavailable', todo('A', { project: 'NO' }), {}],
    ['runner_unavailable', todo('A'), { runners: { known: true, value: [] } }],
    ['runner_unavailable', todo('A'), { projects: new Map([['MC', { ...project, runnerLabels: ['gpu'] }]]) }],
    ['previous_attempt_stopping', todo('A', { stopping: true }), {}],
    [
      'profile_limit',
      todo('A'),
      {
        profiles: new Map([['worker', { ...profile, maxWorkers: 1 }]]),
        workers: { known: true, value: [worker(1)] },
      },
    ],
    [
      'project_limit',
      todo('A'),
      {
        projects: new Map([['MC', { ...project, limits: { ...project.limits, maxWorkers: 1 } }]]),
        workers: { known: true, value: [worker(1)] },
      },
    ],
    [
      'campaign_limit',
      todo('A', { campaign: 'epic', profile: 'other' }),
      { campaigns, profiles, workers: { known: true, value: [worker(1, { campaign: 'epic' })] } },
    ],
    [
      'no_free_slot',
      todo('A'),
      { workers: { known: true, value: Array.from({ length: 10 }, (_, i) => worker(i)) } },
    ],
    ['worker_count_unknown', todo('A'), { workers: { known: false, reason: 'disk I/O error' } }],
    ['worker_count_unknown', todo('A'), { runners: { known: false, reason: 'disk I/O error' } }],
    ['budget_exhausted', todo('A', { budget: { usd: 5 }, cost: spent }), {}],
    [
      'budget_exhausted',
      todo('A'),
      {
        projects: new Map([['MC', { ...project, budget: { usd: 5 } }]]),
        spentToday: { known: true, value: { byProject: new Map([['MC', spent]]), total: spent } },
      },
    ],
    [
      'budget_exhausted',
      todo('A'),
      { policy: { ...snapshot().policy, budget: { usd: 9 } }, spentToday: { known: false, reason: 'x' } },
    ],
  ];
  for (const [expected, candidate, set] of cases) {
    it(
      `says ${expected} for ${JSON.stringify({ ...candidate, cost: undefined, key: undefined })}`.slice(
        0,
        150,
      ),
      () => {
        expect(reason(candidate, set)).toBe(expected);
      },
    );
  }

  it('has a case for every reason that it can give', () => {
    const given = new Set(cases.map(([expected]) => expected));
    expect(SKIP_REASONS.filter((code) => code !== 'claim_conflict' && !given.has(code))).toEqual([]);
  });

  it('resumes a parked attempt only where its session and worktree are', () => {
    const parked: NeedsInputCandidate = { ...todo('A'), lane: 'needs_input', parkedOn: 'elsewhere' };
    expect(reason(parked)).toBe('runner_unavailable');
    expect(reason({ ...parked, parkedOn: 'run' })).toBe('admitted');
  });
});

describe('the plan', () => {
  it('takes the needs_input lane before todo, and counts its own starts', () => {
    const plan = planDispatch(
      snapshot({
        policy: { ...snapshot().policy, maxWorkers: 2 },
        needsInput: [{ ...todo('N'), lane: 'needs_input', parkedOn: null }],
        todo: [todo('A'), todo('B')],
      }),
    );
    expect([plan.resumes.map((r) => r.candidate.key), plan.claims.map((c) => c.candidate.key)]).toEqual([
      ['N'],
      ['A'],
    ]);
    expect(plan.skips).toMatchObject([{ ticket: 'B', code: 'no_free_slot' }]);
  });

  it('starts nothing when workers cannot be counted', () => {
    const plan = planDispatch(
      snapshot({ workers: { known: false, reason: 'broken' }, todo: [todo('A'), todo('B')] }),
    );
    expect(plan.claims).toEqual([]);
    expect(plan.skips.map((skip) => skip.code)).toEqual(['worker_count_unknown', 'worker_count_unknown']);
  });

  it('never exceeds any limit, and gives every candidate a start or exactly one reason', () => {
    const limit = fc.option(fc.nat(4), { nil: null });
    fc.assert(
      fc.property(
        fc.nat(6),
        limit,
        limit,
        fc.nat(3),
        fc.array(fc.constantFrom('A', 'B'), { maxLength: 12 }),
        (max, ofProfile, ofProject, slots, campaignsOf) => {
          const s = snapshot({
            policy: { ...snapshot().policy, maxWorkers: max },
            profiles: new Map([['worker', { ...profile, maxWorkers: ofProfile }]]),
            projects: new Map([['MC', { ...project, limits: { ...project.limits, maxWorkers: ofProject } }]]),
            campaigns: new Map([['A', { key: 'A', name: 'A', owner: 'ada', maxWorkers: 1 }]]),
            runners: {
              known: true,
              value: ['r1', 'r2'].map((id) => ({
                id,
                name: id,
                slots,
                labels: [],
                alive: true,
                takesAttempts: true,
              })),
            },
            workers: { known: true, value: [worker(1, { runner: 'r1' })] },
            todo: campaignsOf.map((campaign, i) => todo(`T-${i}`, { campaign })),
          });
          const plan = planDispatch(s);
          const started = plan.claims.length + 1;
          if (plan.claims.length > 0) {
            expect(started).toBeLessThanOrEqual(max);
            if (ofProfile !== null) expect(started).toBeLessThanOrEqual(ofProfile);
            if (ofProject !== null) expect(started).toBeLessThanOrEqual(ofProject);
          }
          for (const id of ['r1', 'r2']) {
            const here = plan.claims.filter((claim) => claim.runner === id).length;
            if (here > 0) expect(here + (id === 'r1' ? 1 : 0)).toBeLessThanOrEqual(slots);
          }
          expect(plan.claims.filter((claim) => claim.candidate.campaign === 'A').length).toBeLessThanOrEqual(
            1,
          );
          expect(plan.claims.length + plan.skips.length).toBe(campaignsOf.length);
        },
      ),
    );
  });
});

describe('the order', () => {
  it('is priority, then age; and a low priority does not starve', () => {
    expect(dispatchRank(0, 1000)).toBeLessThan(dispatchRank(1, 1000));
    expect(dispatchRank(2, 1000)).toBeLessThan(dispatchRank(2, 1001));
    expect(dispatchRank(4, 0)).toBeLessThan(dispatchRank(0, 4 * PRIORITY_AGING_MS + 1));
  });
});
