import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeAttempt } from '../../test/harness/runner/fake-control-plane.ts';
import { until, World } from '../../test/harness/runner/world.ts';
import { identify, isAlive } from './processes/process-table.ts';
import { findStrayMarkers, ownerTag } from './processes/stray-processes.ts';

let world: World;

beforeEach(async () => {
  world = new World();
  await world.start();
});
afterEach(async () => {
  await world.stop();
  expect(world.controlPlane.violations).toEqual([]);
  expect(findStrayMarkers(ownerTag(world.dataDir))).toEqual(new Set());
});

const ended = (attempt: FakeAttempt) =>
  until(() => attempt.ends.find((end) => end.treeGone), 'the attempt ended');
const textOf = (attempt: FakeAttempt, stream = 'stdout'): string =>
  attempt.output
    .toSorted((a, b) => a.seq - b.seq)
    .filter((item) => item.stream === stream)
    .map((item) => item.text)
    .join('');
const SIGNAL = (body: string): string =>
  `curl -sf -X POST -H "Authorization: Bearer $MC_TOKEN" -H 'Content-Type: application/json' -d '${body}' "$MC_URL/api/v1/attempts/self/signals" > /dev/null`;

describe('an accepted offer', () => {
  it('runs the agent in its worktree with its environment, and reports head, diff and exit code', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(
      world.attempt(
        'cat; cat "$MC_PROMPT_FILE"; env | cut -d= -f1 | sort > "$OUT/names"; env > "$OUT/env"; pwd > "$OUT/pwd"; ' +
          'git branch --show-current; echo new > new.txt; git add .; git commit -qm work; git log -1 --format="%an <%ae>"; exit 3',
      ),
    );
    const end = await ended(attempt);
    expect(end).toMatchObject({ outcome: 'failed', reason: 'exited_without_result', exitCode: 3 });
    expect(end.head).toBe(world.git(world.clone, 'rev-parse', 'mc/MC-1/1'));
    expect(end.diff?.files).toEqual([{ path: 'new.txt', additions: 1, deletions: 0, protected: false }]);
    expect(attempt.base).toBe(world.git(world.repo, 'rev-parse', 'main'));
    await until(() => textOf(attempt).includes('@'), 'the output arrived');
    expect(textOf(attempt)).toBe(
      'Do the work.\nDo the work.\nmc/MC-1/1\nscripted <scripted@agents.mission-control.invalid>\n',
    );
    const names = world.read('names').trim().split('\n');
    const added =
      'ALLOWED BASH_ENV GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_NAME HOME LANG MC_ATTEMPT';
    const more = 'MC_ATTEMPT_MARKER MC_PROMPT_FILE MC_TICKET MC_TOKEN MC_URL OUT PATH TERM';
    expect(names.filter((name) => !['PWD', 'OLDPWD', '_', 'SHLVL'].includes(name)).toSorted()).toEqual(
      `${added} ${more}`.split(' ').toSorted(),
    );
    expect(world.read('env')).toContain(`HOME=${world.dataDir}/homes/scripted\n`);
    expect(world.read('env')).toContain(`PATH=${world.dataDir}/bin:`);
    expect(world.read('env')).toContain('MC_ATTEMPT=1\n');
    expect(world.read('pwd').trim()).toBe(join(world.dataDir, 'worktrees/att_1'));
  });

  it('fills placeholders, writes files into HOME, and hides the token in the output', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(
      world.attempt(
        'cat ~/.agent/config; echo $ENDPOINT; exit 1',
        {},
        { files: { '.agent/config': 'url=${MC_URL} token=${MC_TOKEN}\n' }, env: { ENDPOINT: '${MC_URL}/x' } },
      ),
    );
    await ended(attempt);
    const { url } = world.controlPlane;
    await until(() => textOf(attempt).includes('/x'), 'the output arrived');
    expect(textOf(attempt)).toBe(`url=${url} token=[token]\n${url}/x\n`);
  });

  it('is reported as failed with a reason that says what to do', async () => {
    world.runner({ slots: 5 });
    const cases: [Partial<Parameters<World['attempt']>[1]>, Parameters<World['attempt']>[2], RegExp][] = [
      [{}, { adapter: 'acp' }, /^agent_failed: the program ended \(exit code 0\) before it had a session/],
      [
        {},
        { command: ['no-such-agent'] },
        /^program_not_found: no-such-agent is in none of the folders of PATH/,
      ],
      [{}, { files: { '../evil': 'x' } }, /^profile_unusable: .*outside HOME/],
      [{ startAt: 'f'.repeat(40) }, {}, /^start_missing/],
      [
        { project: { key: 'GONE', repository: { path: '/nowhere' }, defaultBranch: 'main', setup: null } },
        {},
        /^repository_unreachable: cannot fetch \/nowhere/,
      ],
    ];
    for (const [offer, profile, reason] of cases) {
      const end = await ended(world.controlPlane.offer(world.attempt('true', offer, profile)));
      expect(end.outcome).toBe('failed');
      expect(end.reason).toMatch(reason);
    }
  });

  it('runs the setup of the project first, and fails with its output when that fails', async () => {
    world.runner();
    const project = (script: string) => ({
      key: 'MC',
      repository: { path: world.repo },
      defaultBranch: 'main',
      setup: { command: ['/bin/sh', '-c', script], timeoutSeconds: 20 },
    });
    const good = world.controlPlane.offer(
      world.attempt('cat built; exit 1', {
        project: project('echo "token=$MC_TOKEN" > built; echo building'),
      }),
    );
    await ended(good);
    await until(() => textOf(good) !== '', 'the output arrived');
    expect(textOf(good)).toBe('token=\n');
    expect(textOf(good, 'setup')).toBe('building\n');
    const bad = world.controlPlane.offer(
      world.attempt('echo started > $OUT/started', { project: project('echo no compiler >&2; exit 9') }),
    );
    expect(await ended(bad)).toMatchObject({ outcome: 'failed', reason: 'setup_failed' });
    await until(() => textOf(bad, 'runner') !== '', 'the note arrived');
    expect(textOf(bad, 'setup')).toBe('no compiler\n');
    expect(textOf(bad, 'runner')).toBe("The project's setup ended with exit code 9.\n");
    expect(world.read('started')).toBe('');
  });

  it('does not start an agent whose ticket has moved meanwhile', async () => {
    world.runner();
    const offer = world.attempt('echo started > $OUT/started', {
      project: {
        key: 'MC',
        repository: { path: world.repo },
        defaultBranch: 'main',
        setup: { command: ['/bin/sh', '-c', 'touch $HOME/.; sleep 0.4'], timeoutSeconds: 20 },
      },
    });
    const attempt = world.controlPlane.offer(offer);
    await until(() => attempt.base, 'the worktree is there');
    attempt.directive = 'stop';
    expect(await ended(attempt)).toMatchObject({ outcome: 'stopped' });
    expect(world.read('started')).toBe('');
  });

  it('is dropped when it is not ours any more', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(world.attempt('echo started > $OUT/started'));
    attempt.stale = 'superseded';
    await until(
      () =>
        attempt.state === 'offered' && world.controlPlane.log.filter((p) => p.endsWith('/accept')).length > 0,
      'refused',
    );
    attempt.state = 'ended';
    const left = (): string[] =>
      readdirSync(join(world.dataDir, 'run')).filter((name) => name.startsWith('att_'));
    await until(() => left().length === 0, 'nothing is left of it');
    expect(world.read('started')).toBe('');
  });
});

