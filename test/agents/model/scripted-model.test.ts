/** The scripted model itself, in each of its dialects: a test on it must not pass because it says nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedModel } from './scripted-model.ts';

let model: ScriptedModel;
beforeAll(async () => {
  model = new ScriptedModel({
    two: [
      [{ say: 'First.', calls: [{ shell: 'ls' }], usage: { input: 7, output: 3 } }],
      [{ say: 'Reminded.' }],
    ],
    bad: [[{ error: { status: 429, message: 'slow down', headers: { 'retry-after': '9' } } }]],
  });
  await model.start();
});
afterAll(() => model.stop());

const schema = {
  type: 'object',
  properties: { command: { type: 'string' }, why: { type: 'string' } },
  required: ['command', 'why'],
};
const ASK = '[[scenario:two]]';
const REMINDER = 'Mission Control has no result';

interface Case {
  path: (stream: boolean) => string;
  /** A request that says these things in turn; `result` is that of a call with this id. */
  body: (items: ({ user: string } | { call: string })[], stream: boolean) => object;
}
const CASES: Record<string, Case> = {
  'chat-completions': {
    path: () => '/v1/chat/completions',
    body: (items, stream) => ({
      model: 'm',
      stream,
      tools: [{ type: 'function', function: { name: 'bash', parameters: schema } }],
      messages: items.map((item) =>
        'user' in item
          ? { role: 'user', content: item.user }
          : { role: 'tool', tool_call_id: item.call, content: 'ok' },
      ),
    }),
  },
  responses: {
    path: () => '/v1/responses',
    body: (items, stream) => ({
      model: 'm',
      stream,
      tools: [{ type: 'function', name: 'exec_command', parameters: schema }],
      input: items.map((item) =>
        'user' in item
          ? { type: 'message', role: 'user', content: [{ type: 'input_text', text: item.user }] }
          : { type: 'function_call_output', call_id: item.call, output: 'ok' },
      ),
    }),
  },
  messages: {
    path: () => '/v1/messages',
    body: (items, stream) => ({
      model: 'm',
      stream,
      tools: [{ name: 'Bash', input_schema: schema }],
      messages: items.map((item) => ({
        role: 'user',
        content: [
          'user' in item
            ? { type: 'text', text: item.user }
            : { type: 'tool_result', tool_use_id: `toolu_${item.call}`, content: 'ok' },
        ],
      })),
    }),
  },
  generateContent: {
    path: (stream) => `/v1beta/models/m:${stream ? 'streamGenerateContent' : 'generateContent'}`,
    body: (items) => ({
      tools: [{ functionDeclarations: [{ name: 'run_shell_command', parametersJsonSchema: schema }] }],
      contents: items.map((item) => ({
        role: 'user',
        parts: [
          'user' in item
            ? { text: item.user }
            : { functionResponse: { id: `run_shell_command__${item.call}`, response: {} } },
        ],
      })),
    }),
  },
};

describe.each(Object.entries(CASES))('the scripted model in %s', (_name, { path, body }) => {
  const ask = async (items: Parameters<Case['body']>[0], stream: boolean): Promise<string> => {
    const answer = await fetch(model.url + path(stream), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body(items, stream)),
    });
    return `${answer.status} ${answer.headers.get('retry-after') ?? ''} ${await answer.text()}`;
  };

  it.each([false, true])(
    'says its turns in order, each told by the id of its call (streaming: %s)',
    async (stream) => {
      const first = await ask([{ user: ASK }], stream);
      expect(first).toMatch(/^200 /);
      expect(first).toContain('First.');
      // Filled as the tool's schema says, what it requires included.
      expect(first).toMatch(/\\?"command\\?":\s*\\?"ls\\?"/);
      expect(first).toContain('scripted step');
      const [id = ''] = /call_p0t0n0x\w+/.exec(first) ?? [];
      expect(id).not.toBe('');
      expect(await ask([{ user: ASK }, { call: id }], stream)).toContain('All is done');
      expect(await ask([{ user: ASK }, { call: id }, { user: REMINDER }], stream)).toContain('Reminded.');
      expect(await ask([{ user: ASK }], stream)).toContain('First.');
    },
  );

  it('refuses when it shall', async () => {
    const answer = await ask([{ user: '[[scenario:bad]]' }], true);
    expect(answer).toMatch(/^429 9 /);
    expect(answer).toContain('slow down');
  });
});
