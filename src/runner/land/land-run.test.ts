import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LandOffer } from '../../contract/runner-protocol.ts';
import { Clones } from '../git/clones.ts';
import { Worktrees } from '../git/worktrees.ts';
import { type FakeWork, Problem } from '../../../test/harness/runner/fake-control-plane.ts';
import { until, World } from '../../../test/harness/runner/world.ts';
import { askAddress } from './probe-step.ts';

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
  for (const [name, text] of Object.entries(files)) writeFileSync(join(worktree, name), text);
  world.git(worktree, 'add', '.');
  world.git(worktree, 'commit', '-q', '-m', 'work');
  return world.git(worktree, 'rev-parse', 'HEAD');
}

/** What somebody else commits to the branch meanwhile. */
function meanwhile(name: string): string {
  writeFileSync(join(world.repo, name), 'x\n');
  return world.commit(`meanwhile ${name}`);
}

function offer(commit: string, more: Partial<LandOffer> = {}): FakeWork {
  return world.controlPlane.offerWork(world.landing(commit, more));
}

async function land(commit: string, more: Partial<LandOffer> = {}): Promise<FakeWork> {
  const offered = offer(commit, more);
  world.runner();
  await until(() => offered.end, 'the work ended');
  return offered;
}

const head = (): string => world.git(world.repo, 'rev-parse', 'main');
const check = (name: string, script: string) => ({
  name,
  command: ['/bin/sh', '-c', script],
  timeoutSeconds: 20,
});