describe('an agent that signals', () => {
  it('is stopped with its whole tree after it submitted, and given a moment before', async () => {
    world.runner({ courtesyMs: 3000 });
    const attempt = world.controlPlane.offer(
      world.attempt(
        `(setsid sleep 300 & echo $! > $OUT/daemon); ${SIGNAL('{"type":"submit","summary":"done"}')}; sleep 0.3; echo bye; exit 0`,
      ),
    );
    const end = await ended(attempt);
    expect(end.exitCode).toBe(0);
    await until(() => textOf(attempt) !== '', 'the last words arrived');
    expect(textOf(attempt)).toBe('bye\n');
    expect(isAlive(identify(Number(world.read('daemon'))))).toBe(false);
  });

  it('is given no moment when it was cancelled without a word of its own', async () => {
    world.runner({ courtesyMs: 60_000 });
    const attempt = world.controlPlane.offer(world.attempt('echo up; sleep 300'));
    await until(() => textOf(attempt), 'the agent runs');
    world.controlPlane.direct(attempt, 'stop');
    expect(await ended(attempt)).toMatchObject({ outcome: 'stopped' });
  });

  it('is parked after it asked, and resumes as the same attempt in the same worktree', async () => {
    world.runner();
    const offer = world.attempt(
      `echo half > work.txt; echo first; ${SIGNAL('{"type":"ask","text":"Which?"}')}; sleep 300`,
    );
    const attempt = world.controlPlane.offer(offer);
    await until(() => attempt.parks.find((park) => park.treeGone), 'it parked');
    expect(attempt.ends).toEqual([]);
    const resumed = world.controlPlane.offer({
      ...offer,
      fence: 99,
      token: 'mca_token_number_two',
      prompt: 'The answer is B.',
      resume: { session: null },
      profile: {
        ...offer.profile,
        command: ['/bin/sh', '-c', 'cat; cat work.txt; git branch --show-current; exit 1'],
      },
    });
    await ended(resumed);
    await until(() => textOf(resumed).includes('mc/'), 'the output arrived');
    expect(textOf(resumed)).toBe('first\nThe answer is B.half\nmc/MC-1/1\n');
    const seqs = resumed.output.map((item) => item.seq);
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  it('asked and exited by itself is parked too, not failed', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(
      world.attempt(`${SIGNAL('{"type":"ask","text":"Which?"}')}; exit 0`),
    );
    await until(() => attempt.parks.length > 0, 'it parked');
    expect(attempt.ends).toEqual([]);
  });
});

describe('an agent that misbehaves', () => {
  it('and kills its parent harms nobody but its own exit code', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(world.attempt('kill -9 $PPID; echo still here; exit 3'));
    expect(await ended(attempt)).toMatchObject({ outcome: 'failed', exitCode: null });
    await until(() => textOf(attempt), 'the output arrived');
    expect(textOf(attempt)).toBe('still here\n');
  });

  it('and floods both streams with rubbish is heard up to the cap, and ends as it wants', async () => {
    world.runner({ outputCapBytes: 4 * 1024 * 1024 });
    const attempt = world.controlPlane.offer(
      world.attempt('head -c 20000000 /dev/urandom >&2 & head -c 20000000 /dev/urandom; wait; exit 5'),
    );
    expect(await ended(attempt)).toMatchObject({ exitCode: 5 });
    const marker = await until(() => textOf(attempt, 'runner'), 'the cap is said', 20_000);
    expect(marker).toBe('[output truncated: the first 4 MiB are kept]\n');
  }, 40_000);

  it('and storms with forks in sessions of their own is ended whole', async () => {
    world.runner();
    writeFileSync(
      join(world.dir, 'storm.sh'),
      'n=$1; [ "$n" -gt 5 ] && exec sleep 300; setsid sh "$0" $((n+1)) & setsid sh "$0" $((n+1)) &',
    );
    const attempt = world.controlPlane.offer(world.attempt('sh $OUT/storm.sh 1; echo up; sleep 300'));
    await until(() => textOf(attempt), 'the agent runs');
    world.controlPlane.direct(attempt, 'stop');
    await ended(attempt);
    // That nothing is left is looked at after every test.
  });
});

