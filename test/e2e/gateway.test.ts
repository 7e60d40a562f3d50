/** Agents behind the gateway: the key stays with the runner, what they use is metered, and the budget holds. */
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contract/job-shapes.ts';
import type { Page } from '../../src/contract/shapes.ts';
import { MissionControl } from '../harness/mission-control.ts';

const KEY = 'sk-provider-key-that-nobody-may-see';
let mc: MissionControl;
let model: Server;
let heard: { authorization: string | undefined; path: string }[];
let reply: (request: IncomingMessage) => { status: number; headers?: Record<string, string>; body: object };

beforeEach(async () => {
  heard = [];
  reply = () => ({
    status: 200,
    body: { model: 'test-model', usage: { prompt_tokens: 600, completion_tokens: 100 } },
  });
  model = createServer((request, response) => {
    heard.push({ authorization: request.headers.authorization, path: request.url ?? '' });
    request.resume();
    request.on('end', () => {
      const { status, headers, body } = reply(request);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  mc = new MissionControl();
  await mc.start();
  await mc.project();
  const secrets = join(mc.dataDir, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  writeFileSync(join(secrets, 'provider'), `${KEY}\n`, { mode: 0o600 });
});
afterEach(async () => {
  expect((await mc.verify()).invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  await mc.stop();
  model.closeAllConnections();
  await new Promise((resolve) => model.close(resolve));
});

/** Calls the model once, as any agent's library would; prints the status, and what it was told. */
const CALL = `node -e '
fetch(process.env.MODEL_URL + "/v1/chat/completions", {
  method: "POST",
  headers: { authorization: "Bearer " + process.env.MODEL_KEY, "content-type": "application/json" },
  body: JSON.stringify({ model: "test-model", messages: [] }),
}).then(async (r) => console.log("model said", r.status, await r.text()))'`;

const profile = (script: string, more: object = {}): Promise<void> =>
  mc.profile('worker', script, {
    env: { OUT: mc.dir, MODEL_URL: '${MC_GATEWAY_URL}', MODEL_KEY: '${MC_GATEWAY_TOKEN}' },
    gateway: {
      upstream: `http://127.0.0.1:${(model.address() as AddressInfo).port}`,
      key: { secret: 'provider' },
      price: { inputPerMillion: 100, outputPerMillion: 1000 },
    },
    ...more,
  });

it('the provider sees the key and the agent does not; tokens and dollars are on the attempt', async () => {
  await profile(
    `${CALL}; ${CALL}; env > $OUT/env; echo "$(cat $OUT/data/secrets/provider)"; echo good > value; git commit -qam good; mc-coord submit --summary good`,
  );
  const { key } = await mc.ticket('worker');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  expect(heard).toEqual(Array(2).fill({ authorization: `Bearer ${KEY}`, path: '/v1/chat/completions' }));
  expect(mc.read('env')).not.toContain(KEY);
  const [attempt] = await mc.attempts(key);
  expect(attempt?.cost).toMatchObject({ inputTokens: 1200, outputTokens: 200, metered: true });
  expect(attempt?.cost.usd).toBeCloseTo(0.32);
  const output = await mc.output(`/attempts/${attempt?.id}`);
  expect(output).toContain('model said 200');
  // Even one that reads the file as the same user cannot put the key on the page.
  expect(output).not.toContain(KEY);
});

it("an attempt's budget stops it at the model, before its next call costs anything", async () => {
  await profile(`${CALL}; ${CALL}; ${CALL}; ${CALL}; sleep 60`, { budget: { tokens: 1000 } });
  const { key } = await mc.ticket('worker');
  const attempt = await mc.eventually(
    async () => (await mc.attempts(key)).find((each) => each.state === 'ended') ?? null,
    'the attempt has ended',
    30_000,
  );
  expect(attempt).toMatchObject({ outcome: 'failed', reason: 'budget_exhausted' });
  expect(attempt.cost.inputTokens + attempt.cost.outputTokens).toBe(1400);
  expect(heard.length).toBeGreaterThanOrEqual(2);
  await mc.move(key, 'cancel', { reason: 'enough' }).catch(() => undefined);
});

it("a ticket's budget asks a person, who raises it", async () => {
  await profile(`${CALL}; ${CALL}; echo good > value; git commit -qam good; mc-coord submit --summary good`);
  const { key } = await mc.ticket('worker', { budget: { usd: 0.1 } });
  const asking = await mc.inStatus(key, 'needs_input', 30_000);
  expect(asking.questions).toMatchObject([
    { kind: 'attempts_exhausted', text: expect.stringContaining("the ticket's budget is spent") },
  ]);
  const question = asking.questions[0]?.id;
  await mc.eventually(async () => (await mc.attempts(key)).every((a) => a.state === 'ended'), 'it has ended');
  const { items } = await mc.api.get<{ items: { id: string; question?: string }[] }>('/inbox', {
    query: { ticket: key },
  });
  expect(question).toBeTruthy();
  await mc.api.post(`/inbox/${items[0]?.id}/act`, {
    decision: 'retry',
    reason: 'worth it',
    budget: { usd: 5 },
  });
  await mc.inStatus(key, 'in_review', 30_000);
});

it('a provider that refuses for a time costs no retry: the ticket waits until then', async () => {
  reply = () => ({
    status: 429,
    headers: { 'retry-after': '3600' },
    body: { error: { message: 'slow down' } },
  });
  await profile(`${CALL}; exit 1`);
  const { key } = await mc.ticket('worker');
  const [attempt] = await mc.eventually(async () => {
    const all = await mc.attempts(key);
    return all[0]?.state === 'ended' ? all : null;
  }, 'the attempt has ended');
  expect(attempt).toMatchObject({ outcome: 'rate_limited' });
  const ticket = await mc.get(key);
  expect(ticket.status).toBe('todo');
  const wait = Date.parse(ticket.notBefore ?? '') - Date.now();
  expect(wait).toBeGreaterThan(3_500_000);
  expect(wait).toBeLessThan(3_700_000);
});

it('a key that is not there is said on the attempt, with where to put it', async () => {
  await profile('sleep 60', {
    gateway: { upstream: 'http://127.0.0.1:9', key: { secret: 'missing' } },
  });
  const { key } = await mc.ticket('worker');
  const [attempt] = await mc.eventually(async () => {
    const all = await mc.attempts(key);
    return all[0]?.state === 'ended' ? all : null;
  }, 'the attempt has ended');
  expect(attempt?.reason).toMatch(/profile_unusable: the gateway's key is to be in .*secrets\/missing/);
});

it("an orchestrator's budget stops its run at the model; what it used counts, and a person decides", async () => {
  const ASKS = 'git commit -q --allow-empty -m x; mc-coord ask "Which way?"';
  await mc.profile('asks', ASKS);
  await mc.api.patch('/projects/MC', { completion: { decidedBy: 'orchestrator' } });
  await profile('true', {
    id: 'luci',
    role: 'orchestrator',
    command: ['/bin/sh', '-c', `${CALL}; ${CALL}; ${CALL}; ${CALL}; exit 1`],
    budget: { tokens: 1000 },
  });
  const { key } = await mc.ticket('asks');
  const luci = await mc.eventually(async () => {
    const [each] = (await mc.api.get<Page<Orchestrator>>('/orchestrators')).items;
    return each?.lastRun ? each : null;
  }, 'the first run is over');
  expect(heard.length).toBe(2);
  expect(luci.lastRun).toMatchObject({
    outcome: 'unable',
    detail: expect.stringContaining('budget_exhausted'),
  });
  expect(luci.cost).toMatchObject({ inputTokens: 1200, outputTokens: 200, metered: true });
  expect(luci.whyNotRunning).toMatchObject({ code: 'not_before' });
  const question = (await mc.get(key)).questions[0]?.id;
  await mc.api.post(`/tickets/${key}/questions/${question}/answer`, { text: 'the left one' });
  await mc.eventually(async () => (await mc.get(key)).status !== 'needs_input', 'it goes on');
  await mc.move(key, 'cancel', { reason: 'enough' });
});
