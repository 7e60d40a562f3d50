import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VerifyOffer } from '../../contract/runner-protocol.ts';
import { Clones } from '../git/clones.ts';
import { Worktrees } from '../git/worktrees.ts';
import { identify, isAlive } from '../processes/process-table.ts';
import type { FakeWork } from '../../../test/harness/runner/fake-control-plane.ts';
import { until, World } from '../../../test/harness/runner/world.ts';

let world: World;
let worktree: string;

beforeEach(async () => {
  world = new World();
  await world.start();
  const worktrees = new Worktrees(world.dataDir, new Clones(world.dataDir));
  const plan = await worktrees.plan({
    attempt: 'att_1',
    ticket: 'MC-1',
    number: 1,
    project: { key: 'MC', repository: { path: world.repo }, defaultBranch: 'main' },
    startAt: null,
    earlier: null,
  });
  worktree = (await worktrees.make(plan)).path;
});
afterEach(async () => {
  await world.stop();
  expect(world.controlPlane.violations).toEqual([]);
});

/** What an agent would have committed. */
function work(files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(worktree, name, '..'), { recursive: true });
    writeFileSync(join(worktree, name), text, { mode: 0o755 });
  }
  world.git(worktree, 'add', '.');
  world.git(worktree, 'commit', '-q', '--allow-empty', '-m', 'work');
  return world.git(worktree, 'rev-parse', 'HEAD');
}

const check = (id: string, script: string, timeoutSeconds = 20): VerifyOffer['evidence'][number] => ({
  id,
  kind: 'check',
  check: { name: id, command: ['/bin/sh', '-c', script], timeoutSeconds },
});
const setup = (script: string): VerifyOffer['project'] => ({
  key: 'MC',
  repository: { path: world.repo },
  defaultBranch: 'main',
  setup: { command: ['/bin/sh', '-c', script], timeoutSeconds: 20 },
});

async function verify(commit: string | null, more: Partial<VerifyOffer>): Promise<FakeWork> {
  world.runner();
  const offered = world.controlPlane.offerWork(world.verification(commit, more));
  await until(() => offered.end, 'the work ended');
  return offered;
}

async function verifyCommit(commit: string, more: Partial<VerifyOffer> = {}) {
  const { result } = await verify(commit, { evidence: [{ id: 'evd_c', kind: 'commit', commit }], ...more });
  return result?.evidence[0];
}