describe('limits', () => {
  it('reports a time-out at once and again when the tree is gone', async () => {
    world.runner({ killGraceMs: 500 });
    const attempt = world.controlPlane.offer(
      world.attempt('trap "" TERM; echo up; while :; do sleep 0.1; echo .; done', {}, { timeoutSeconds: 1 }),
    );
    await ended(attempt);
    expect(attempt.ends.map(({ outcome, reason, treeGone }) => ({ outcome, reason, treeGone }))).toEqual([
      { outcome: 'timed_out', reason: 'timeout', treeGone: false },
      { outcome: 'timed_out', reason: 'timeout', treeGone: true },
    ]);
  });

  it('ends what is silent as stalled, but not what signals', async () => {
    world.runner();
    const silent = world.controlPlane.offer(world.attempt('sleep 300', {}, { stallSeconds: 1 }));
    const signalling = world.controlPlane.offer(world.attempt('sleep 300', {}, { stallSeconds: 1 }));
    signalling.sinceSignalMs = 10;
    expect(await ended(silent)).toMatchObject({ outcome: 'timed_out', reason: 'stalled' });
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(signalling.ends).toEqual([]);
  });
});

describe('a control plane that goes away', () => {
  it('is waited for, and gets the report and the output when it is back', async () => {
    world.controlPlane.leaseMs = 20_000;
    world.runner();
    const attempt = world.controlPlane.offer(
      world.attempt('touch $OUT/up; while [ ! -e $OUT/go ]; do sleep 0.05; done; echo words; exit 4'),
    );
    await until(() => existsSync(join(world.dir, 'up')), 'the agent runs');
    await world.controlPlane.stop();
    writeFileSync(join(world.dir, 'go'), '');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await world.controlPlane.start();
    expect(await ended(attempt)).toMatchObject({ exitCode: 4 });
    await until(() => textOf(attempt) === 'words\n', 'the output arrived');
  });

  it('for long makes the runner stop its agents before their leases end', async () => {
    world.controlPlane.leaseMs = 2000;
    world.runner();
    const attempt = world.controlPlane.offer(world.attempt('echo $$ > $OUT/pid; sleep 300'));
    const pid = Number(await until(() => world.read('pid'), 'the agent runs'));
    const agent = identify(pid);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const lastRenewal = Date.now();
    await world.controlPlane.stop();
    await until(() => !isAlive(agent), 'the agent is stopped');
    expect(Date.now() - lastRenewal).toBeLessThan(2000);
    await world.controlPlane.start();
    expect(await ended(attempt)).toMatchObject({ outcome: 'stopped', reason: 'control_plane_unreachable' });
  });

  it('that says the attempt is stale makes it stop without a report, its work saved', async () => {
    world.controlPlane.leaseMs = 1500;
    world.runner();
    const attempt = world.controlPlane.offer(
      world.attempt('echo mine > mine.txt; echo $$ > $OUT/pid; sleep 300'),
    );
    const agent = identify(Number(await until(() => world.read('pid'), 'the agent runs')));
    attempt.stale = 'superseded';
    await until(() => !isAlive(agent), 'the agent is stopped');
    await until(() => world.git(world.clone, 'branch', '--list', 'mc-wip/*'), 'the work is saved');
    expect(attempt.ends).toEqual([]);
  });

  it('that has a newer process under our name ends this one', async () => {
    const live = world.runner();
    const attempt = world.controlPlane.offer(world.attempt('echo $$ > $OUT/pid; sleep 300'));
    const agent = identify(Number(await until(() => world.read('pid'), 'the agent runs')));
    world.controlPlane.instance = 'newer';
    world.controlPlane.wake();
    // The long poll under way is answered first; the next one is refused.
    world.controlPlane.direct(world.controlPlane.offer(world.attempt('true')), 'stop');
    expect(await live.ended).toBe('superseded');
    expect(isAlive(agent)).toBe(false);
    expect(attempt.ends.at(-1)?.outcome).toBe('stopped');
  });
});