describe('a push', () => {
  it('is announced with what it is built on, and built again it is the same commit', async () => {
    const commit = work({ a: '1' });
    const before = head();
    const first = offer(commit);
    first.onIntent = () => {
      throw new Problem('paused', 'not now');
    };
    world.runner();
    await until(() => first.end, 'the first was held');
    expect(first.landed).toMatchObject({ state: 'held' });
    expect(head()).toBe(before);
    const refused = offer(commit);
    let announced = '';
    refused.onIntent = () => {
      throw new Problem('evidence_incomplete', 'the check was refuted meanwhile');
    };
    await until(() => refused.end, 'the second was refused');
    expect(refused.landed).toMatchObject({ state: 'failed', cause: 'evidence_incomplete' });
    expect(head()).toBe(before);
    const third = offer(commit);
    await until(() => third.end, 'the third landed');
    announced = third.intents[0]?.commit ?? '';
    expect(third.intents).toMatchObject([{ commit: announced, onto: before, branch: 'main' }]);
    expect(third.landed).toEqual({ state: 'pushed', commit: announced });
    expect(head()).toBe(announced);
    // Dates, people and message are given: whoever builds it again has nothing to push.
    world.git(world.repo, 'reset', '-q', '--hard', before);
    const again = offer(commit);
    await until(() => again.end, 'the fourth landed');
    expect(again.intents[0]?.commit).toBe(announced);
  });

  it('takes nothing from whoever was faster: it expects the value that it was built on', async () => {
    const commit = work({ a: '1' });
    const offered = offer(commit);
    let moved = '';
    offered.onIntent = () => {
      moved = meanwhile('b');
    };
    world.runner();
    await until(() => offered.end, 'the work ended');
    expect(offered.landed).toMatchObject({ state: 'moved' });
    expect(head()).toBe(moved);
    // Also not where the branch was taken back to what a plain push would go over.
    const later = offer(commit);
    later.onIntent = () => world.git(world.repo, 'reset', '-q', '--hard', 'main~1');
    await until(() => later.end, 'the work ended');
    expect(later.landed).toMatchObject({ state: 'moved' });
    expect(world.git(world.repo, 'log', '--format=%s', 'main')).toBe('first');
  });

  it('that was announced is looked for first, and pushed by nobody twice', async () => {
    const commit = work({ a: '1' });
    const done = await land(commit);
    const pushed = done.intents[0]?.commit ?? '';
    meanwhile('b');
    const after = head();
    const known = { intents: [{ commit: pushed, onto: 'f'.repeat(40) }], announced: true };
    const again = offer(commit, known);
    await until(() => again.end, 'the work ended');
    expect(again.landed).toEqual({ state: 'pushed', commit: pushed });
    expect(again.intents).toEqual([]);
    const lost = offer(commit, { intents: [{ commit: 'e'.repeat(40), onto: after }], announced: true });
    await until(() => lost.end, 'the work ended');
    expect(lost.landed).toMatchObject({ state: 'moved' });
    expect(head()).toBe(after);
  });

  it('does not come where the branch contains the work already, but the checks do', async () => {
    const commit = work({ a: '1' });
    world.git(world.repo, 'pull', '-q', '--no-rebase', world.clone, 'mc/MC-1/1');
    const before = head();
    const offered = await land(commit, { checks: [check('there', 'test -e a')] });
    expect(offered.landed).toMatchObject({ state: 'contained', commit: before, checks: [{ name: 'there' }] });
    const failed = offer(commit, { checks: [check('gone', 'exit 3')] });
    await until(() => failed.end, 'the work ended');
    expect(failed.landed).toMatchObject({ state: 'failed', cause: 'check_failed' });
    expect(head()).toBe(before);
  });

  it('runs the checks on the merge, without tokens, and leaves no worktree', async () => {
    const commit = work({ a: '1' });
    meanwhile('b');
    const script = 'ls; env | grep -c MC_; echo "$SECRET_OF_SERVER"; git log -1 --format=%s';
    const offered = await land(commit, { checks: [check('both', script)] });
    const said = [...offered.output.values()].flat().map((item) => item.text);
    // One variable of ours: the marker by which the tree is found.
    expect(said.join('')).toBe('README.md\na\nb\n1\n\nMerge MC-1: A ticket\n');
    expect(existsSync(join(world.dataDir, 'worktrees', `land-${offered.offer.work}`))).toBe(false);
  });

  it('touches its branch alone, in a repository without a working tree too', async () => {
    const commit = work({ a: '1' });
    const bare = join(world.dir, 'bare.git');
    world.git(world.dir, 'clone', '-q', '--bare', world.repo, bare);
    world.git(bare, 'tag', 'kept');
    const project = { key: 'MC', repository: { path: bare }, defaultBranch: 'main', setup: null };
    await land(commit, { project });
    const refs = world.git(bare, 'for-each-ref', '--format=%(refname)').split('\n');
    expect(refs).toEqual(['refs/heads/main', 'refs/tags/kept']);
    expect(world.git(bare, 'rev-parse', 'main^2')).toBe(commit);
    // A server's own hook may refuse, and says why.
    const hook = join(bare, 'hooks/pre-receive');
    mkdirSync(join(bare, 'hooks'), { recursive: true });
    writeFileSync(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const next = work({ c: '1' });
    const refused = offer(next, { project });
    await until(() => refused.end, 'the work ended');
    expect(refused.landed).toMatchObject({ state: 'failed', cause: 'push_refused' });
    expect(world.git(bare, 'rev-parse', 'main^2')).toBe(commit);
  });

  it('runs none of the hooks in a user’s clone, and follows no worktree of another branch', async () => {
    const commit = work({ a: '1' });
    for (const name of ['pre-receive', 'update', 'post-receive', 'push-to-checkout', 'post-merge'])
      writeFileSync(join(world.repo, '.git/hooks', name), `#!/bin/sh\ntouch ${world.dir}/ran\nexit 1\n`, {
        mode: 0o755,
      });
    world.git(world.repo, 'switch', '-q', '-c', 'mine');
    writeFileSync(join(world.repo, 'README.md'), 'my work\n');
    const offered = await land(commit);
    expect(offered.landed).toMatchObject({ state: 'pushed' });
    expect(existsSync(join(world.dir, 'ran'))).toBe(false);
    expect(world.git(world.repo, 'status', '--porcelain')).toBe('M README.md');
    expect(world.git(world.repo, 'symbolic-ref', 'HEAD')).toBe('refs/heads/mine');
  });

  it('of work that is not here is not made', async () => {
    expect((await land('f'.repeat(40))).landed).toMatchObject({ state: 'unable' });
  });
});

describe('a probe by address', () => {
  const never = new AbortController().signal;
  it('goes nowhere but to http and https, and says what went wrong', async () => {
    expect(await askAddress('file:///etc/passwd', 1000, never)).toMatchObject({
      wrong: expect.stringContaining('is not http') as string,
    });
    expect(await askAddress('http://127.0.0.1:1/', 1000, never)).toMatchObject({
      wrong: expect.stringContaining('did not answer') as string,
    });
  });
});
