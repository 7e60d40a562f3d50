/** The disk of the database is full: changes are refused with the reason, reads go on, and room is all that it needs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MissionControl } from '../harness/mission-control.ts';

let mc: MissionControl;
let disk: string;
let problem: string | null = null;
beforeEach(() => {
  mc = new MissionControl({ env: { MC_RUNNER: 'none', MC_DATABASE_URL: '' } });
  disk = join(mc.dir, 'disk');
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    problem = `A small disk cannot be mounted here, so that it is not filled: ${String(error)}`;
  }
});
afterEach(async () => {
  if (mc.server) await mc.endServer('SIGTERM');
  if (problem === null) execFileSync('umount', [disk]);
  await mc.stop();
});

/** Writes until there is room for nothing. */
function fill(): void {
  for (const size of [1_000_000, 65_536, 4096]) {
    try {
      for (let n = 0; ; n += 1) writeFileSync(join(disk, `fill-${size}-${n}`), Buffer.alloc(size));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
}
function makeRoom(): void {
  for (const name of readdirSync(disk)) if (name.startsWith('fill-')) rmSync(join(disk, name));
}

it('a full disk refuses changes, loses none that was answered, and is forgotten once there is room', async (t) => {
  if (problem !== null) t.skip(problem);
  await mc.start({ MC_DATA_DIR: join(disk, 'data') });
  await mc.project();
  const titled = (title: string) =>
    mc.api.fetch('POST', '/tickets', { body: { project: 'MC', title, description: title.repeat(500) } });
  const answered: string[] = [];
  for (let round = 1; round <= 2; round += 1) {
    expect((await titled(`before ${round}`)).status).toBe(201);
    answered.push(`before ${round}`);
    fill();
    let refused: Response | null = null;
    // The log's file may have room of its own for a while.
    for (let n = 0; n < 300 && refused === null; n += 1) {
      const answer = await titled(`while ${round} ${n}`);
      if (answer.status === 201) answered.push(`while ${round} ${n}`);
      else refused = answer;
    }
    expect(refused?.status).toBe(503);
    expect(refused?.headers.get('retry-after')).not.toBeNull();
    expect(await refused?.json()).toMatchObject({
      code: 'store_unavailable',
      retryable: true,
      detail: expect.stringContaining('the disk of the database is full') as string,
    });
    expect((await mc.api.fetch('GET', '/tickets?limit=5')).status).toBe(200);
    makeRoom();
    await mc.eventually(
      async () => ((await titled(`after ${round}`)).status === 201 ? true : null),
      'changes are taken again',
    );
    answered.push(`after ${round}`);
  }
  expect(mc.server?.exitCode).toBeNull();
  const alerts = await mc.api.get<{ items: { rule: string; severity: string }[] }>('/alerts');
  expect(alerts.items).toContainEqual(expect.objectContaining({ rule: 'disk_low', severity: 'critical' }));
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
  const { items } = await mc.api.get<{ items: { title: string }[] }>('/tickets?limit=200&sort=created');
  const titles = new Set(items.map(({ title }) => title));
  expect(answered.filter((title) => !titles.has(title)).slice(0, 3)).toEqual([]);
}, 120_000);