describe('ending', () => {
  it('drains: says so, gives agents back as stopped, and leaves nothing running', async () => {
    const live = world.runner();
    const attempt = world.controlPlane.offer(world.attempt('echo half > half.txt; echo up; sleep 300'));
    await until(() => textOf(attempt), 'the agent runs');
    live.runner.drain();
    expect(await live.ended).toBe('drained');
    expect(attempt.ends).toMatchObject([{ outcome: 'stopped', reason: 'runner_stopped', treeGone: true }]);
    expect(world.controlPlane.drained).toBe(true);
    expect(world.git(world.clone, 'show', 'mc-wip/MC-1/1:half.txt')).toBe('half');
  });

  it('lets the next attempt continue in the worktree of one that was stopped', async () => {
    const first = world.runner();
    const attempt = world.controlPlane.offer(world.attempt('echo half > half.txt; echo up; sleep 300'));
    await until(() => textOf(attempt), 'the agent runs');
    first.runner.drain();
    await first.ended;
    world.runner();
    const next = world.controlPlane.offer(
      world.attempt('cat half.txt; git branch --show-current; exit 1', {
        ticket: 'MC-1',
        number: 2,
        continues: { attempt: 'att_1', number: 1, session: null },
      }),
    );
    await ended(next);
    await until(() => textOf(next).includes('mc/'), 'the output arrived');
    expect(textOf(next)).toBe('half\nmc/MC-1/2\n');
    expect(next.base).toBe(attempt.base);
  });

  it('keeps tokens to itself: files are private, and forgotten when the attempt is over', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(world.attempt('echo up; sleep 0.5; exit 1'));
    await until(() => textOf(attempt), 'the agent runs');
    const record = join(world.dataDir, 'run/att_1.json');
    expect(statSync(record).mode & 0o777).toBe(0o600);
    await ended(attempt);
    await until(() => !readFileSync(record, 'utf8').includes('mca_token'), 'the token is forgotten');
    rmSync(record);
  });
});
