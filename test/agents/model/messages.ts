/** `POST /v1/messages`: Claude Code. One user message may hold results of tools and text together. */
import { array, type Dialect, type Frame, type Json, json, newId, pieces, string } from './dialect.ts';
import type { Asked, Reply, Tool } from './script.ts';

export const messages: Dialect = {
  read(path, body) {
    if (!/\/messages(\/count_tokens)?$/.test(path)) return null;
    return {
      model: string(body['model']),
      isStream: body['stream'] === true,
      items: array(body['messages']).flatMap(itemsIn),
      tools: array(body['tools']).map((tool) => ({
        name: string(tool['name']),
        parameters: json(tool['input_schema']) as Tool['parameters'],
      })),
    };
  },

  whole: (asked, reply) => ({
    ...head(asked, reply),
    content: blocksOf(reply),
    stop_reason: reasonOf(reply),
  }),

  frames(asked, reply) {
    const frame = (type: string, data: object): Frame => ({ event: type, data: { type, ...data } });
    return [
      frame('message_start', { message: { ...head(asked, reply), content: [], stop_reason: null } }),
      ...blocksOf(reply).flatMap((block, index) => {
        const isText = block['type'] === 'text';
        const start = isText ? { type: 'text', text: '' } : { ...block, input: {} };
        const deltas = isText
          ? pieces(reply.text).map((text) => ({ type: 'text_delta', text }))
          : [{ type: 'input_json_delta', partial_json: JSON.stringify(block['input']) }];
        return [
          frame('content_block_start', { index, content_block: start }),
          ...deltas.map((delta) => frame('content_block_delta', { index, delta })),
          frame('content_block_stop', { index }),
        ];
      }),
      frame('message_delta', {
        delta: { stop_reason: reasonOf(reply), stop_sequence: null },
        usage: { output_tokens: reply.usage.output },
      }),
      frame('message_stop', {}),
    ];
  },

  error: (status, message) => ({
    type: 'error',
    error: { type: status === 429 ? 'rate_limit_error' : 'invalid_request_error', message },
  }),
};

function itemsIn({ role, content }: Json): Asked['items'] {
  if (role !== 'user') return [];
  if (typeof content === 'string') return [{ user: content }];
  return array(content).flatMap((part): Asked['items'] => {
    if (part['type'] === 'tool_result')
      return [{ result: string(part['tool_use_id']).replace(/^toolu_/, '') }];
    return part['type'] === 'text' ? [{ user: string(part['text']) }] : [];
  });
}

const head = (asked: Asked, { usage }: Reply) => ({
  id: newId('msg'),
  type: 'message',
  role: 'assistant',
  model: asked.model,
  stop_sequence: null,
  usage: {
    input_tokens: usage.input - usage.cached,
    cache_read_input_tokens: usage.cached,
    cache_creation_input_tokens: 0,
    output_tokens: usage.output,
  },
});

function blocksOf(reply: Reply): Json[] {
  return [
    ...(reply.text === '' ? [] : [{ type: 'text', text: reply.text }]),
    ...reply.calls.map(({ id, tool, args }) => ({
      type: 'tool_use',
      id: `toolu_${id}`,
      name: tool.name,
      input: args,
    })),
  ];
}

const reasonOf = (reply: Reply): string => (reply.calls.length > 0 ? 'tool_use' : 'end_turn');
