/** `POST /v1/chat/completions`: opencode, goose, qwen and many others. */
import { array, type Dialect, json, newId, pieces, seconds, string, textOf } from './dialect.ts';
import type { Asked, Reply, Tool } from './script.ts';

export const chatCompletions: Dialect = {
  read(path, body) {
    if (!path.endsWith('/chat/completions')) return null;
    return {
      model: string(body['model']),
      isStream: body['stream'] === true,
      items: array(body['messages']).flatMap((message): Asked['items'] => {
        if (message['role'] === 'user') return [{ user: textOf(message['content']) }];
        return message['role'] === 'tool'
          ? [{ result: string(message['tool_call_id']), text: textOf(message['content']) }]
          : [];
      }),
      tools: array(body['tools']).map(({ function: f }) => ({
        name: string(json(f)['name']),
        parameters: json(json(f)['parameters']) as Tool['parameters'],
      })),
    };
  },

  whole: (asked, reply) => ({
    ...head(asked, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: reply.text,
          ...(reply.calls.length > 0 ? { tool_calls: reply.calls.map((call) => callOf(call)) } : {}),
        },
        finish_reason: reasonOf(reply),
      },
    ],
    usage: usageOf(reply),
  }),

  frames(asked, reply) {
    const shared = head(asked, 'chat.completion.chunk');
    const chunk = (delta: object, finish: string | null = null) => ({
      data: { ...shared, choices: [{ index: 0, delta, finish_reason: finish }] },
    });
    return [
      chunk({ role: 'assistant', content: '' }),
      ...pieces(reply.thought).map((piece) => chunk({ reasoning_content: piece })),
      ...pieces(reply.text).map((piece) => chunk({ content: piece })),
      ...reply.calls.map((call, index) => chunk({ tool_calls: [{ index, ...callOf(call) }] })),
      chunk({}, reasonOf(reply)),
      { data: { ...shared, choices: [], usage: usageOf(reply) } },
      { data: '[DONE]' },
    ];
  },

  error: (status, message) => ({ error: { message, type: 'scripted_error', code: status } }),
};

const head = (asked: Asked, object: string) => ({
  id: newId('chatcmpl'),
  object,
  created: seconds(),
  model: asked.model,
});
const callOf = (call: Reply['calls'][number]) => ({
  id: call.id,
  type: 'function',
  function: { name: call.tool.name, arguments: JSON.stringify(call.args) },
});
const reasonOf = (reply: Reply): string => (reply.calls.length > 0 ? 'tool_calls' : 'stop');
const usageOf = ({ usage }: Reply) => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: usage.cached },
});
