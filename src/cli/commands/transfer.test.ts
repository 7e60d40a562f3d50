import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeMissionControl, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import { sampleProject, sampleTicket } from '../../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
const run = (args: string[]) => mctl(args, { url: server.url });
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mc-transfer-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('mctl export', () => {
  test('writes tickets as JSON or CSV, and overwrites nothing', async () => {
    server.list('GET /tickets', [sampleTicket({ key: 'MC-1', title: '=1+1' })]);
    const { out } = await run(['export']);
    expect(JSON.parse(out)).toMatchObject({ format: 'mission-control-tickets', tickets: [{ key: 'MC-1' }] });
    const file = join(dir, 'tickets.csv');
    expect((await run(['export', file, '--project', 'mc'])).code).toBe(0);
    expect(server.received.at(-1)?.query).toMatchObject({ project: 'MC' });
    expect(readFileSync(file, 'utf8')).toContain(`MC-1,"'=1+1"`);
    expect(await run(['export', file])).toMatchObject({
      code: 2,
      err: expect.stringContaining('there already'),
    });
  });
});

describe('mctl import', () => {
  const list = '- [ ] Fix the login page #bug\n- [x] Over\n';

  test('makes a ticket of each item, and says what it left out', async () => {
    const file = join(dir, 'todo.md');
    writeFileSync(file, list);
    const made = sampleTicket({ key: 'MC-9', title: 'Fix the login page' });
    server
      .list('GET /projects', [sampleProject()])
      .list('GET /tickets', [])
      .on('POST /tickets', { status: 201, body: made });
    const { code, out, err } = await run(['import', file, '--ready']);
    expect(code).toBe(0);
    expect(out).toContain('MC-9 Fix the login page');
    expect(err).toContain('Left out: Over (it is ticked off).');
    expect(server.received.at(-1)?.body).toMatchObject({
      status: 'todo',
      title: 'Fix the login page',
      description: 'Imported: todo.md: Fix the login page',
      labels: ['bug'],
    });
  });

  test('only says what it would do, when asked so; and what it cannot read', async () => {
    const file = join(dir, 'todo.md');
    writeFileSync(file, list);
    const { out } = await run(['import', file, '--dry-run']);
    expect(out).toContain('Fix the login page');
    expect(server.received).toEqual([]);
    writeFileSync(file, 'nothing here');
    expect(await run(['import', file, '--dry-run'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no list'),
    });
    expect((await run(['import', join(dir, 'missing')])).code).toBe(2);
  });
});
