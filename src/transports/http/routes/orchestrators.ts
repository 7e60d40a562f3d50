/** Agent programs on this machine, and orchestrators that are agents: what they are doing, and what they said last. */
import { z } from 'zod';
import { knownAgent, orchestrator } from '../../../contract/job-shapes.ts';
import * as shapes from '../../../contract/shapes.ts';
import { listAgents } from '../../../services/agents.ts';
import { notFound } from '../../../services/deps.ts';
import { listOrchestrators, newestRun } from '../../../services/orchestrator.ts';
import { readOutput } from '../../../services/output.ts';
import { listQuery, pageOf } from '../listing.ts';
import type { Api } from '../route.ts';

export function orchestratorRoutes(api: Api): void {
  const { deps } = api;
  api.route({
    method: 'GET',
    path: '/orchestrators',
    summary: 'Orchestrators that are agents, with what waits for them',
    access: 'read',
    query: z.object(listQuery),
    response: shapes.page(orchestrator),
    handler: async ({ query }) => ({ body: pageOf(await listOrchestrators(deps), query) }),
  });
  api.route({
    method: 'GET',
    path: '/agents',
    summary:
      "Agent programs on the server's machine: their versions, whether they answer, and a profile for each",
    access: 'person',
    query: z.object(listQuery),
    response: shapes.page(knownAgent),
    handler: async ({ query }) => ({ body: pageOf(await listAgents(deps), query) }),
  });
  api.route({
    method: 'GET',
    path: '/orchestrators/:profile/output',
    summary: "The output of an orchestrator's run under way, or of its last",
    access: 'read',
    params: z.object({ profile: z.string().max(100) }),
    query: z.object({
      after: z.coerce.number().int().min(-1).optional(),
      limit: z.coerce.number().int().min(1).max(5000).optional(),
    }),
    response: shapes.output,
    handler: async ({ params, query }) => {
      const run = await newestRun(deps, params.profile);
      if (run === null) return notFound('run of orchestrator', params.profile);
      return { body: await readOutput(deps, run, { ...query, wait: 0 }, () => Promise.resolve(true)) };
    },
  });
}
