/** What workers upload, and people download: always as an attachment, never as a page of this server. */
import { z } from 'zod';
import * as requests from '../../../contract/requests.ts';
import * as shapes from '../../../contract/shapes.ts';
import { isRefusal, refuse } from '../../../domain/refusal.ts';
import { isArtifact, readArtifact, storeArtifact } from '../../../services/artifacts.ts';
import { findAttempt } from '../../../services/attempts.ts';
import type { TicketChanged } from '../../../services/change-ticket.ts';
import { evidenceView } from '../../../services/present.ts';
import { listQuery, pageOf } from '../listing.ts';
import type { Answer, Api } from '../route.ts';
import { ownAttempt } from './attempts.ts';

const id = z.object({ id: z.string().max(100) });
/** Base64 makes three bytes four; the rest is the JSON around them. */
const jsonBytes = (bytes: number): number => Math.ceil(bytes / 3) * 4 + 65_536;

export function artifactRoutes(api: Api): void {
  const { deps } = api;
  api.route({
    method: 'POST',
    path: '/attempts/:id/artifacts',
    summary: 'Uploads an artifact of the attempt, and claims it as evidence',
    access: 'attempt',
    params: id,
    body: requests.createArtifact,
    response: shapes.evidence,
    status: 201,
    bodyLimit: jsonBytes(deps.artifactMaxBytes),
    handler: async (c) => {
      const own = ownAttempt(c.request, c.params.id);
      if (isRefusal(own)) return own;
      const { name, encoding = 'utf8' } = c.body;
      if (encoding === 'base64' && !/^[A-Za-z0-9+/]*={0,2}$/.test(c.body.content)) {
        return refuse('invalid_request', 'The content is not Base64.', {
          errors: [{ path: 'content', message: 'must be Base64 without line breaks' }],
        });
      }
      const content = Buffer.from(c.body.content, encoding);
      const show = ({ ticket }: TicketChanged): Answer => {
        const evidence = ticket.evidence.find((e) => isArtifact(e, own.attempt, name, content));
        return { body: evidence ? evidenceView(evidence) : null, status: 201 };
      };
      const stored = await storeArtifact(
        deps,
        c.caller,
        own,
        { name, content },
        { respond: c.respond(show) },
      );
      return isRefusal(stored) ? stored : show(stored);
    },
  });
  api.route({
    method: 'GET',
    path: '/attempts/:id/artifacts',
    summary: 'The artifacts of an attempt',
    access: 'worker',
    params: id,
    query: z.object(listQuery),
    response: shapes.page(shapes.evidence),
    handler: async ({ params, query, request }) => {
      const own =
        request.credential?.role === 'attempt' ? ownAttempt(request, params.id) : { attempt: params.id };
      if (isRefusal(own)) return own;
      const found = await findAttempt(deps, own.attempt);
      if (isRefusal(found)) return found;
      const artifacts = found.ticket.evidence.filter(
        (e) => e.attempt === own.attempt && e.kind === 'artifact',
      );
      return { body: pageOf(artifacts.map(evidenceView), query) };
    },
  });
  api.route({
    method: 'GET',
    path: '/evidence/:id/content',
    summary: 'Downloads an artifact',
    access: 'read',
    params: id,
    handler: async ({ params, reply }) => {
      const artifact = await readArtifact(deps, params.id);
      if (isRefusal(artifact)) return artifact;
      // Whatever a worker made must not run as a page of this server, whichever way it is opened.
      void reply.headers({
        'content-type': 'application/octet-stream',
        'content-disposition': disposition(artifact.name),
        'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'private, no-store',
      });
      // A buffer is sent as it is; the serializer is for JSON.
      void reply.send(Buffer.from(artifact.content));
      return null;
    },
  });
}

/** The plain name for old readers, in characters that need no quoting; the true one as RFC 6266 has it. */
function disposition(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._ -]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
