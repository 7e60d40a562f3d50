/** From accepted to landed: a real server, a real runner, real git, and everything that may come between. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InboxItem, Page, Ticket } from '../../src/contract/shapes.ts';
import { sendSignal } from '../../src/runner/processes/process-table.ts';
import { MissionControl } from '../harness/mission-control.ts';

let mc: MissionControl;

beforeEach(async () => {
  mc = new MissionControl();
  await mc.start();
});
afterEach(async () => {
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
  await mc.stop();
});

const GOOD = 'echo good > value; git commit -qam "make it good"; mc-coord submit --summary "made it good"';
const head = (branch = 'main'): string => mc.git(mc.repo, 'rev-parse', branch);
const repoText = (branch: string, file: string): string => mc.git(mc.repo, 'show', `${branch}:${file}`);

/** A project that lands, and a ticket of it that is ready to be accepted. */
async function reviewed(onAccept: string, more: object = {}, script = GOOD): Promise<string> {
  const { completion = {}, ...rest } = more as { completion?: object };
  await mc.project({ completion: { onAccept, ...completion }, ...rest });
  await mc.profile('worker', script);
  const { key } = await mc.ticket('worker');
  await readyToDecide(key);
  return key;
}

async function readyToDecide(key: string): Promise<void> {
  await mc.inStatus(key, 'in_review');
  await mc.eventually(
    async () => {
      const { evidence, attempt } = await mc.get(key);
      const due = evidence.filter((e) => e.kind !== 'deploy' && e.attempt === attempt?.id);
      const refuted = due.find((e) => e.state === 'refuted');
      if (refuted) throw new Error(`${refuted.kind} of ${key} is refuted: ${refuted.reason}`);
      return due.length > 0 && due.every((e) => e.state === 'verified');
    },
    'the evidence is verified',
    30_000,
  );
}

async function landing(key: string, state: string, ms = 30_000): Promise<NonNullable<Ticket['landing']>> {
  return mc.eventually(
    async () => {
      const ticket = await mc.get(key);
      return ticket.landing?.state === state ? ticket.landing : null;
    },
    `the landing of ${key} is ${state}`,
    ms,
  );
}

async function conflictItem(key: string): Promise<InboxItem> {
  const { items } = await mc.api.get<Page<InboxItem>>('/inbox', { query: { state: 'pending', ticket: key } });
  expect(items.map((item) => item.kind)).toEqual(['conflict']);
  return items[0] as InboxItem;
}

const act = (item: InboxItem, decision: string, more: object = {}): Promise<unknown> =>
  mc.api.post(`/inbox/${item.id}/act`, { decision, reason: 'seen', ...more });

/** The user works elsewhere, so that their branch may be moved. */
function leaveMain(): void {
  mc.git(mc.repo, 'switch', '-q', '-c', 'elsewhere');
}

/** A check that waits for a file, so that a test can do something while the merge is being checked. */
const HELD_CHECK = (out: string): object => ({
  checks: [
    { name: 'test', command: ['/bin/sh', 'check.sh'] },
    {
      name: 'held',
      command: `case "$(git log -1 --format=%s)" in Merge*) touch ${out}/checking; while [ ! -e ${out}/go ]; do sleep 0.05; done;; esac`,
      timeoutSeconds: 120,
    },
  ],
});

