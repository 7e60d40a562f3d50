/** The configuration of the small world: limits tight enough to be broken by one wrong start. */
import type { Profile, Project, Runner } from '../../src/domain/config.ts';
import { decideCreate } from '../../src/domain/ticket/decide-fields.ts';
import { evolveTicket } from '../../src/domain/ticket/evolve.ts';
import type { Ticket } from '../../src/domain/ticket/state.ts';
import { PLAIN_TICKET } from '../../src/domain/ticket/testing.ts';
import type { Timing } from '../../src/services/deps.ts';
import type { Documents } from './small-store.ts';
import type { State } from './world.ts';

export const TIMING: Timing = {
  leaseMs: 2000,
  graceMs: 1000,
  offerMs: 1000,
  dispatchLeaseMs: 2000,
  parkedSilenceMs: 600_000,
};
const START = 1_000_000;

const runner = (id: string): Runner =>
  ({
    id,
    name: id,
    slots: 1,
    labels: [],
    kinds: ['attempt'],
    token: '',
    instance: '',
  }) as Partial<Runner> as Runner;

export const DOCUMENTS: Documents = {
  policy: { maxWorkers: 2, budget: null, remedies: [], windows: [], paused: null },
  projects: [
    {
      key: 'MC',
      name: 'MC',
      defaultProfile: 'worker',
      runnerLabels: [],
      checks: [],
      deploy: null,
      completion: {
        requires: ['signal', 'commit'],
        checks: [],
        decidedBy: 'human',
        onAccept: 'leave_branch',
        allowEmptyDiff: true,
      },
      limits: { maxAttempts: 2, maxWorkers: null, backoffSeconds: 1 },
      budget: null,
    } as Partial<Project> as Project,
  ],
  profiles: [{ id: 'worker', role: 'worker', maxWorkers: null, budget: null } as Partial<Profile> as Profile],
  campaigns: [],
  runners: [runner('r1'), runner('r2')],
  jobs: [],
};

function ticket(number: number): Ticket {
  const [created] = decideCreate(
    {
      key: `MC-${number}`,
      project: 'MC',
      number,
      status: 'todo',
      ...PLAIN_TICKET,
      title: '',
    },
    { actor: { kind: 'human', id: 'ada' }, now: START },
  );
  if (!created) throw new Error('no ticket');
  return evolveTicket(null, created);
}

/** @param maxWorkers the limit over all: 1 sets the two tickets against each other, 2 the runners' slots */
export function firstState(maxWorkers: number): State {
  DOCUMENTS.policy.maxWorkers = maxWorkers;
  const idle = { epoch: null, plan: null };
  return {
    rows: {
      now: START,
      tickets: new Map([1, 2].map((n) => [`MC-${n}`, { state: ticket(n), streamVersion: 1 }])),
      leases: new Map(),
      configVersion: 1,
    },
    dispatchers: [idle, idle],
    agents: [],
    zombies: [],
    late: null,
    left: { crash: 1, lost: 1, doubled: 1 },
    started: { epoch: 0, holder: '' },
    ids: 0,
  };
}
