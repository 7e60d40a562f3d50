/**
 * What is under way when everything is killed is on record, and happens once: recurring tickets, the dispatcher's own
 * ticks, and the checks that a verifier was running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Job } from '../../src/contract/job-shapes.ts';
import type { Page } from '../../src/contract/shapes.ts';
import type { MissionControl } from '../harness/mission-control.ts';
import { dispatcherHadItsChance, GOOD, kill, missionControl, pause, RawRunner } from './support/field.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const jobs = async (mc: MissionControl): Promise<Job[]> => (await mc.api.get<Page<Job>>('/jobs')).items;

it('F15 a server killed again and again in the middle of its ticks starts every ticket once', async () => {
  const mc = await missionControl({ env: { MC_LEASE_SECONDS: '20', MC_OFFER_SECONDS: '15' } });
  await mc.profile('worker', `echo $MC_TICKET >> $OUT/ran; ${GOOD}`);
  const keys: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 2; n += 1) keys.push((await mc.ticket('worker')).key);
    await mc.endServer('SIGKILL');
    await mc.start();
  }
  for (const key of keys) await mc.inStatus(key, 'in_review', 60_000);
  expect(mc.read('ran').split('\n').toSorted()).toEqual(keys.toSorted());
  for (const key of keys) {
    // An offer whose server was gone before its agent could start is handed back; that nothing ran is seen above.
    const outcomes = (await mc.attempts(key)).map(({ outcome }) => outcome);
    expect(outcomes.at(-1)).toBe('submitted');
    expect(outcomes.slice(0, -1).filter((each) => each !== 'stopped' && each !== 'declined')).toEqual([]);
    await mc.settled(key);
  }
});

it('F15 what a job did is on record after a restart, and a change repeated with its key is not made again', async () => {
  const mc = await missionControl({ env: { MC_RUNNER: 'none' } });
  await mc.profile('worker', GOOD);
  const runner = await RawRunner.register(mc, 'one');
  const body = { project: 'MC', title: 'once', status: 'todo', profile: 'worker' };
  const created = await mc.api.post<{ key: string }>('/tickets', body, {
    idempotencyKey: 'nightly-2026-01-01',
  });
  await runner.offer(mc);
  const before = await mc.eventually(
    async () =>
      (await jobs(mc)).find((job) => job.name === 'ticket-pickup' && job.lastRun?.detail === '1 claimed'),
    'the run is on record',
  );
  await mc.endServer('SIGKILL');
  await mc.start();
  const after = (await jobs(mc)).find((job) => job.name === 'ticket-pickup');
  expect(Date.parse(after?.lastRun?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(before.lastRun?.at ?? ''));
  const repeated = await mc.api.post<{ key: string }>('/tickets', body, {
    idempotencyKey: 'nightly-2026-01-01',
  });
  expect(repeated.key).toBe(created.key);
  expect((await mc.api.get<Page<unknown>>('/tickets')).items.length).toBe(1);
  expect((await mc.attempts(created.key)).length).toBe(1);
});

it('F16 a check that was killed with runner and server is not lost, not believed, and runs once more', async () => {
  const mc = await missionControl({
    env: { MC_LEASE_SECONDS: '3' },
    project: { checks: [{ name: 'test', command: 'sleep 2; grep -qx good value' }] },
  });
  await mc.profile('worker', GOOD);
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'in_review');
  const marked = await mc.until(
    () => mc.worktrees().find((name) => name.startsWith('verify-')),
    'the check runs',
    30_000,
  );
  expect(marked).toBeTruthy();
  const runner = mc.runner();
  await mc.endServer('SIGKILL');
  if (runner) kill(runner.pid);
  await mc.start();
  const interrupted = (await mc.get(key)).evidence.find((evidence) => evidence.kind === 'check');
  expect(interrupted?.state).toBe('unverified');
  await expect(mc.move(key, 'accept')).rejects.toMatchObject({ code: 'evidence_incomplete' });
  const settled = await mc.settled(key);
  expect(settled.find((evidence) => evidence.kind === 'check')).toMatchObject({
    id: interrupted?.id,
    state: 'verified',
  });
  expect((await mc.attempts(key)).length).toBe(1);
});

interface Moved {
  type: string;
  data: { transition?: string; reason?: string };
}
const runsOf = (mc: MissionControl): number => mc.read('ran').split('\n').filter(Boolean).length;

/** The slots at which its schedule has opened a ticket again. */
async function slotsOf(mc: MissionControl, key: string): Promise<string[]> {
  const { items } = await mc.api.get<Page<Moved>>(`/tickets/${key}/activity`, { query: { limit: 200 } });
  return items
    .filter((event) => event.data.transition === 'reopen')
    .map((event) => /due at (\S+)/.exec(event.data.reason ?? '')?.[1] ?? '');
}

it('F15 scheduled work runs once a slot, though its server is killed again and again', async () => {
  const mc = await missionControl({ project: { completion: { decidedBy: 'policy' } } });
  await mc.profile('worker', `echo run >> $OUT/ran; ${GOOD}`);
  await mc.api.post('/schedules', {
    project: 'MC',
    cron: '*/2 * * * * *',
    ticket: { title: 'Nightly', profile: 'worker' },
  });
  for (let round = 0; round < 4; round += 1) {
    const before = runsOf(mc);
    await mc.until(() => runsOf(mc) > before, 'it runs again', 60_000);
    await mc.endServer('SIGKILL');
    await mc.start();
  }
  await mc.eventually(
    async () => (await slotsOf(mc, 'MC-1')).length >= 3,
    'three slots have opened it again',
    90_000,
  );
  const { items } = await mc.api.get<Page<{ id: string; version: number }>>('/schedules');
  const [schedule] = items;
  await mc.api.patch(`/schedules/${schedule?.id}`, { enabled: false, reason: 'enough' });
  const { items: tickets } = await mc.api.get<Page<{ key: string }>>('/tickets');
  expect(tickets.map(({ key }) => key)).toEqual(['MC-1']);
  await mc.inStatus('MC-1', 'done', 60_000);
  const slots = await slotsOf(mc, 'MC-1');
  expect(new Set(slots).size).toBe(slots.length);
  // The first slot made the ticket, each other opened it again; every one of them was worked on once.
  const submitted = (await mc.attempts('MC-1')).filter(({ outcome }) => outcome === 'submitted');
  expect(submitted.length).toBe(slots.length + 1);
}, 240_000);