describe('accepted work', () => {
  it('is merged, checked as merged, pushed and done', async () => {
    const key = await reviewed('merge');
    const before = head();
    const submitted = (await mc.attempts(key))[0]?.head;
    const accepted = await mc.move(key, 'accept', { reason: 'looks right' });
    expect(accepted).toMatchObject({ status: 'in_review', runtime: 'landing' });
    const done = await mc.inStatus(key, 'done', 40_000);
    expect(done.landing).toMatchObject({ state: 'landed', mode: 'merge', commit: head() });
    expect(done.landing?.checks).toMatchObject([{ name: 'test', exitCode: 0 }]);
    expect(mc.git(mc.repo, 'rev-list', '--parents', '-1', 'main')).toBe(`${head()} ${before} ${submitted}`);
    expect(mc.git(mc.repo, 'log', '-1', '--format=%s', 'main')).toBe(`Merge ${key}: Make it good`);
    // Checked out in the user's clone, which was clean: its files came along.
    expect(mc.git(mc.repo, 'status', '--porcelain')).toBe('');
    expect(execFileSync('cat', ['value'], { cwd: mc.repo }).toString()).toBe('good\n');
    expect(mc.git(mc.repo, 'branch', '--list')).toBe('* main');
    const { text } = await mc.api
      .get<{ items: { text: string }[] }>(`/tickets/${key}/landing/output`, { query: { after: 0 } })
      .then(({ items }) => ({ text: items.map((item) => item.text).join('') }));
    expect(text).toContain('value is good');
    expect(mc.worktrees().filter((name) => name.startsWith('land-'))).toEqual([]);
  });

  it('is squashed into one commit by its author, with its summary', async () => {
    leaveMainAfterProject();
    const key = await reviewed(
      'squash',
      { defaultBranch: 'main' },
      `echo good > value; git commit -qam "one"; echo more > more; git add more; git commit -qm "two"; mc-coord submit --summary "made it good, and more"`,
    );
    const before = head();
    await mc.move(key, 'accept');
    await mc.inStatus(key, 'done', 40_000);
    expect(mc.git(mc.repo, 'rev-list', '--parents', '-1', 'main')).toBe(`${head()} ${before}`);
    expect(repoText('main', 'more')).toBe('more');
    const message = mc.git(mc.repo, 'log', '-1', '--format=%B', 'main');
    expect(message).toContain(`Make it good (${key})`);
    expect(message).toContain('made it good, and more');
    expect(mc.git(mc.repo, 'log', '-1', '--format=%cn', 'main')).toBe('Mission Control');
    expect(mc.git(mc.repo, 'log', '-1', '--format=%an', 'main')).toBe(
      mc.git(mc.clone, 'log', '-1', '--format=%an', `mc/${key}/1`),
    );
  });

  it('that conflicts asks, and the next attempt starts at the submitted head and lands', async () => {
    const script = `if git show HEAD:value | grep -q good; then git fetch -q origin 2>/dev/null; git merge -q --no-edit -X ours "$(cat $OUT/theirs)" && mc-coord submit --summary merged; else ${GOOD}; fi`;
    const key = await reviewed('merge', {}, script);
    writeFileSync(join(mc.repo, 'value'), 'other\n');
    writeFileSync(join(mc.repo, 'theirs'), 'too\n');
    mc.git(mc.repo, 'add', '.');
    mc.git(mc.repo, 'commit', '-qm', 'another change');
    writeFileSync(join(mc.dir, 'theirs'), head());
    await mc.move(key, 'accept');
    const ended = await landing(key, 'ended');
    expect(ended).toMatchObject({ cause: 'conflict' });
    expect(ended.reason).toContain('does not merge into main');
    expect(ended.reason).toContain('value');
    expect(await mc.get(key)).toMatchObject({ status: 'in_review', nextAction: { actor: 'a person' } });
    await act(await conflictItem(key), 'request_changes', { feedback: 'Merge main, keep yours.' });
    const first = (await mc.attempts(key))[0];
    await mc.eventually(async () => (await mc.attempts(key)).length === 2, 'the second attempt');
    await readyToDecide(key);
    const second = (await mc.attempts(key))[1];
    expect(second?.base).toBe(first?.head);
    await mc.move(key, 'accept');
    await mc.inStatus(key, 'done', 40_000);
    expect(repoText('main', 'value')).toBe('good');
    expect(repoText('main', 'theirs')).toBe('too');
  });

  it('whose check fails only once it is merged does not land', async () => {
    const key = await reviewed('merge');
    const other = 'echo "value is $(cat value)"; grep -qx good value && test ! -e forbidden\n';
    writeFileSync(join(mc.repo, 'check.sh'), other);
    writeFileSync(join(mc.repo, 'forbidden'), '');
    mc.git(mc.repo, 'add', '.');
    mc.git(mc.repo, 'commit', '-qm', 'a stricter check');
    const before = head();
    await mc.move(key, 'accept');
    const ended = await landing(key, 'ended');
    expect(ended).toMatchObject({ cause: 'check_failed' });
    expect(ended.reason).toContain('check test ended with exit code 1');
    expect(ended.reason).toContain('value is good');
    expect(head()).toBe(before);
    // Mended there, a retry lands it.
    mc.git(mc.repo, 'rm', '-q', 'forbidden');
    mc.git(mc.repo, 'commit', '-qm', 'allowed again');
    await act(await conflictItem(key), 'retry');
    await mc.inStatus(key, 'done', 40_000);
  });

  it('is merged anew when the branch moves while the merge is checked', async () => {
    const key = await reviewed('merge', HELD_CHECK(mc.dir));
    await mc.move(key, 'accept');
    await mc.until(() => existsSync(join(mc.dir, 'checking')), 'the merge is being checked', 30_000);
    writeFileSync(join(mc.repo, 'elsewhere'), 'yes\n');
    mc.git(mc.repo, 'add', '.');
    mc.git(mc.repo, 'commit', '-qm', 'meanwhile');
    const moved = head();
    mc.touch('go');
    await mc.inStatus(key, 'done', 40_000);
    expect(mc.git(mc.repo, 'rev-parse', 'main^1')).toBe(moved);
    expect(repoText('main', 'elsewhere')).toBe('yes');
    expect(repoText('main', 'value')).toBe('good');
  });

  it('never touches a checked-out clone with work in it, and lands once that is committed', async () => {
    const key = await reviewed('merge');
    writeFileSync(join(mc.repo, 'value'), 'mine\n');
    const before = head();
    await mc.move(key, 'accept');
    const ended = await landing(key, 'ended');
    expect(ended).toMatchObject({ cause: 'unclean_clone' });
    expect(ended.reason).toContain('main is checked out in');
    expect(head()).toBe(before);
    expect(execFileSync('cat', ['value'], { cwd: mc.repo }).toString()).toBe('mine\n');
    mc.git(mc.repo, 'stash', '-q');
    await act(await conflictItem(key), 'retry');
    await mc.inStatus(key, 'done', 40_000);
    expect(execFileSync('cat', ['value'], { cwd: mc.repo }).toString()).toBe('good\n');
  });

  it('lands nothing while Mission Control is paused, and goes on afterwards', async () => {
    const key = await reviewed('merge', HELD_CHECK(mc.dir));
    const before = head();
    await mc.move(key, 'accept');
    await mc.until(() => existsSync(join(mc.dir, 'checking')), 'the merge is being checked', 30_000);
    await mc.api.post('/pause', { paused: true, reason: 'a look' });
    mc.touch('go');
    const held = await landing(key, 'queued');
    expect(held.reason).toContain('paused');
    expect(head()).toBe(before);
    expect((await mc.get(key)).nextAction).toEqual({
      text: 'Land it once the pause ends',
      actor: 'a person',
    });
    await mc.api.post('/pause', { paused: false });
    await mc.inStatus(key, 'done', 40_000);
    expect(repoText('main', 'value')).toBe('good');
  });

  it('that is cancelled while it lands does not land', async () => {
    const key = await reviewed('merge', HELD_CHECK(mc.dir));
    const before = head();
    await mc.move(key, 'accept');
    await mc.until(() => existsSync(join(mc.dir, 'checking')), 'the merge is being checked', 30_000);
    const cancelled = await mc.move(key, 'cancel', { reason: 'no longer wanted' });
    expect(cancelled).toMatchObject({ status: 'cancelled', landing: { state: 'withdrawn' } });
    mc.touch('go');
    // The next landing of the project is not held up by it.
    const { key: next } = await mc.ticket('worker');
    await readyToDecide(next);
    await mc.move(next, 'accept');
    await mc.inStatus(next, 'done', 60_000);
    expect(mc.git(mc.repo, 'rev-parse', 'main^1')).toBe(before);
    expect((await mc.get(key)).status).toBe('cancelled');
  });

  it('lands one after the other, each on what landed before', async () => {
    await mc.project({ completion: { onAccept: 'merge' } });
    await mc.profile(
      'worker',
      `echo good > value; cat "$MC_PROMPT_FILE" | sha1sum > "file-$MC_TICKET"; git add .; git commit -qm work; mc-coord submit --summary done`,
    );
    const keys = await Promise.all([1, 2, 3].map(async () => (await mc.ticket('worker')).key));
    for (const key of keys) await readyToDecide(key);
    for (const key of keys) await mc.move(key, 'accept');
    for (const key of keys) await mc.inStatus(key, 'done', 90_000);
    for (const key of keys) expect(repoText('main', `file-${key}`)).not.toBe('');
    expect(mc.git(mc.repo, 'rev-list', '--count', '--merges', 'main')).toBe('3');
  });

  it.each(['runner', 'server'] as const)('lands once, though the %s is killed in the middle', async (who) => {
    const key = await reviewed('merge', HELD_CHECK(mc.dir));
    await mc.move(key, 'accept');
    await mc.until(() => existsSync(join(mc.dir, 'checking')), 'the merge is being checked', 30_000);
    const runner = mc.runner();
    if (who === 'runner' && runner) sendSignal(runner, 'SIGKILL');
    else {
      await mc.endServer('SIGKILL');
      await mc.start();
    }
    mc.touch('go');
    await mc.inStatus(key, 'done', 90_000);
    expect(mc.git(mc.repo, 'rev-list', '--count', '--merges', 'main')).toBe('1');
    expect((await mc.get(key)).landing?.commit).toBe(head());
  });

  it('whose announced push was cut off is looked for before anything is pushed again', async () => {
    // A bare repository, whose own hook lets the test hold the push after it was announced.
    const bare = join(mc.dir, 'bare.git');
    mc.makeRepository();
    mc.git(mc.dir, 'clone', '-q', '--bare', mc.repo, bare);
    const hook = join(bare, 'hooks/post-receive');
    mkdirSync(join(bare, 'hooks'), { recursive: true });
    writeFileSync(
      hook,
      `#!/bin/sh\ntouch ${mc.dir}/received; while [ ! -e ${mc.dir}/go ]; do sleep 0.05; done\n`,
      { mode: 0o755 },
    );
    await mc.api.post('/projects', {
      key: 'MC',
      name: 'Sample',
      repository: { path: bare },
      checks: [{ name: 'test', command: ['/bin/sh', 'check.sh'] }],
      completion: { onAccept: 'merge' },
    });
    await mc.profile('worker', GOOD);
    const { key } = await mc.ticket('worker');
    await readyToDecide(key);
    await mc.move(key, 'accept');
    await mc.until(() => existsSync(join(mc.dir, 'received')), 'the push arrived', 30_000);
    expect((await mc.get(key)).landing?.state).toBe('pushing');
    await expect(mc.move(key, 'cancel')).rejects.toMatchObject({ code: 'landing_in_progress', status: 409 });
    await expect(mc.move(key, 'request_changes', { feedback: 'no' })).rejects.toMatchObject({
      code: 'landing_in_progress',
    });
    const runner = mc.runner();
    if (runner) sendSignal(runner, 'SIGKILL');
    mc.touch('go');
    await mc.inStatus(key, 'done', 90_000);
    expect(mc.git(bare, 'rev-list', '--count', '--merges', 'main')).toBe('1');
  });
});

