/** Orchestrators that are agents: what they are doing, and what their last run said. */
import { z } from 'zod';
import { orchestrator } from '../../../contract/job-shapes.ts';
import * as shapes from '../../../contract/shapes.ts';
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