describe('a commit', () => {
  it('is verified with its files, and those that are protected', async () => {
    const commit = work({ 'src/a.ts': '1', 'test/a.test.ts': '2' });
    const found = await verifyCommit(commit, { protectedPaths: ['test/**', '*.lock'] });
    expect(found).toEqual({
      id: 'evd_c',
      state: 'verified',
      reason: null,
      details: { files: ['src/a.ts', 'test/a.test.ts'], protectedPaths: ['test/a.test.ts'] },
    });
  });

  it('counts the old name of what was moved away as touched', async () => {
    world.git(worktree, 'mv', 'README.md', 'elsewhere.md');
    const found = await verifyCommit(work({}), { protectedPaths: ['README.md'] });
    expect(found?.details.protectedPaths).toEqual(['README.md']);
  });

  it('is refuted when it is none, is not there, is not on the branch, or changes nothing', async () => {
    const empty = work({});
    const other = world.git(worktree, 'commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'elsewhere');
    const foreign = world.git(worktree, 'commit-tree', 'HEAD^{tree}', '-m', 'no parent');
    const tree = world.git(worktree, 'rev-parse', 'HEAD^{tree}');
    const cases: [string, RegExp][] = [
      ['HEAD', /is not a full commit id/],
      ['f'.repeat(40), /does not exist/],
      [tree, /is a tree, not a commit/],
      [foreign, /does not descend from the attempt's base/],
      [other, /is not on the attempt's branch mc\/MC-1\/1/],
      [empty, /changes nothing against the attempt's base/],
    ];
    world.runner();
    for (const [commit, reason] of cases) {
      const offered = world.controlPlane.offerWork(
        world.verification(commit, { evidence: [{ id: 'evd_c', kind: 'commit', commit }] }),
      );
      await until(() => offered.end, 'the work ended');
      expect(offered.result?.evidence[0]?.state).toBe('refuted');
      expect(offered.result?.evidence[0]?.reason).toMatch(reason);
    }
    const allowed = world.controlPlane.offerWork(
      world.verification(empty, {
        allowEmptyDiff: true,
        evidence: [{ id: 'evd_c', kind: 'commit', commit: empty }],
      }),
    );
    await until(() => allowed.end, 'the work ended');
    expect(allowed.result?.evidence[0]?.state).toBe('verified');
  });

  it('stays unverified where the branch or the repository cannot be seen', async () => {
    const commit = work({ a: '1' });
    expect(await verifyCommit(commit, { branch: 'mc/MC-9/9' })).toMatchObject({ state: 'unverified' });
    const gone = { key: 'MC', repository: { path: '/nowhere' }, defaultBranch: 'main', setup: null };
    const offered = world.controlPlane.offerWork(
      world.verification(commit, { project: gone, evidence: [{ id: 'evd_c', kind: 'commit', commit }] }),
    );
    await until(() => offered.end, 'the work ended');
    expect(offered.end?.outcome).toBe('unable');
    expect(offered.result?.evidence[0]).toMatchObject({ state: 'unverified' });
    expect(offered.result?.evidence[0]?.reason).toMatch(/^repository_unreachable/);
  });

  it('of a person is looked for on every branch of the repository', async () => {
    world.git(world.repo, 'switch', '-q', '-c', 'mine');
    writeFileSync(join(world.repo, 'mine.txt'), 'x');
    const commit = world.commit('mine');
    const personal = { personal: true, branch: null, base: null };
    expect(await verifyCommit(commit, personal)).toMatchObject({
      state: 'verified',
      details: { files: ['mine.txt'] },
    });
    const own = work({ a: '1' });
    const offered = world.controlPlane.offerWork(
      world.verification(own, { ...personal, evidence: [{ id: 'evd_c', kind: 'commit', commit: own }] }),
    );
    await until(() => offered.end, 'the work ended');
    expect(offered.result?.evidence[0]).toMatchObject({ state: 'refuted' });
  });
});

describe('checks', () => {
  it('run on exactly that commit, each in a clean worktree, without tokens', async () => {
    const commit = work({ 'a.txt': 'one\n', '.gitignore': 'built\n' });
    work({ 'a.txt': 'later\n' });
    const { end, result, output } = await verify(commit, {
      project: setup('echo yes > built; echo setting up'),
      evidence: [
        check(
          'first',
          'cat a.txt built; echo tampered > a.txt; echo x > stray; git update-index --assume-unchanged a.txt',
        ),
        check('second', 'cat a.txt built; ls; env | grep -c MC_ ; test ! -e stray'),
        check('third', 'echo $SECRET_OF_SERVER; echo wrong; echo worse >&2; exit 5'),
      ],
    });
    expect(end?.outcome).toBe('done');
    expect(result?.evidence.map(({ id, state }) => [id, state])).toEqual([
      ['first', 'verified'],
      ['second', 'verified'],
      ['third', 'refuted'],
    ]);
    const third = result?.evidence[2];
    expect(third?.details.exitCode).toBe(5);
    expect(third?.reason).toBe('Check third ended with exit code 5.\n\nwrong\nworse');
    expect(third?.details.durationMs).toBeGreaterThanOrEqual(0);
    const text = (id: string): string => (output.get(id) ?? []).map((item) => item.text).join('');
    expect(text('first')).toBe('setting up\none\nyes\n');
    // One variable of ours: the marker by which the tree is found.
    expect(text('second')).toBe('one\nyes\nREADME.md\na.txt\nbuilt\n1\n');
    const seqs = (output.get('first') ?? []).map((item) => item.seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
    await until(
      () => !readdirSync(join(world.dataDir, 'worktrees')).some((name) => name.startsWith('verify-')),
      'clean',
    );
  });

  it('that take too long are refuted, and leave nothing running', async () => {
    const commit = work({ a: '1' });
    const { result } = await verify(commit, {
      evidence: [
        check('slow', `(setsid sleep 300 & echo $! > ${world.dir}/daemon); trap "" TERM; sleep 300`, 1),
      ],
    });
    expect(result?.evidence[0]).toMatchObject({ state: 'refuted', details: { exitCode: null } });
    expect(result?.evidence[0]?.reason).toMatch(/did not end within 1 s/);
    expect(isAlive(identify(Number(world.read('daemon'))))).toBe(false);
  });

  it('that pass but leave a daemon behind pass, and the daemon goes', async () => {
    const { result } = await verify(work({ a: '1' }), {
      evidence: [check('leaky', `(setsid sleep 300 & echo $! > ${world.dir}/daemon); echo ok`)],
    });
    expect(result?.evidence[0]?.state).toBe('verified');
    expect(isAlive(identify(Number(world.read('daemon'))))).toBe(false);
  });

  it('are refuted where the setup fails at that commit, and unverified where a program is not installed', async () => {
    const commit = work({ 'run.sh': '#!/bin/sh\nexit 0\n' });
    const broken = await verify(commit, {
      project: setup('echo no such package; exit 1'),
      evidence: [check('any', 'true')],
    });
    expect(broken.result?.evidence[0]).toMatchObject({ state: 'refuted' });
    expect(broken.result?.evidence[0]?.reason).toBe('setup failed with exit code 1\nno such package');
    const missing = world.controlPlane.offerWork(
      world.verification(commit, {
        evidence: [
          {
            id: 'installed',
            kind: 'check',
            check: { name: 'i', command: ['no-such-tool'], timeoutSeconds: 9 },
          },
          { id: 'present', kind: 'check', check: { name: 'p', command: ['./run.sh'], timeoutSeconds: 9 } },
          { id: 'removed', kind: 'check', check: { name: 'r', command: ['./gone.sh'], timeoutSeconds: 9 } },
        ],
      }),
    );
    await until(() => missing.end, 'the work ended');
    expect(missing.result?.evidence.map(({ id, state }) => [id, state])).toEqual([
      ['installed', 'unverified'],
      ['present', 'verified'],
      ['removed', 'refuted'],
    ]);
  });

  it('of a commit that does not exist are refuted, and without a commit unverified', async () => {
    work({ a: '1' });
    const gone = await verify('e'.repeat(40), { evidence: [check('any', 'true')] });
    expect(gone.result?.evidence[0]).toMatchObject({ state: 'refuted' });
    const none = world.controlPlane.offerWork(world.verification(null, { evidence: [check('any', 'true')] }));
    await until(() => none.end, 'the work ended');
    expect(none.result?.evidence[0]).toMatchObject({ state: 'unverified' });
  });

  it('are interrupted when the runner drains, and answered as unable', async () => {
    const commit = work({ a: '1' });
    const live = world.runner();
    const offered = world.controlPlane.offerWork(
      world.verification(commit, { evidence: [check('slow', `echo $$ > ${world.dir}/pid; sleep 300`)] }),
    );
    const pid = identify(Number(await until(() => world.read('pid'), 'the check runs')));
    live.runner.drain();
    await live.ended;
    expect(offered.end?.outcome).toBe('unable');
    expect(offered.result?.evidence[0]?.state).toBe('unverified');
    expect(isAlive(pid)).toBe(false);
  });
});