/** `reviewed` makes the project; the user's clone then leaves the branch that is landed on. */
function leaveMainAfterProject(): void {
  mc.makeRepository();
  leaveMain();
  mc.makeRepository = () => undefined;
}

describe('a pull request', () => {
  it.each(['merge commit', 'squash', 'rebase'] as const)(
    'is done when it was merged with a %s',
    async (how) => {
      const key = await reviewed(
        'pull_request',
        {},
        `echo good > value; git commit -qam one; echo more > more; git add more; git commit -qm two; mc-coord submit --summary done`,
      );
      await mc.move(key, 'accept');
      const waiting = await landing(key, 'awaiting_merge');
      const branch = `mc/${key}/1`;
      expect(waiting).toMatchObject({ branch, mode: 'pull_request' });
      expect((await mc.get(key)).nextAction).toEqual({
        text: `Merge the pull request of ${branch}`,
        actor: 'a person',
      });
      expect(head(branch)).toBe((await mc.attempts(key))[0]?.head);
      writeFileSync(join(mc.repo, 'unrelated'), 'yes\n');
      mc.git(mc.repo, 'add', '.');
      mc.git(mc.repo, 'commit', '-qm', 'meanwhile');
      if (how === 'merge commit') mc.git(mc.repo, 'merge', '-q', '--no-ff', '--no-edit', branch);
      else if (how === 'squash') {
        mc.git(mc.repo, 'merge', '-q', '--squash', branch);
        mc.git(mc.repo, 'commit', '-qm', 'squashed');
        mc.git(mc.repo, 'branch', '-q', '-D', branch);
      } else mc.git(mc.repo, 'cherry-pick', '-x', `main..${branch}`);
      const done = await mc.inStatus(key, 'done', 60_000);
      expect(done.landing).toMatchObject({ state: 'landed', commit: head() });
    },
  );

  it('that was closed unmerged asks what to do', async () => {
    const key = await reviewed('pull_request');
    await mc.move(key, 'accept');
    await landing(key, 'awaiting_merge');
    await mc.api.post(`/tickets/${key}/landing/close`, { reason: 'another way was chosen' });
    const ended = await landing(key, 'ended');
    expect(ended).toMatchObject({ cause: 'pull_request_closed' });
    // Gone from the repository it is seen without anybody saying so.
    await act(await conflictItem(key), 'retry');
    await landing(key, 'awaiting_merge');
    mc.git(mc.repo, 'branch', '-q', '-D', `mc/${key}/1`);
    expect(await landing(key, 'ended', 60_000)).toMatchObject({ cause: 'pull_request_closed' });
    await act(await conflictItem(key), 'request_changes', { feedback: 'Do it otherwise.' });
    expect((await mc.get(key)).status).not.toBe('in_review');
    await mc.move(key, 'cancel').catch(() => undefined);
  });
});

