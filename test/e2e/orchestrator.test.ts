/** An orchestrator that is an agent: woken by the inbox and by nothing else, it decides through MCP, or is relieved. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contract/job-shapes.ts';
import type { InboxItem, Page } from '../../src/contract/shapes.ts';
import { MissionControl } from '../harness/mission-control.ts';

let mc: MissionControl;
beforeEach(async () => {
  mc = new MissionControl();
  await mc.start();
  await mc.project({ completion: { decidedBy: 'orchestrator' } });
  await mc.profile(
    'worker',
    'echo good > value; git commit -qam good; mc-coord submit --summary "made it good"',
  );
  await mc.profile(
    'claimer',
    'git commit -q --allow-empty -m nothing; mc-coord submit --summary "verified, fixed"',
  );
});
afterEach(async () => {
  expect((await mc.verify()).invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  await mc.stop();
});

/** Speaks MCP with the token of its run: leases, looks, decides as `decide` says, and leaves. */
function script(decide: string): string {
  const file = join(mc.dir, 'orchestrator.mjs');
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
let id = 0;
const use = async (name, args = {}) => {
  const response = await fetch(process.env.MC_URL + '/mcp', {
    method: 'POST',
    headers: {
      authorization: 'Bearer ' + process.env.MC_TOKEN,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params: { name, arguments: args } }),
  });
  const { result } = await response.json();
  return { isError: result.isError, value: JSON.parse(result.content[0].text) };
};
appendFileSync(process.env.OUT + '/woken', 'woken\\n');
const decide = ${decide};
for (;;) {
  const { items } = (await use('inbox_lease', { seconds: 60 })).value;
  if (items.length === 0) break;
  for (const item of items) await decide(item, use);
}
`,
  );
  return file;
}
const orchestrator = async (decide: string): Promise<void> => {
  const file = script(decide);
  await mc.api.post('/profiles', {
    id: 'luci',
    role: 'orchestrator',
    adapter: 'command',
    command: [process.execPath, file],
    env: { OUT: mc.dir },
  });
};
const luci = async (): Promise<Orchestrator | undefined> =>
  (await mc.api.get<Page<Orchestrator>>('/orchestrators')).items[0];
const woken = (): number => mc.read('woken').split('\n').filter(Boolean).length;
const items = async (query: Record<string, string>): Promise<InboxItem[]> =>
  (await mc.api.get<Page<InboxItem>>('/inbox', { query })).items;

it('accepts what is proven and sends back what is only claimed; an empty inbox wakes nobody', async () => {
  await orchestrator(`async (item, use) => {
    const ticket = (await use('ticket', { key: item.ticket })).value;
    const act = (decision, more) => use('inbox_act', { item: item.id, deliveryId: item.deliveryId, decision, reason: 'looked at the evidence', ...more });
    const accepted = await act('accept');
    appendFileSync(process.env.OUT + '/said', JSON.stringify([item.ticket, accepted.isError === true, accepted.value.code ?? 'acted']) + '\\n');
    if (accepted.isError) await act('cancel');
  }`);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(woken()).toBe(0);
  const good = await mc.ticket('worker');
  await mc.inStatus(good.key, 'done', 60_000);
  const bad = await mc.ticket('claimer');
  await mc.inStatus(bad.key, 'cancelled', 60_000);
  expect(mc.read('said').split('\n')).toEqual([
    JSON.stringify([good.key, false, 'acted']),
    JSON.stringify([bad.key, true, 'evidence_incomplete']),
  ]);
  const decided = (await items({ state: 'acted', ticket: good.key }))[0];
  expect(decided).toMatchObject({ kind: 'review', result: { decision: 'accept', by: 'luci', via: 'inbox' } });
  await mc.eventually(async () => (await luci())?.state === 'idle', 'the session is idle');
  expect(await luci()).toMatchObject({ lastRun: { outcome: 'done', detail: '1 of 1 decided' } });
  expect(woken()).toBe(2);
  await mc.endServer('SIGTERM');
  await mc.start();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(woken()).toBe(2);
  // The tokens of its runs ended with them, and are not listed among people's.
  const tokens = (await mc.api.get<Page<{ name: string }>>('/tokens')).items.map((token) => token.name);
  expect(tokens).not.toContain('luci');
});

it('is reminded twice of what it leaves undecided; then a person has it, and nothing wakes it for that any more', async () => {
  await orchestrator('async () => undefined');
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'in_review', 60_000);
  const item = await mc.eventually(
    async () => (await items({ ticket: key })).find((each) => each.for === 'person') ?? null,
    'a person has it',
    60_000,
  );
  expect(item).toMatchObject({ kind: 'review', state: 'pending' });
  expect(woken()).toBe(3);
  await mc.eventually(async () => (await luci())?.state === 'idle', 'the session is idle');
  expect((await luci())?.lastRun?.detail).toContain('1 went to a person');
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(woken()).toBe(3);
  await mc.move(key, 'accept');
});

it('goes on after its runner was killed in the middle of a decision', async () => {
  await orchestrator(`async (item, use) => {
    appendFileSync(process.env.OUT + '/leased', item.id + '\\n');
    if (process.env.OUT && (await import('node:fs')).existsSync(process.env.OUT + '/go'))
      await use('inbox_act', { item: item.id, deliveryId: item.deliveryId, decision: 'accept', reason: 'good' });
    else await new Promise(() => setInterval(() => {}, 1000));
  }`);
  const { key } = await mc.ticket('worker');
  await mc.until(() => mc.read('leased') !== '', 'it has taken the item', 60_000);
  const runner = mc.runner();
  mc.touch('go');
  if (runner) process.kill(runner.pid, 'SIGKILL');
  await mc.endServer('SIGKILL');
  await mc.start();
  await mc.inStatus(key, 'done', 90_000);
});
