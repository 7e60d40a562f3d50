/**
 * Work that goes on on another machine: two runners without a disk in common, the repository at an address, and what one
 * of them has made fetched by the other.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { mctl } from '../harness/mctl.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { RemoteRunner } from './support/remote-runner.ts';

let mc: MissionControl;
let bare: string;
let runners: RemoteRunner[];

beforeEach(async () => {
  runners = [];
  mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '5' } });
  await mc.start();
  mc.makeRepository();
  bare = join(mc.dir, 'origin.git');
  mkdirSync(bare);
  mc.git(bare, 'init', '-q', '--bare', '-b', 'main');
  mc.git(mc.repo, 'push', '-q', bare, 'main');
});
afterEach(async () => {
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
  for (const runner of runners) await runner.stop();
  await mc.stop();
});

async function runner(name: string, ...flags: string[]): Promise<RemoteRunner> {
  const made = new RemoteRunner(mc, name);
  runners.push(made);
  return made.start(undefined, ...flags);
}

async function project(more: object = {}): Promise<void> {
  await mc.api.post('/projects', {
    key: 'MC',
    name: 'Sample',
    repository: { url: `file://${bare}` },
    limits: { maxAttempts: 3, backoffSeconds: 0 },
    ...more,
  });
}

const attemptsOf = async (key: string) =>
  (await mc.attempts(key)).map(({ number, runner: on, outcome }) => [number, on, outcome]);

it('what one machine made is verified and landed by another when the first has gone', async () => {
  const waiting = `while [ ! -e ${mc.dir}/go ]; do sleep 0.05; done; grep -qx good value`;
  await project({
    checks: [{ name: 'test', command: ['/bin/sh', '-c', waiting] }],
    completion: { requires: ['signal', 'commit', 'check'], decidedBy: 'human', onAccept: 'merge' },
  });
  await mc.profile(
    'worker',
    'echo good > value; git commit -qam "make it good"; mc-coord submit --summary done',
  );
  const far = await runner('far');
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'in_review');
  // The check is under way on the machine that has the commits; then that machine leaves.
  await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt has ended');
  await runner('near');
  far.signal('SIGTERM');
  expect(await far.gone()).toBe(0);
  mc.touch('go');
  const evidence = await mc.settled(key);
  expect(evidence.map(({ state }) => state)).toEqual(evidence.map(() => 'verified'));
  await mc.move(key, 'accept');
  await mc.inStatus(key, 'done', 30_000);
  expect(mc.git(bare, 'show', 'main:value')).toBe('good');
  expect(await attemptsOf(key)).toEqual([[1, 'run_far', 'submitted']]);
});

it('an attempt that is handed over goes on elsewhere with what was not committed, at no retry’s cost', async () => {
  await project();
  await mc.profile(
    'worker',
    `if [ $MC_ATTEMPT = 1 ]; then echo half > value; echo new > note; touch $OUT/half; sleep 300;
     else grep -qx half value && grep -qx new note && echo good > value && git add . && git commit -qm "went on" && mc-coord submit --summary done; fi`,
  );
  const far = await runner('far');
  const { key } = await mc.ticket('worker');
  await mc.until(() => mc.hasFile('half'), 'it is half done');
  await runner('near');
  const drained = await mctl(['runner', 'drain', 'far', '--hand-over', '--reason', 'update', '--json'], {
    MC_DATA_DIR: mc.dataDir,
    MC_ADMIN_TOKEN: mc.token,
  });
  expect(drained).toMatchObject({ code: 0, err: '' });
  expect(await far.gone()).toBe(0);
  const ticket = await mc.inStatus(key, 'in_review', 40_000);
  expect(ticket.status).toBe('in_review');
  expect(await attemptsOf(key)).toEqual([
    [1, 'run_far', 'stopped'],
    [2, 'run_near', 'submitted'],
  ]);
  await mc.settled(key);
});

it('a runner that drains finishes what it has, takes nothing more, and comes back with work for it', async () => {
  await project();
  await mc.profile(
    'slow',
    'touch $OUT/started; while [ ! -e $OUT/go ]; do sleep 0.05; done; echo good > value; git commit -qam x; mc-coord submit --summary done',
  );
  await mc.profile('fast', 'echo good > value; git commit -qam x; mc-coord submit --summary done');
  const far = await runner('far');
  const slow = await mc.ticket('slow');
  await mc.until(() => mc.hasFile('started'), 'it runs');
  await mc.api.post('/runners/run_far/drain', { draining: true });
  await runner('near');
  const fast = await mc.ticket('fast');
  await mc.inStatus(fast.key, 'in_review');
  expect((await far.shown())?.state).toBe('draining');
  mc.touch('go');
  expect(await far.gone()).toBe(0);
  await mc.inStatus(slow.key, 'in_review');
  await mc.settled(slow.key);
  expect(await attemptsOf(slow.key)).toEqual([[1, 'run_far', 'submitted']]);
  expect(await attemptsOf(fast.key)).toEqual([[1, 'run_near', 'submitted']]);
  await far.start();
  expect((await far.shown())?.state).toBe('ready');
});

it('SIGTERM leaves what runs the time that was given, and hands over what is not done by then', async () => {
  await project();
  await mc.profile(
    'worker',
    `touch $OUT/started-$MC_TICKET-$MC_ATTEMPT; if [ $MC_ATTEMPT = 1 ]; then while [ ! -e $OUT/go-$MC_TICKET ]; do sleep 0.05; done; fi
     echo good > value; git commit -qam x; mc-coord submit --summary done`,
  );
  const far = await runner('far', '--finish', '4');
  const [one, two] = [await mc.ticket('worker'), await mc.ticket('worker')];
  for (const { key } of [one, two]) await mc.until(() => mc.hasFile(`started-${key}-1`), `${key} runs`);
  await runner('near');
  far.signal('SIGTERM');
  mc.touch(`go-${one.key}`);
  expect(await far.gone()).toBe(0);
  await mc.inStatus(one.key, 'in_review');
  await mc.inStatus(two.key, 'in_review', 40_000);
  expect(await attemptsOf(one.key)).toEqual([[1, 'run_far', 'submitted']]);
  expect(await attemptsOf(two.key)).toEqual([
    [1, 'run_far', 'stopped'],
    [2, 'run_near', 'submitted'],
  ]);
});

it('one machine runs agents, another checks and lands what they have made', async () => {
  await project({
    checks: [{ name: 'test', command: ['/bin/sh', '-c', 'grep -qx good value'] }],
    completion: { requires: ['signal', 'commit', 'check'], decidedBy: 'policy', onAccept: 'merge' },
  });
  await mc.profile('worker', 'echo good > value; git commit -qam x; mc-coord submit --summary done');
  const far = await runner('far', '--kinds', 'attempt');
  await runner('near', '--kinds', 'verify,land');
  expect((await far.shown())?.kinds).toEqual(['attempt']);
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'done', 40_000);
  expect(mc.git(bare, 'show', 'main:value')).toBe('good');
  expect(await attemptsOf(key)).toEqual([[1, 'run_far', 'submitted']]);
});

it('a runner that is not taken says why, and leaves', async () => {
  await runner('far');
  const other = new RemoteRunner(mc, 'far');
  const refused = await other.refused(mc.url);
  expect(refused.code).toBe(8);
  expect(refused.said).toMatch(/was registered with another token.*mctl runner release/s);
});

it('a runner that is newer than its server is told which to update first, and leaves', async () => {
  // What a later version would say of itself.
  const later = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const answer = await fetch(`${mc.url}${request.url}`, {
        method: request.method ?? 'GET',
        headers: { authorization: request.headers.authorization ?? '', 'content-type': 'application/json' },
        ...(body === '' ? {} : { body: body.replace(/"protocol":\d+/, '"protocol":99') }),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(await answer.text());
    })();
  });
  later.listen(0, '127.0.0.1');
  await once(later, 'listening');
  onTestFinished(() => void later.close());
  const { port } = later.address() as AddressInfo;
  const refused = await new RemoteRunner(mc, 'newer').refused(`http://127.0.0.1:${port}`);
  expect(refused.code).toBe(8);
  expect(refused.said).toMatch(/speaks protocol 99.*Bring the server up to date first/s);
});

it('a machine that dies with a parked session: the answer goes to a new attempt elsewhere, with the work so far', async () => {
  await mc.endServer('SIGTERM');
  await mc.start({ MC_SILENCE_SECONDS: '4' });
  await project();
  await mc.profile(
    'worker',
    `cat > $OUT/prompt; if [ $MC_ATTEMPT = 1 ]; then echo half > value; git commit -qam half; echo new > note; mc-coord ask "Which colour?"; sleep 1;
     else grep -qx half value && grep -qx new note && echo good > value && git add . && git commit -qm "went on" && mc-coord submit --summary done; fi`,
  );
  const far = await runner('far');
  const { key } = await mc.ticket('worker');
  const asked = await mc.inStatus(key, 'needs_input');
  await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'parked', 'it is parked');
  // Waiting costs nothing and never times out, as long as the machine is there.
  await runner('near');
  await new Promise((resolve) => setTimeout(resolve, 6000));
  expect((await mc.attempts(key))[0]?.state).toBe('parked');
  far.signal('SIGKILL');
  await mc.eventually(async () => (await mc.attempts(key))[0]?.outcome === 'lost', 'it is given up');
  expect((await mc.get(key)).status).toBe('needs_input');
  const question = asked.questions[0]?.id;
  await mc.api.post(`/tickets/${key}/questions/${question}/answer`, { text: 'green, as the grass is' });
  await mc.inStatus(key, 'in_review', 40_000);
  // As long as it may only be slow, one offer may go to it, and no more.
  const attempts = (await attemptsOf(key)).map(([, ...rest]) => rest.join(' '));
  expect(attempts.filter((attempt) => attempt !== 'run_far declined')).toEqual([
    'run_far lost',
    'run_near submitted',
  ]);
  expect(attempts.length).toBeLessThanOrEqual(3);
  expect(mc.read('prompt')).toContain('green, as the grass is');
  await mc.settled(key);
});
