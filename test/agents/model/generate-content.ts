/** `POST /v1beta/models/MODEL:generateContent`: Gemini. Calls have ids only where the agent echoes them. */
import { array, type Dialect, json, pieces, string } from './dialect.ts';
import type { Asked, Reply, Tool } from './script.ts';

export const generateContent: Dialect = {
  read(path, body) {
    const [, model, verb] = /\/models\/([^:/]+):(generateContent|streamGenerateContent)$/.exec(path) ?? [];
    if (model === undefined) return null;
    return {
      model,
      isStream: verb === 'streamGenerateContent',
      items: array(body['contents']).flatMap((content): Asked['items'] =>
        content['role'] === 'model'
          ? []
          : array(content['parts']).flatMap((part): Asked['items'] => {
              const id = string(json(part['functionResponse'])['id']);
              if (part['functionResponse'] !== undefined)
                return [{ result: id.slice(Math.max(0, id.indexOf('call_p'))) }];
              return typeof part['text'] === 'string' ? [{ user: part['text'] }] : [];
            }),
      ),
      tools: array(body['tools']).flatMap((group) =>
        array(group['functionDeclarations']).map((tool) => ({
          name: string(tool['name']),
          parameters: json(tool['parametersJsonSchema'] ?? tool['parameters']) as Tool['parameters'],
        })),
      ),
    };
  },

  whole: (asked, reply) => answer(asked, reply, partsOf(reply), true),

  frames(asked, reply) {
    return [
      ...pieces(reply.text).map((text) => ({ data: answer(asked, reply, [{ text }], false) })),
      { data: answer(asked, reply, partsOf({ ...reply, text: '' }), true) },
    ];
  },

  error: (status, message) => ({
    error: { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT' },
  }),
};

function partsOf(reply: Reply): object[] {
  return [
    ...(reply.text === '' ? [] : [{ text: reply.text }]),
    ...reply.calls.map(({ id, tool, args }) => ({ functionCall: { id, name: tool.name, args } })),
  ];
}

function answer(asked: Asked, { usage }: Reply, parts: object[], isLast: boolean): object {
  return {
    candidates: [
      { index: 0, content: { role: 'model', parts }, ...(isLast ? { finishReason: 'STOP' } : {}) },
    ],
    modelVersion: asked.model,
    usageMetadata: {
      promptTokenCount: usage.input,
      candidatesTokenCount: usage.output,
      cachedContentTokenCount: usage.cached,
      totalTokenCount: usage.input + usage.output,
    },
  };
}
