/** Repositories and worktrees that mean harm: nothing of theirs runs in our name, leads out of the worktree, or stays. */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { MissionControl } from '../harness/mission-control.ts';
import { GOOD, missionControl } from './support/field.ts';

function executable(path: string, text: string): string {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** A program that leaves its mark when anything of git runs it. */
function trap(mc: MissionControl, name: string): string {
  return executable(
    join(mc.dir, `${name}.sh`),
    `#!/bin/sh\necho "$0 $*" >> ${join(mc.dir, 'sprung')}\ncat\n`,
  );
}

it("the settings, hooks and filters of the user's repository run nothing of theirs", async () => {
  const mc = await missionControl({});
  const config = (name: string, value: string): void => void mc.git(mc.repo, 'config', name, value);
  for (const name of [
    'core.fsmonitor',
    'core.sshCommand',
    'core.alternateRefsCommand',
    'uploadpack.packObjectsHook',
    'core.editor',
    'core.pager',
    'credential.helper',
    'diff.external',
    'gpg.program',
    'core.askPass',
    'filter.evil.clean',
    'filter.evil.smudge',
    'filter.evil.process',
    'filter.lfs.smudge',
    'filter.lfs.process',
    'diff.evil.textconv',
    'merge.evil.driver',
    'remote.origin.uploadpack',
    'trace2.eventTarget',
  ].filter((n) => n !== 'trace2.eventTarget'))
    config(name, trap(mc, name));
  config('filter.lfs.required', 'true');
  config('extensions.partialClone', 'origin');
  config('remote.origin.promisor', 'true');
  config('remote.origin.url', mc.repo);
  config('protocol.ext.allow', 'always');
  config('commit.gpgSign', 'true');
  config('core.hooksPath', join(mc.dir, 'hooks'));
  mkdirSync(join(mc.dir, 'hooks'));
  const hooks = [
    'post-checkout',
    'pre-commit',
    'reference-transaction',
    'post-index-change',
    'fsmonitor-watchman',
    'pre-receive',
    'update',
    'post-upload-pack',
    'pre-auto-gc',
    'post-commit',
    'post-merge',
  ];
  for (const hook of hooks)
    for (const dir of [join(mc.dir, 'hooks'), join(mc.repo, '.git/hooks')]) {
      mkdirSync(dir, { recursive: true });
      executable(join(dir, hook), `#!/bin/sh\necho "${hook}" >> ${join(mc.dir, 'sprung')}\n`);
    }
  // What the branch itself brings.
  writeFileSync(
    join(mc.repo, '.gitattributes'),
    '* filter=evil diff=evil merge=evil\n*.bin filter=lfs diff=lfs merge=lfs -text\n',
  );
  writeFileSync(
    join(mc.repo, 'big.bin'),
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
  );
  writeFileSync(
    join(mc.repo, '.gitmodules'),
    '[submodule "evil"]\n\tpath = evil\n\turl = ext::sh -c "echo submodule >> sprung"\n\tupdate = !echo sprung\n',
  );
  const quiet = (...args: string[]): string =>
    mc.git(
      mc.repo,
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'commit.gpgSign=false',
      '-c',
      'core.fsmonitor=false',
      '-c',
      'core.attributesFile=/dev/null',
      ...['clean', 'smudge', 'process'].flatMap((kind) => [
        '-c',
        `filter.evil.${kind}=`,
        '-c',
        `filter.lfs.${kind}=`,
      ]),
      '-c',
      'filter.lfs.required=false',
      ...args,
    );
  quiet('add', '.gitattributes', 'big.bin', '.gitmodules');
  quiet('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},evil`);
  quiet('commit', '-qm', 'hostile');
  const sprung = join(mc.dir, 'sprung');
  if (existsSync(sprung)) writeFileSync(sprung, '');

  await mc.profile('worker', `${GOOD}; echo left > uncommitted.txt`);
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'in_review', 40_000);
  const evidence = await mc.settled(key);
  expect(
    evidence.filter(({ state }) => state !== 'verified').map(({ kind, reason }) => `${kind}: ${reason}`),
  ).toEqual([]);
  await mc.api.get('/projects');
  expect(existsSync(sprung) ? readFileSync(sprung, 'utf8') : '').toBe('');
});

it('what an agent leaves in the settings of its worktree and clone runs nothing in our name, and is gone', async () => {
  const mc = await missionControl({});
  const mark = `${join(mc.dir, 'sprung')}`;
  const program = executable(
    join(mc.dir, 'trap.sh'),
    `#!/bin/sh\n[ -n "$MC_ATTEMPT_MARKER" ] || { echo "$0 $*" >> ${mark}; setsid sleep 418 & }\ncat\n`,
  );
  const set = [
    'core.fsmonitor',
    'core.sshCommand',
    'filter.evil.clean',
    'filter.evil.smudge',
    'diff.external',
    'diff.evil.textconv',
    'uploadpack.packObjectsHook',
    'core.pager',
    'gpg.program',
    'core.alternateRefsCommand',
  ]
    .map((name) => `git config ${name} ${program}`)
    .join('; ');
  await mc.profile(
    'saboteur',
    [
      'gd=$(git rev-parse --git-common-dir)',
      'echo good > value; echo "* filter=evil diff=evil" > .gitattributes; git add -A; git commit -qm "make it good"',
      'mkdir -p $gd/hooks $gd/info; for h in post-checkout reference-transaction post-index-change pre-commit; do printf "#!/bin/sh\\n%s\\n" $TRAP > $gd/hooks/$h; chmod +x $gd/hooks/$h; done',
      `echo "* filter=evil diff=evil" > $gd/info/attributes; git config extensions.worktreeConfig true; git config --worktree core.fsmonitor ${program}; git config core.hooksPath $gd/hooks; git config include.path ${join(mc.dir, 'more.config')}`,
      set,
      'echo left > uncommitted.txt; echo changed >> value',
      'mc-coord submit --summary "made it good"',
    ].join('\n'),
    { env: { OUT: mc.dir, TRAP: program } },
  );
  const { key } = await mc.ticket('saboteur');
  await mc.inStatus(key, 'in_review', 40_000);
  await mc.settled(key);
  await mc.profile(
    'worker',
    `echo more > more.txt; git add more.txt; git commit -qm more; mc-coord submit --summary more`,
  );
  const second = await mc.ticket('worker', {
    title: 'after the sabotage',
    completion: { requires: ['signal', 'commit'] },
  });
  await mc.inStatus(second.key, 'in_review', 40_000);
  await mc.settled(second.key);
  expect(existsSync(mark) ? readFileSync(mark, 'utf8') : '').toBe('');
  expect((await mc.attempts(second.key)).map(({ outcome }) => outcome)).toEqual(['submitted']);
});

it('links, a nested repository, a huge file and a replaced .git leave what is outside alone, and lose nothing', async () => {
  const mc = await missionControl({ project: { limits: { maxAttempts: 1 } } });
  mkdirSync(join(mc.dir, 'outside'));
  writeFileSync(join(mc.dir, 'outside/precious'), 'precious\n');
  symlinkSync(join(mc.dir, 'outside'), join(mc.repo, 'linked'));
  mc.git(mc.repo, 'add', 'linked');
  mc.git(mc.repo, 'commit', '-qm', 'a link that leads out');
  await mc.profile(
    'linker',
    'ln -s $OUT/outside away; rm -rf check.sh; ln -s $OUT/outside/precious check.sh; mkdir nest; git -C nest init -q; echo mine > nest/file; exit 1',
  );
  await mc.profile('hoarder', 'head -c 40000000 /dev/urandom > huge; echo small > small; exit 1');
  await mc.profile(
    'breaker',
    'echo kept > kept.txt; rm -rf .git; git init -q .; git config core.fsmonitor "touch $OUT/sprung"; exit 1',
  );
  await mc.profile(
    'mover',
    'echo kept > kept.txt; cd ..; mv "$OLDPWD" "$OLDPWD.moved"; ln -s $OUT/outside "$OLDPWD"; exit 1',
  );
  const tickets = [];
  for (const profile of ['linker', 'hoarder', 'breaker', 'mover']) tickets.push(await mc.ticket(profile));
  const [linker, hoarder, breaker] = tickets;
  for (const { key } of tickets) {
    await mc.inStatus(key, 'needs_input', 60_000);
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
  }
  expect(readFileSync(join(mc.dir, 'outside/precious'), 'utf8')).toBe('precious\n');
  expect(mc.git(mc.clone, 'cat-file', '-t', `mc-wip/${linker?.key}/1`)).toBe('commit');
  expect(mc.git(mc.clone, 'ls-tree', `mc-wip/${linker?.key}/1`, 'away')).toMatch(/^120000 /);
  expect(mc.git(mc.clone, 'cat-file', '-s', `mc-wip/${hoarder?.key}/1:huge`)).toBe('40000000');
  expect(existsSync(join(mc.dir, 'sprung'))).toBe(false);
  // What git cannot record stays where it is.
  const [broken] = await mc.attempts(breaker?.key ?? '');
  expect(readFileSync(join(mc.dataDir, 'worktrees', broken?.id ?? '', 'kept.txt'), 'utf8')).toBe('kept\n');
  mc.git(mc.clone, 'fsck');
});

it('a worker that escapes by its branch: names that are options, detached heads and foreign branches prove nothing', async () => {
  const mc = await missionControl({ project: { limits: { maxAttempts: 1 } } });
  const signal = (body: string): string =>
    `node -e 'fetch(process.env.MC_URL + "/api/v1/attempts/self/signals", { method: "POST", headers: { authorization: "Bearer " + process.env.MC_TOKEN, "content-type": "application/json" }, body: JSON.stringify(${body}) }).then((r) => r.text()).then((t) => console.log(t))'`;
  // The work of another attempt, claimed as one's own.
  await mc.profile('honest', GOOD);
  const honest = await mc.ticket('honest');
  await mc.inStatus(honest.key, 'in_review', 40_000);
  await mc.settled(honest.key);
  const stolen = (await mc.attempts(honest.key))[0]?.head ?? '';
  await mc.profile('thief', signal(`{ type: "submit", summary: "mine", commit: "${stolen}" }`));
  await mc.profile(
    'detached',
    `git checkout -q --detach; echo good > value; git commit -qam x; ${signal('{ type: "submit", summary: "off the branch", commit: require("child_process").execSync("git rev-parse HEAD").toString().trim() }')}`,
  );
  await mc.profile(
    'optional',
    `echo good > value; git commit -qam x; ${signal('{ type: "submit", summary: "x", commit: "--output=/tmp/mc-owned" }')}; exit 0`,
  );
  await mc.profile(
    'orphan',
    `git checkout -q --orphan fresh; echo good > value; git add -A; git commit -qm x; git branch -f $(echo mc/$MC_TICKET/$MC_ATTEMPT) HEAD; ${signal('{ type: "submit", summary: "no history", commit: require("child_process").execSync("git rev-parse HEAD").toString().trim() }')}`,
  );
  for (const profile of ['thief', 'detached', 'orphan']) {
    const { key } = await mc.ticket(profile);
    await mc.inStatus(key, 'in_review', 40_000);
    const commit = (await mc.settled(key)).find((evidence) => evidence.kind === 'commit');
    expect(`${profile}: ${commit?.state}`).toBe(`${profile}: refuted`);
    await expect(mc.move(key, 'accept')).rejects.toMatchObject({ code: 'evidence_incomplete' });
  }
  const { key } = await mc.ticket('optional');
  await mc.inStatus(key, 'needs_input', 40_000);
  expect((await mc.attempts(key))[0]).toMatchObject({ outcome: 'failed', reason: 'exited_without_result' });
  expect(existsSync('/tmp/mc-owned')).toBe(false);
});
