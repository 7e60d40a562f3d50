/** Four dialects pass through the gateway unchanged, are metered the same way, and stop at the budget. */
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gateway } from './gateway.ts';
import { Meter } from './meter.ts';
import { priceOf } from './prices.ts';

interface Call {
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}
let upstream: Server;
let calls: Call[];
let answer: { status: number; headers: Record<string, string>; chunks: string[]; hang?: boolean };
let gateway: Gateway;
let meter: Meter;
let token: string;
let now = 1_800_000_000_000;

beforeEach(async () => {
  calls = [];
  upstream = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      calls.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(answer.status, answer.headers);
      for (const chunk of answer.chunks) response.write(chunk);
      if (!answer.hang) response.end();
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  gateway = new Gateway('secret', () => now);
  await gateway.listen();
  meter = new Meter({ inputPerMillion: 1000, outputPerMillion: 10_000 });
  gateway.open('att_1', { upstream: `http://127.0.0.1:${port}/base`, key: 'real-key-123', meter });
  token = gateway.tokenFor('att_1');
});
afterEach(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  upstream.close();
});

const sse = (...events: object[]): string[] => events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
const JSON_TYPE = { 'content-type': 'application/json' };
const SSE_TYPE = { 'content-type': 'text/event-stream; charset=utf-8' };

const post = (path: string, headers: Record<string, string>, body: object = { model: 'm-1' }) =>
  fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('what a call used is read from', () => {
  const chat = { model: 'gpt-x', usage: { prompt_tokens: 10, completion_tokens: 4 } };
  const responses = { model: 'gpt-y', usage: { input_tokens: 20, output_tokens: 5 } };
  it.each([
    ['chat-completions', '/v1/chat/completions', JSON_TYPE, [JSON.stringify(chat)], [10, 4]],
    [
      'chat-completions, streamed',
      '/v1/chat/completions',
      SSE_TYPE,
      [
        ...sse({ choices: [{ delta: { content: 'usage' } }], usage: null }, { choices: [], ...chat }),
        'data: [DONE]\n\n',
      ],
      [10, 4],
    ],
    ['responses', '/v1/responses', JSON_TYPE, [JSON.stringify(responses)], [20, 5]],
    [
      'responses, streamed',
      '/v1/responses',
      SSE_TYPE,
      sse(
        { type: 'response.created', response: { usage: null } },
        { type: 'response.completed', response: responses },
      ),
      [20, 5],
    ],
    [
      'messages',
      '/v1/messages',
      JSON_TYPE,
      [JSON.stringify({ usage: { input_tokens: 7, cache_read_input_tokens: 3, output_tokens: 2 } })],
      [10, 2],
    ],
    [
      'messages, streamed',
      '/v1/messages',
      SSE_TYPE,
      sse(
        {
          type: 'message_start',
          message: {
            model: 'c',
            usage: { input_tokens: 7, cache_creation_input_tokens: 1, output_tokens: 1 },
          },
        },
        { type: 'message_delta', usage: { output_tokens: 9 } },
      ),
      [8, 9],
    ],
    [
      'generateContent',
      '/v1beta/models/gemini-x:generateContent',
      JSON_TYPE,
      [
        JSON.stringify({
          usageMetadata: { promptTokenCount: 6, candidatesTokenCount: 2, thoughtsTokenCount: 3 },
        }),
      ],
      [6, 5],
    ],
    [
      'generateContent, streamed',
      '/v1beta/models/gemini-x:streamGenerateContent?alt=sse',
      SSE_TYPE,
      sse(
        { usageMetadata: { promptTokenCount: 6 } },
        { usageMetadata: { promptTokenCount: 6, candidatesTokenCount: 4 } },
      ),
      [6, 4],
    ],
  ] as const)('%s', async (_, path, headers, chunks, [input, output]) => {
    answer = { status: 200, headers, chunks: [...chunks] };
    const response = await post(path, { authorization: `Bearer ${token}` });
    expect(await response.text()).toBe(chunks.join(''));
    expect([meter.used.inputTokens, meter.used.outputTokens, meter.estimated]).toEqual([input, output, 0]);
    expect(meter.used.usd).toBeCloseTo((input * 1000 + output * 10_000) / 1_000_000);
  });

  it('the length, marked as an estimate, where a stream says nothing or breaks off', async () => {
    answer = {
      status: 200,
      headers: SSE_TYPE,
      chunks: sse({ choices: [{ delta: { content: 'x'.repeat(400) } }] }),
    };
    await (await post('/v1/chat/completions', { authorization: `Bearer ${token}` })).text();
    expect(meter.estimated).toBe(1);
    expect(meter.used.inputTokens).toBeGreaterThan(0);
    expect(meter.used.outputTokens).toBeGreaterThan(0);
    answer = { ...answer, hang: true };
    const abort = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{}',
      signal: abort.signal,
    });
    await response.body?.getReader().read();
    abort.abort();
    await expect.poll(() => meter.calls).toBe(2);
  });
});

