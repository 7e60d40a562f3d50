/** The official client speaks to the real route; what a model may do is what its token may do, and no more. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { countTokens } from 'gpt-tokenizer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildPrompt } from '../../domain/ticket/prompt.ts';
import { Story } from '../../domain/ticket/testing.ts';
import { verifyState } from '../../services/verify.ts';
import { type TestApp, createTestApp } from '../http/testing/test-app.ts';

let app: TestApp;
let url: string;
const clients: Client[] = [];

beforeEach(async () => {
  app = await createTestApp();
  url = await app.listen();
  await app.call('POST', '/profiles', { body: { id: 'worker', adapter: 'command', command: ['true'] } });
  await app.call('POST', '/projects', {
    body: {
      key: 'MC',
      name: 'MC',
      repository: { path: '/repo' },
      defaultProfile: 'worker',
      completion: { requires: ['signal', 'commit'], decidedBy: 'orchestrator' },
    },
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  expect((await verifyState(app.deps)).ok).toBe(true);
  await app.close();
});

async function connect(token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL('/mcp', url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  // The SDK's own types do not pass exactOptionalPropertyTypes.
  await client.connect(transport as never);
  clients.push(client);
  return client;
}

/** The result of a tool as JSON; `refused` holds what a refusal said. */
// eslint-disable-next-line typescript/no-explicit-any
async function use(client: Client, name: string, args: Record<string, unknown> = {}): Promise<any> {
  const result = await client.callTool({ name, arguments: args });
  const [content] = result.content as { text: string }[];
  const value: unknown = JSON.parse(content?.text ?? 'null');
  return result.isError ? { refused: value } : value;
}

async function startAttempt(): Promise<{ token: string; attempt: string; fence: number; runner: string }> {
  const asRunner = (path: string, body: object) => app.call('POST', path, { as: 'runner', body });
  await app.call('POST', '/tickets', { body: { project: 'MC', title: 'Do it', status: 'todo' } });
  const runner = (await asRunner('/runners', { name: 'one', slots: 1, version: '1' })).body.id;
  await asRunner(`/runners/${runner}/poll`, { freeSlots: 1, waitMs: 0 });
  await app.dispatcher.runOnce();
  const { offers } = (await asRunner(`/runners/${runner}/poll`, { freeSlots: 1, waitMs: 0 })).body;
  const { attempt, fence, token } = offers[0];
  await asRunner(`/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40), branch: 'mc/MC-1/1' });
  return { token, attempt, fence, runner };
}

describe('a worker', () => {
  it('reads its ticket, reports, and hands in; afterwards its token is told that it is over', async () => {
    const { token, attempt } = await startAttempt();
    const client = await connect(token);
    expect((await client.listTools()).tools.map((t) => t.name)).toEqual([
      'ticket',
      'progress',
      'ask',
      'evidence',
      'submit',
      'fail',
    ]);
    expect(await use(client, 'ticket')).toMatchObject({ key: 'MC-1', title: 'Do it', attempt: 1 });
    expect(await use(client, 'progress', { text: 'Reading', percent: 10 })).toEqual({ accepted: true });
    expect(await use(client, 'submit', { summary: 'Done', commit: 'short' })).toMatchObject({
      refused: { code: 'evidence_incomplete', missing: ['commit'] },
    });
    const commit = 'c'.repeat(40);
    expect(await use(client, 'submit', { summary: 'Done', commit })).toEqual({ accepted: true });
    expect((await app.call('GET', `/attempts/${attempt}`)).body.outcome).toBe('submitted');
    expect(await use(client, 'submit', { summary: 'Again', commit })).toMatchObject({
      refused: { code: 'stale_attempt', reason: 'ended' },
    });
  });

  it('asks, and is refused what is not its own', async () => {
    const { token } = await startAttempt();
    const client = await connect(token);
    expect(await use(client, 'board')).toMatchObject({ refused: { code: 'not_found' } });
    expect(await use(client, 'progress', { text: 'x', percent: 'half' })).toMatchObject({
      refused: { code: 'invalid_request' },
    });
    expect(await use(client, 'ask', { text: 'Red or blue?', choices: ['red', 'blue'] })).toEqual({
      accepted: true,
    });
    expect((await app.call('GET', '/tickets/MC-1')).body.questions).toMatchObject([
      { text: 'Red or blue?', choices: [{ label: 'red' }, { label: 'blue' }] },
    ]);
  });

  it('pays at most 1,500 tokens for its prompt and tools', async () => {
    const { token } = await startAttempt();
    const client = await connect(token);
    const tools = JSON.stringify((await client.listTools()).tools);
    const story = new Story().running();
    const prompt = buildPrompt(
      story.ticket,
      story.attempt,
      [{ name: 'test', command: ['npm', 'test'] }],
      false,
    );
    const tokens = { tools: countTokens(tools), prompt: countTokens(prompt) };
    console.info(`a worker's prompt: ${tokens.prompt} tokens, its tools: ${tokens.tools}`);
    expect(tokens.tools + tokens.prompt).toBeLessThan(1500);
  });
});