describe('a deploy', () => {
  it('is seen by a command of the project, once it reports the landed commit', async () => {
    const key = await reviewed('merge', {
      completion: { requires: ['signal', 'commit', 'check', 'deploy'] },
      deploy: {
        environment: 'staging',
        probe: { command: `echo "running $(cat ${mc.dir}/deployed 2>/dev/null)"` },
      },
    });
    await mc.move(key, 'accept');
    await landing(key, 'deploying');
    const merged = head();
    writeFileSync(join(mc.dir, 'deployed'), mc.git(mc.repo, 'rev-parse', 'main^1').slice(0, 8));
    await mc.eventually(
      async () => (await mc.get(key)).landing?.reason?.includes('The probe said: running'),
      'the probe is shown',
      30_000,
    );
    expect((await mc.get(key)).status).toBe('in_review');
    writeFileSync(join(mc.dir, 'deployed'), merged.slice(0, 8));
    const done = await mc.inStatus(key, 'done', 60_000);
    expect(done.evidence.find((e) => e.kind === 'deploy')).toMatchObject({
      state: 'verified',
      details: { commit: merged },
    });
  });

  it('is seen at an address, by a later commit too, and a redirect elsewhere is not followed', async () => {
    let answer: { status: number; location?: string; text: string } = { status: 503, text: 'starting' };
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
      response.end(answer.text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const key = await reviewed('merge', {
        completion: { requires: ['signal', 'commit', 'deploy'] },
        deploy: { environment: 'production', probe: { url: `http://127.0.0.1:${port}/version` } },
      });
      await mc.move(key, 'accept');
      await landing(key, 'deploying');
      const says = (text: string): Promise<unknown> =>
        mc.eventually(async () => (await mc.get(key)).landing?.reason?.includes(text), text, 30_000);
      await says('answered 503');
      answer = { status: 302, location: `http://localhost:${port}/elsewhere`, text: '' };
      await says('redirected to another place');
      expect(asked).not.toContain('/elsewhere');
      mc.git(mc.repo, 'commit', '-q', '--allow-empty', '-m', 'later');
      answer = { status: 200, text: JSON.stringify({ commit: head() }) };
      await mc.inStatus(key, 'done', 60_000);
    } finally {
      server.close();
    }
  });

  it('that is not seen in time asks, and may be waived by a person', async () => {
    const key = await reviewed('leave_branch', {
      completion: { requires: ['signal', 'commit', 'deploy'] },
      deploy: { environment: 'staging', probe: { command: 'echo nothing yet' }, timeoutSeconds: 2 },
    });
    await mc.move(key, 'accept');
    const ended = await landing(key, 'ended', 40_000);
    expect(ended).toMatchObject({ cause: 'deploy_not_seen' });
    expect(ended.reason).toContain('nothing yet');
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    await mc.api.post(`/tickets/${key}/waivers`, { kind: 'deploy', reason: 'seen by eye', expiresAt });
    await act(await conflictItem(key), 'retry');
    await mc.inStatus(key, 'done', 40_000);
  });
});