describe('the key', () => {
  it.each([
    ['authorization', 'Bearer '],
    ['x-api-key', ''],
    ['x-goog-api-key', ''],
  ])('takes the place of the token in %s, and nothing else changes', async (name, prefix) => {
    answer = { status: 200, headers: { ...JSON_TYPE, 'x-request-id': 'r1' }, chunks: ['{"a":  1}'] };
    const body = { model: 'm', odd: ' spaces  ', unicode: 'ü☃' };
    const response = await post(
      '/v1/messages?beta=true',
      { [name]: `${prefix}${token}`, 'anthropic-version': 'v' },
      body,
    );
    expect(await response.text()).toBe('{"a":  1}');
    expect(response.headers.get('x-request-id')).toBe('r1');
    const [call] = calls;
    expect(call?.path).toBe('/base/v1/messages?beta=true');
    expect(call?.headers[name]).toBe(`${prefix}real-key-123`);
    expect(call?.headers['anthropic-version']).toBe('v');
    expect(call?.body).toBe(JSON.stringify(body));
    expect(JSON.stringify(call)).not.toContain(token);
  });

  it('takes its place in the address, too', async () => {
    answer = { status: 200, headers: JSON_TYPE, chunks: ['{}'] };
    await post(`/v1beta/models/g:generateContent?key=${token}`, {});
    expect(calls[0]?.path).toBe('/base/v1beta/models/g:generateContent?key=real-key-123');
  });

  it('is not for others: without the token, with another attempt’s, or after the end nothing passes', async () => {
    answer = { status: 200, headers: JSON_TYPE, chunks: ['{}'] };
    const other = new Gateway('another secret').tokenFor('att_1');
    for (const given of ['', 'x', other, gateway.tokenFor('att_2'), `${token}0`])
      expect((await post('/v1/responses', { authorization: `Bearer ${given}` })).status).toBe(401);
    gateway.close('att_1');
    expect((await post('/v1/responses', { authorization: `Bearer ${token}` })).status).toBe(401);
    expect(calls).toEqual([]);
  });
});

describe('a budget', () => {
  it('that is met refuses the next call in the words of the dialect, and says so to the runner', async () => {
    answer = {
      status: 200,
      headers: JSON_TYPE,
      chunks: [JSON.stringify({ usage: { input_tokens: 60, output_tokens: 50 } })],
    };
    meter.allow({ tokens: 100 });
    expect((await post('/v1/messages', { 'x-api-key': token })).status).toBe(200);
    expect(meter.isSpent).toBe(false);
    const refused = await post('/v1/messages', { 'x-api-key': token });
    expect(refused.status).toBe(402);
    expect(await refused.json()).toMatchObject({
      type: 'error',
      error: { type: 'budget_exhausted', message: expect.stringContaining('110 of 100 tokens') },
    });
    expect(meter.isSpent).toBe(true);
    // Raised meanwhile.
    meter.allow({ tokens: 210 });
    expect((await post('/v1/messages', { 'x-api-key': token })).status).toBe(200);
    expect((await post('/v1/models', { 'x-api-key': token })).status).toBe(200);
  });

  it('in dollars does not let a model run whose price nobody knows', async () => {
    meter = new Meter(null);
    gateway.open('att_1', { upstream: 'http://127.0.0.1:9', key: null, meter });
    meter.allow({ usd: 5 });
    const refused = await post(
      '/v1/chat/completions',
      { authorization: `Bearer ${token}` },
      { model: 'mystery' },
    );
    expect([refused.status, (await refused.text()).includes('model_without_price')]).toEqual([402, true]);
    expect(priceOf('anthropic/claude-sonnet-4-5-20250929', null)).toMatchObject({ inputPerMillion: 3 });
  });
});

describe('the provider', () => {
  it('that refuses for a time is heard, and passed on', async () => {
    answer = { status: 429, headers: { ...JSON_TYPE, 'retry-after': '120' }, chunks: ['{"error":"busy"}'] };
    const response = await post('/v1/responses', { authorization: `Bearer ${token}` });
    expect([response.status, await response.text()]).toEqual([429, '{"error":"busy"}']);
    expect(meter.rateLimitedUntil).toBe(now + 120_000);
    expect(meter.calls).toBe(0);
    answer = { status: 200, headers: JSON_TYPE, chunks: ['{}'] };
    await post('/v1/responses', { authorization: `Bearer ${token}` });
    expect(meter.rateLimitedUntil).toBeNull();
  });

  it('that cannot be reached is a 502 which says so', async () => {
    gateway.open('att_1', { upstream: 'http://127.0.0.1:9', key: 'k', meter });
    const response = await post('/v1/responses', { authorization: `Bearer ${token}` });
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('could not be reached');
  });
});

it('a later life of the runner has the same tokens and, where it is free, the same port', async () => {
  const { port } = gateway;
  await gateway.stop();
  gateway = new Gateway('secret', () => now);
  expect(await gateway.listen(port)).toBe(port);
  expect(gateway.tokenFor('att_1')).toBe(token);
  const second = new Gateway('other');
  expect(await second.listen(port)).not.toBe(port);
  await second.stop();
  now += 1;
});
