/** Commits of attempts as git bundles: uploaded by the runner that made them, fetched by one that goes on with them. */
import { z } from 'zod';
import * as requests from '../../../contract/runner-requests.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import { readBundle, storeBundle } from '../../../services/bundles.ts';
import type { Caller } from '../../../services/deps.ts';
import type { Api } from '../route.ts';

const id = z.object({ id: z.string().max(100) });

export function bundleRoutes(
  api: Api,
  ownedBy: (
    caller: Caller,
    attempt: string,
    instance: string | undefined,
  ) => Promise<{ caller: Caller } | Refusal>,
): void {
  const { deps } = api;
  api.route({
    method: 'POST',
    path: '/attempts/:id/bundle',
    summary: "Uploads the attempt's commits as a git bundle, also late",
    access: 'runner',
    params: id,
    query: requests.uploadBundle,
    takesBytes: true,
    bodyLimit: deps.bundleMaxBytes + 1,
    response: z.object({ accepted: z.literal(true) }),
    handler: async ({ params, query, caller, request }) => {
      const owned = await ownedBy(caller, params.id, undefined);
      if (isRefusal(owned)) return owned;
      // An empty one says that the repository has all of it: that must not be said by mistake.
      if (request.headers['content-type'] !== 'application/octet-stream')
        return refuse('unsupported_media_type', 'A bundle is sent as application/octet-stream.');
      const content = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      const upload = { attempt: params.id, ...query, wip: query.wip ?? null, content };
      const stored = await storeBundle(deps, owned.caller.actor.id, upload);
      return isRefusal(stored) ? stored : { body: { accepted: true } };
    },
  });
  api.route({
    method: 'GET',
    path: '/attempts/:id/bundle',
    summary: 'The commits of an attempt, for a runner that has work on them',
    access: 'runner',
    params: id,
    handler: async ({ params, caller, reply }) => {
      const content = await readBundle(deps, caller, params.id);
      if (isRefusal(content)) return content;
      void reply.header('content-type', 'application/octet-stream');
      void reply.send(Buffer.from(content));
      return null;
    },
  });
}