describe('an orchestrator', () => {
  it('decides a review by its lease, and is refused while evidence lacks', async () => {
    const run = await startAttempt();
    const worker = await connect(run.token);
    const commit = 'c'.repeat(40);
    await use(worker, 'submit', { summary: 'All of it', commit });
    await app.call('POST', `/attempts/${run.attempt}/end`, {
      as: 'runner',
      body: { fence: run.fence, outcome: 'failed', treeGone: true },
    });
    const client = await connect(app.tokens.orchestrator);
    // Nothing has looked at the commit yet: there is nothing to decide.
    expect(await use(client, 'inbox_lease')).toEqual({ items: [] });
    const ticket = await use(client, 'ticket', { key: 'MC-1' });
    expect(ticket).toMatchObject({ status: 'in_review', conversation: [{ text: 'All of it' }] });
    const evidence = ticket.evidence.find((e: { kind: string }) => e.kind === 'commit');
    await settle(run, evidence.id, 'refuted');
    const { items } = await use(client, 'inbox_lease', { seconds: 60 });
    expect(items).toMatchObject([{ kind: 'review', ticket: 'MC-1', for: 'orchestrator' }]);
    const { id: item, deliveryId } = items[0];
    expect(
      await use(client, 'inbox_act', { item, deliveryId, decision: 'accept', reason: 'looks good' }),
    ).toMatchObject({ refused: { code: 'evidence_incomplete', missing: ['commit'] } });
    expect(
      await use(client, 'inbox_act', {
        item,
        deliveryId,
        decision: 'request_changes',
        reason: 'no commit',
        feedback: 'Commit your work.',
      }),
    ).toMatchObject({ state: 'acted', result: { decision: 'request_changes', by: 'the-orchestrator' } });
    expect(
      await use(client, 'inbox_act', { item, deliveryId: 'dlv_other', decision: 'accept', reason: 'x' }),
    ).toMatchObject({ refused: { code: 'already_acted' } });
    expect(await use(client, 'board', {})).toMatchObject({ tickets: [{ key: 'MC-1', status: 'todo' }] });
  });

  it('makes, edits and moves tickets by compare-and-swap, and learns why one does not run', async () => {
    const client = await connect(app.tokens.orchestrator);
    const made = await use(client, 'ticket_create', { project: 'MC', title: 'Next', assignee: 'ada' });
    expect(made).toMatchObject({ key: 'MC-1', status: 'backlog', version: 1 });
    const edited = await use(client, 'ticket_edit', { key: 'MC-1', version: 1, set: { priority: 0 } });
    expect(edited.version).toBe(2);
    expect(await use(client, 'ticket_edit', { key: 'MC-1', version: 1, set: { priority: 1 } })).toMatchObject(
      {
        refused: { code: 'version_conflict', current: { version: 2, status: 'backlog' } },
      },
    );
    await use(client, 'ticket_move', { key: 'MC-1', version: 2, transition: 'ready' });
    await app.dispatcher.runOnce();
    expect(await use(client, 'why', { key: 'MC-1' })).toMatchObject({
      current: { code: 'assignee_not_runnable' },
    });
    const noCompletion = { key: 'MC-1', version: 3, set: { completion: { requires: [] } } };
    expect(await use(client, 'ticket_edit', noCompletion)).toMatchObject({
      refused: { code: 'actor_not_allowed' },
    });
  });
});

async function settle(
  run: { runner: string },
  evidence: string,
  state: 'verified' | 'refuted',
): Promise<void> {
  const { createVerifyWork } = await import('../../services/verification.ts');
  const record = await app.deps.store.ticket('MC-1');
  if (record) await createVerifyWork(app.deps, record.state);
  const { offers } = (
    await app.call('POST', `/runners/${run.runner}/poll`, { as: 'runner', body: { freeSlots: 1, waitMs: 0 } })
  ).body;
  const { work, fence } = offers.find((offer: { kind: string }) => offer.kind === 'verify');
  await app.call('POST', `/work/${work}/accept`, { as: 'runner', body: { fence } });
  const ended = await app.call('POST', `/work/${work}/end`, {
    as: 'runner',
    body: {
      fence,
      outcome: 'done',
      result: { evidence: [{ id: evidence, state, reason: 'looked', details: {} }] },
    },
  });
  expect(ended.status).toBe(200);
}

describe('the endpoint', () => {
  it('lets nobody in without a token that is a worker’s or an orchestrator’s', async () => {
    for (const [token, status] of [
      [null, 401],
      [app.tokens.admin, 403],
      [app.tokens.runner, 403],
      ['mcx_unknown', 401],
    ] as const) {
      const response = await fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        status,
        'application/problem+json; charset=utf-8',
      ]);
    }
  });

  it('answers garbage, other hosts and other methods with an error, and goes on', async () => {
    const send = (body: string, headers: Record<string, string> = {}) =>
      fetch(`${url}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${app.tokens.orchestrator}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body,
      });
    for (const body of ['{', '[]', '7', '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":1,"method":"nothing"}'])
      expect((await send(body)).status).toBeLessThan(500);
    expect((await send('{}', { origin: 'https://evil.example' })).status).toBe(403);
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(`${url}/mcp`, {
        method,
        headers: { authorization: `Bearer ${app.tokens.orchestrator}`, accept: 'text/event-stream' },
      });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
    const client = await connect(app.tokens.orchestrator);
    expect((await client.listTools()).tools.length).toBeGreaterThan(8);
  });
});
