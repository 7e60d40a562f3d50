/** Tickets in and out as files, through the real command and the real server. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Page, Ticket } from '../../src/contract/shapes.ts';
import { MissionControl } from '../harness/mission-control.ts';

const program = fileURLToPath(new URL('../../dist/cli/mctl.js', import.meta.url));
let mc: MissionControl;
beforeEach(async () => {
  mc = new MissionControl();
  await mc.start();
  await mc.project();
  await mc.profile('worker', 'true');
});
afterEach(() => mc.stop());

const mctl = async (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [program, '--server', mc.url, '--token', mc.token, ...args]);

it('what was imported is exported, and imported again makes nothing twice', async () => {
  const file = join(mc.dir, 'todo.md');
  writeFileSync(
    file,
    '- [ ] P0 Fix the login page #bug\n  - [ ] a wrong password is said\n- [ ] =SUM(A1) <script>\n- [x] Over\n',
  );
  const first = await mctl('import', file, '--project', 'MC');
  expect(first.stderr).toContain('2 made, 0 known, 1 left out, 0 refused.');
  expect((await mctl('import', file)).stderr).toContain('0 made, 2 known');
  const found = (await mc.api.get<Page<Ticket>>('/tickets')).items;
  const items = found.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  expect(
    items.map(({ title, status, priority, labels, acceptanceCriteria }) => ({
      title,
      status,
      priority,
      labels,
      acceptanceCriteria,
    })),
  ).toEqual([
    {
      title: 'Fix the login page',
      status: 'backlog',
      priority: 0,
      labels: ['bug'],
      acceptanceCriteria: ['a wrong password is said'],
    },
    { title: '=SUM(A1) <script>', status: 'backlog', priority: 2, labels: [], acceptanceCriteria: [] },
  ]);
  const json = join(mc.dir, 'tickets.json');
  await mctl('export', json);
  const dry = JSON.parse((await mctl('import', json, '--dry-run', '--json')).stdout) as {
    tickets: { source: string }[];
  };
  expect(new Set(dry.tickets.map(({ source }) => source))).toEqual(new Set(items.map(({ key }) => key)));
  expect((await mctl('export', '--format', 'csv')).stdout).toContain(`"'=SUM(A1) <script>"`);
});