it('F16 a scheduled run that was killed in the middle is on record as lost, and runs once more', async () => {
  const mc = await missionControl({
    env: { MC_LEASE_SECONDS: '3', MC_GRACE_SECONDS: '1' },
    project: { completion: { decidedBy: 'policy' } },
  });
  await mc.profile('worker', `echo run >> $OUT/ran; [ -e $OUT/go ] || sleep 300; ${GOOD}`);
  const made = await mc.api.post<{ id: string }>('/schedules', {
    project: 'MC',
    cron: '0 0 1 1 *',
    ticket: { title: 'Yearly', profile: 'worker' },
  });
  await mc.api.post(`/jobs/${made.id}/run`, {});
  await mc.until(() => mc.read('ran') !== '', 'it runs');
  const runner = mc.runner();
  mc.touch('go');
  if (runner) kill(runner.pid);
  await mc.endServer('SIGKILL');
  await mc.start();
  await mc.inStatus('MC-1', 'done', 60_000);
  const attempts = await mc.attempts('MC-1');
  expect(attempts.map(({ outcome }) => outcome)).toEqual([attempts[0]?.outcome, 'submitted']);
  expect(['lost', 'stopped']).toContain(attempts[0]?.outcome);
  expect(mc.read('ran').split('\n').length).toBe(2);
});

it('F19 a second server on the same data directory is refused, with the pid of the first', async () => {
  const mc = await missionControl({ env: { MC_RUNNER: 'none' } });
  const second: ChildProcess = spawn(process.execPath, [main], {
    cwd: mc.dir,
    env: {
      PATH: process.env['PATH'],
      HOME: mc.dir,
      MC_DATA_DIR: mc.dataDir,
      MC_PORT: '0',
      MC_RUNNER: 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let printed = '';
  second.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  second.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const code = await new Promise((resolve) => second.once('exit', resolve));
  expect(code).not.toBe(0);
  expect(printed).toBe('');
  expect(said).toContain(`pid ${mc.server?.pid}`);
  expect(said).toContain(join(mc.dir, 'data'));
  // The first one never noticed.
  await mc.ticket('none', { status: 'backlog', profile: null });
});

it('F19 a server that was stopped beyond its dispatch lease claims nothing twice', async () => {
  const mc = await missionControl({ env: { MC_LEASE_SECONDS: '30', MC_MAX_WORKERS: '2' } });
  await mc.profile(
    'worker',
    `echo $MC_TICKET >> $OUT/ran; while [ ! -e $OUT/go ]; do sleep 0.1; done; ${GOOD}`,
  );
  const keys: string[] = [];
  for (let n = 0; n < 3; n += 1) keys.push((await mc.ticket('worker')).key);
  await mc.until(() => mc.read('ran').split('\n').length === 2, 'two run');
  const { epoch } = (await mc.api.get<{ dispatcher: { epoch: number } }>('/overview')).dispatcher;
  mc.server?.kill('SIGSTOP');
  // The dispatch lease lasts ten seconds at least.
  await pause(11_000);
  mc.server?.kill('SIGCONT');
  await dispatcherHadItsChance(mc, 2000);
  const now = (await mc.api.get<{ dispatcher: { epoch: number } }>('/overview')).dispatcher.epoch;
  expect(now).toBeGreaterThan(epoch);
  for (const key of keys) expect((await mc.attempts(key)).length).toBeLessThanOrEqual(1);
  mc.touch('go');
  for (const key of keys) await mc.inStatus(key, 'in_review', 60_000);
  expect(mc.read('ran').split('\n').toSorted()).toEqual(keys.toSorted());
  for (const key of keys) {
    expect((await mc.attempts(key)).map(({ outcome }) => outcome)).toEqual(['submitted']);
    await mc.settled(key);
  }
});

it('F19 a server that was stopped for longer than a lease calls nobody lost for its own silence', async () => {
  const mc = await missionControl({ env: { MC_LEASE_SECONDS: '3', MC_GRACE_SECONDS: '1' } });
  await mc.profile(
    'worker',
    `[ -e $OUT/pid ] && kill -0 $(cat $OUT/pid) 2>/dev/null && echo overlap >> $OUT/overlaps; [ -e $OUT/pid ] && { ${GOOD}; exit; }; echo $$ > $OUT/pid; sleep 300`,
  );
  const { key } = await mc.ticket('worker');
  await mc.until(() => mc.read('pid'), 'the agent runs');
  mc.server?.kill('SIGSTOP');
  await pause(7000);
  mc.server?.kill('SIGCONT');
  await mc.inStatus(key, 'in_review', 60_000);
  await mc.settled(key);
  // The runner stopped the agent by its own clock, and says so when it is heard again.
  expect((await mc.attempts(key)).map(({ outcome }) => outcome)).toEqual(['stopped', 'submitted']);
  expect(mc.read('overlaps')).toBe('');
});