describe('an artifact', () => {
  it('is uploaded, verified, and downloaded as an attachment: work without a commit', async () => {
    await mc.project({ completion: { requires: ['signal', 'artifact'] } });
    await mc.profile(
      'writer',
      'mc-coord submit --summary none 2> $OUT/refused; echo $? > $OUT/code; printf "<script>1</script>" > "a report.html"; mc-coord evidence artifact "a report.html"; mc-coord submit --summary "wrote it"',
    );
    const { key } = await mc.ticket('writer');
    await mc.inStatus(key, 'in_review');
    expect(mc.read('code')).toBe('3');
    expect(mc.read('refused')).toContain('Missing: artifact');
    const evidence = await mc.settled(key);
    const artifact = evidence.find((e) => e.kind === 'artifact');
    const sha256 = createHash('sha256').update('<script>1</script>').digest('hex');
    expect(artifact).toMatchObject({
      state: 'verified',
      required: true,
      claim: { name: 'a report.html', sha256, size: 18 },
    });
    const response = await mc.api.fetch('GET', `/evidence/${artifact?.id}/content`);
    expect(await response.text()).toBe('<script>1</script>');
    expect(response.headers.get('content-disposition')).toContain('attachment; filename="a report.html"');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    await mc.move(key, 'accept');
    expect((await mc.get(key)).status).toBe('done');
    // Bytes that were changed afterwards are found by looking again.
    await mc.overwriteBlob(sha256, 'tampered');
    await mc.api.post(`/evidence/${artifact?.id}/verify`);
    await mc.eventually(
      async () => (await mc.get(key)).evidence.find((e) => e.id === artifact?.id)?.state === 'refuted',
      'it is refuted',
    );
  });
});
