/** `POST /v1/responses`: codex. MCP tools come as namespaces of tools, and calls have to name the namespace again. */
import {
  array,
  type Dialect,
  type Frame,
  type Json,
  json,
  newId,
  pieces,
  seconds,
  string,
  textOf,
} from './dialect.ts';
import type { Asked, Reply, Tool } from './script.ts';

export const responses: Dialect = {
  read(path, body) {
    if (!path.endsWith('/responses')) return null;
    return {
      model: string(body['model']),
      isStream: body['stream'] === true,
      items: array(body['input']).flatMap((item): Asked['items'] => {
        if (item['role'] === 'user') return [{ user: textOf(item['content']) }];
        const isResult = string(item['type']).endsWith('_call_output');
        return isResult ? [{ result: string(item['call_id']) }] : [];
      }),
      tools: array(body['tools']).flatMap((tool) => toolsIn(tool)),
    };
  },

  whole: (asked, reply) => whole(asked, reply, itemsOf(reply)),

  frames(asked, reply) {
    const items = itemsOf(reply);
    const done = whole(asked, reply, items);
    const frame = (type: string, data: object): Frame => ({ event: type, data: { type, ...data } });
    return [
      frame('response.created', { response: { ...done, status: 'in_progress', output: [], usage: null } }),
      ...items.flatMap((item, output_index) => [
        frame('response.output_item.added', { output_index, item: { ...item, status: 'in_progress' } }),
        ...(item['type'] === 'message'
          ? pieces(reply.text).map((delta) =>
              frame('response.output_text.delta', {
                item_id: item['id'],
                output_index,
                content_index: 0,
                delta,
              }),
            )
          : []),
        frame('response.output_item.done', { output_index, item }),
      ]),
      frame('response.completed', { response: done }),
    ];
  },

  error: (status, message) => ({ error: { message, type: 'scripted_error', code: String(status) } }),
};

function toolsIn(tool: Json): Tool[] {
  if (tool['type'] === 'namespace') {
    const namespace = string(tool['name']);
    return array(tool['tools'])
      .flatMap(toolsIn)
      .map((inner) => ({ ...inner, namespace }));
  }
  if (tool['type'] !== 'function') return [];
  return [{ name: string(tool['name']), parameters: json(tool['parameters']) as Tool['parameters'] }];
}

function itemsOf(reply: Reply): Json[] {
  const items: Json[] = [];
  if (reply.thought !== '') {
    const summary = [{ type: 'summary_text', text: reply.thought }];
    items.push({ type: 'reasoning', id: newId('rs'), summary });
  }
  if (reply.text !== '') {
    items.push({
      type: 'message',
      id: newId('msg'),
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: reply.text, annotations: [] }],
    });
  }
  for (const { id, tool, args } of reply.calls) {
    items.push({
      type: 'function_call',
      id: newId('fc'),
      call_id: id,
      name: tool.name,
      ...(tool.namespace === undefined ? {} : { namespace: tool.namespace }),
      arguments: JSON.stringify(args),
      status: 'completed',
    });
  }
  return items;
}

function whole(asked: Asked, { usage }: Reply, output: Json[]): Json {
  return {
    id: newId('resp'),
    object: 'response',
    created_at: seconds(),
    status: 'completed',
    model: asked.model,
    output,
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  };
}
