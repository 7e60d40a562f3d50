/** What becomes of `mctl runner`, and what `mctl backup` does before it says that there is one. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Runner } from '../../contract/shapes.ts';
import { FakeMissionControl, refusal, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string | string[], options: Parameters<typeof mctl>[1] = {}) =>
  mctl(args, { url: server.url, ...options });
const lastBody = (): unknown => server.received.at(-1)?.body;

const far: Runner = {
  id: 'run_far',
  name: 'far',
  state: 'draining',
  slots: 4,
  busy: 2,
  labels: [],
  kinds: ['attempt'],
  pid: 7,
  version: '0.1.0',
  lastSeenAt: null,
  containment: [],
};

describe('mctl runner', () => {
  test('drains by name or id, at once or in time, and takes it back', async () => {
    server.on('POST /runners/run_far/drain', { body: far });
    const { out } = await run('runner drain far --reason update');
    expect(lastBody()).toEqual({ draining: true, handOver: false, reason: 'update' });
    expect(out).toContain('far drains: 2 of 4 slots are busy');
    await run('runner drain run_far --hand-over');
    expect(lastBody()).toEqual({ draining: true, handOver: true });
    expect((await run('runner drain far --off')).out).toContain('is given work again');
    expect(lastBody()).toEqual({ draining: false, handOver: false });
    expect((await run('runner drain')).code).toBe(2);
  });

  test('frees a name, and says what the server says where there is none', async () => {
    server
      .on('POST /runners/run_far/release', { body: far })
      .on('POST /runners/run_no/release', refusal('not_found', 'There is no runner run_no.'));
    expect((await run('runner release far')).out).toContain('far is free');
    expect(await run('runner release no')).toMatchObject({
      code: 3,
      err: expect.stringContaining('no runner run_no') as string,
    });
  });
});

describe('mctl backup', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'mc-backup-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('overwrites nothing, and leaves nothing of what the server refuses or breaks off', async () => {
    const file = join(dir, 'one.backup');
    writeFileSync(file, 'mine');
    server.on('GET /backup', { raw: 'whatever' });
    expect(await run(['backup', file])).toMatchObject({
      code: 2,
      err: expect.stringContaining('is there already') as string,
    });
    server.on('GET /backup', refusal('forbidden', 'The role viewer may not do this.'));
    expect((await run(['backup', join(dir, 'two.backup')])).code).toBe(3);
    server.on('GET /backup', { lost: true });
    expect((await run(['backup', join(dir, 'three.backup')])).code).toBe(5);
    expect(readdirSync(dir)).toEqual(['one.backup']);
  });

  test('migrate-store wants the address of the database in the environment, and a store that it knows', async () => {
    expect(await run('migrate-store --to postgresql')).toMatchObject({
      code: 2,
      err: expect.stringContaining('MC_DATABASE_URL=postgres://') as string,
    });
    expect((await run('migrate-store --to mysql')).code).toBe(2);
    expect((await run('migrate-store')).code).toBe(2);
    expect(existsSync(join(dir, 'mission-control.db'))).toBe(false);
  });
});
