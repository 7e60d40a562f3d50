/** The user's repository is read, and written by nobody but a landing that its owner asked for. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GOOD, missionControl } from './support/field.ts';

/** Every path below a folder with its kind, mode and content. */
function snapshot(dir: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(dir).toSorted()) {
    const path = join(dir, name);
    const stat = lstatSync(path);
    const key = join(prefix, name);
    if (stat.isDirectory()) Object.assign(found, { [`${key}/`]: String(stat.mode) }, snapshot(path, key));
    else if (stat.isSymbolicLink()) found[key] = `-> ${readlinkSync(path)}`;
    else
      found[key] =
        `${stat.mode} ${stat.mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
  }
  return found;
}

it("F14 the user's repository is the same to the byte after work, cancel, a destructive worker, and the end of it all", async () => {
  const mc = await missionControl({});
  writeFileSync(join(mc.repo, 'value'), 'edited, not committed\n');
  writeFileSync(join(mc.repo, 'untracked.txt'), 'mine\n');
  mc.git(mc.repo, 'branch', 'feature');
  mc.git(mc.repo, 'stash', 'push', '-q', '--', 'check.sh', 'value');
  writeFileSync(join(mc.repo, 'value'), 'edited again\n');
  const before = snapshot(mc.repo);

  await mc.profile('worker', GOOD);
  await mc.profile(
    'wrecker',
    'git worktree prune; git branch -D main 2>/dev/null; git update-ref -d refs/remotes/origin/main; git push --force --all 2>/dev/null; rm -rf "$PWD"; exit 0',
  );
  const good = await mc.ticket('worker');
  const wrecked = await mc.ticket('wrecker');
  const cancelled = await mc.ticket('worker', { status: 'backlog' });
  await mc.move(cancelled.key, 'cancel', { reason: 'no' });
  await mc.inStatus(good.key, 'in_review', 40_000);
  await mc.settled(good.key);
  await mc.move(good.key, 'accept');
  await mc.inStatus(wrecked.key, 'needs_input', 40_000);
  await mc.move(wrecked.key, 'cancel', { reason: 'enough' });

  expect(snapshot(mc.repo)).toEqual(before);
  mc.git(mc.repo, 'fsck', '--strict');
});
