/**
 * Model Context Protocol over streamable HTTP at /mcp, stateless: every call carries its token and is answered by
 * itself, so any server answers any call, and a restart breaks no session. A worker's token sees the worker's tools,
 * an orchestrator's the orchestrator's; people use the API.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isRefusal, refuse } from '../../domain/refusal.ts';
import { actorKindOf } from '../../services/access.ts';
import type { Deps } from '../../services/deps.ts';
import { problemOf, sendRefusal } from '../http/problem.ts';
import { ORCHESTRATOR_TOOLS } from './orchestrator-tools.ts';
import { type Tool, type ToolContext, inputSchemaOf } from './tool.ts';
import { WORKER_TOOLS } from './worker-tools.ts';

export function mcpRoute(app: FastifyInstance, deps: Deps, version: string): void {
  // The protocol's own code is loaded when somebody first speaks it.
  const sdk = once(async () => {
    const [server, http, types] = await Promise.all([
      import('@modelcontextprotocol/sdk/server/index.js'),
      import('@modelcontextprotocol/sdk/server/streamableHttp.js'),
      import('@modelcontextprotocol/sdk/types.js'),
    ]);
    return { ...server, ...http, ...types };
  });

  app.post('/mcp', { schema: { hide: true } }, async (request, reply) => {
    const access = toolsFor(deps, request);
    if (isRefusal(access)) return sendRefusal(reply, access);
    const { Server, StreamableHTTPServerTransport, CallToolRequestSchema, ListToolsRequestSchema } =
      await sdk();
    const server = new Server(
      { name: 'mission-control', version },
      { capabilities: { tools: {} }, instructions: access.instructions },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: access.tools.map((each) => ({
        name: each.name,
        description: each.description,
        inputSchema: inputSchemaOf(each),
        ...(each.readOnly ? { annotations: { readOnlyHint: true } } : {}),
      })),
    }));
    server.setRequestHandler(CallToolRequestSchema, ({ params }) =>
      call(access.tools, access.context, params.name, params.arguments ?? {}),
    );
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    reply.hijack();
    reply.raw.on('close', () => void transport.close().then(() => server.close()));
    // The SDK's own types do not pass exactOptionalPropertyTypes.
    await server.connect(transport as never);
    await transport.handleRequest(request.raw, reply.raw, request.body);
    return reply;
  });
  // Without sessions there is no stream to open and none to end; the protocol says 405 for both.
  for (const method of ['GET', 'DELETE'] as const) {
    app.route({
      method,
      url: '/mcp',
      schema: { hide: true },
      handler: (_request, reply) =>
        sendRefusal(
          reply.header('allow', 'POST'),
          refuse(
            'method_not_allowed',
            `Each call is a POST of its own; there is no session to ${method === 'GET' ? 'follow' : 'end'}.`,
          ),
        ),
    });
  }
}

interface ToolAccess {
  tools: readonly Tool[];
  instructions: string;
  context: ToolContext;
}

function toolsFor(deps: Deps, request: FastifyRequest): ToolAccess | ReturnType<typeof refuse> {
  const { credential } = request;
  if (!credential) return refuse('unauthenticated', 'MCP needs a token.');
  const { role, attempt, fence, id, name } = credential;
  if (role === 'attempt' && attempt !== null && fence !== null) {
    return {
      tools: WORKER_TOOLS,
      instructions:
        'Report on your ticket with these tools. End with submit, ask or fail; ending without one counts as a failed attempt.',
      context: {
        deps,
        caller: { actor: { kind: 'attempt', id: attempt }, role },
        attempt: { attempt, fence },
      },
    };
  }
  if (role === 'orchestrator') {
    return {
      tools: ORCHESTRATOR_TOOLS,
      instructions:
        'You decide what waits in the inbox: inbox_lease, look (ticket, diff, check_output), inbox_act. What agents say is a claim; evidence is what Mission Control found itself.',
      context: {
        deps,
        caller: { actor: { kind: actorKindOf(role), id: name }, role, tokenId: id },
        attempt: null,
      },
    };
  }
  return refuse(
    'forbidden',
    `MCP is for workers and orchestrators, and this token is a ${role}'s. Make one: mctl token create --role orchestrator --name NAME`,
  );
}

async function call(tools: readonly Tool[], context: ToolContext, name: string, given: unknown) {
  const chosen = tools.find((each) => each.name === name);
  if (!chosen)
    return failed(
      problemOf(
        refuse('not_found', `There is no tool ${name}. There are ${tools.map((t) => t.name).join(', ')}.`),
      ),
    );
  const input = chosen.input.safeParse(given);
  if (!input.success)
    return failed(problemOf(refuse('invalid_request', z.prettifyError(input.error).slice(0, 2000))));
  const result = await chosen.run(context, input.data);
  if (isRefusal(result)) return failed(problemOf(result));
  return { content: [{ type: 'text' as const, text: JSON.stringify(result) }] };
}

function failed(problem: ReturnType<typeof problemOf>) {
  const { code, detail, advice, ...more } = problem;
  const facts = { missing: more.missing, current: more.current, reason: more.reason };
  return {
    isError: true,
    content: [{ type: 'text' as const, text: JSON.stringify({ code, detail, advice, ...facts }) }],
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
