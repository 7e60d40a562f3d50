/** Attempts as people see them; signals of workers; evidence and its output. */
import { z } from 'zod';
import * as requests from '../../../contract/requests.ts';
import { ticketForWorker } from '../../../contract/runner-protocol.ts';
import * as shapes from '../../../contract/shapes.ts';
import type { Project } from '../../../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import { currentAttempt } from '../../../domain/ticket/fence.ts';
import { workerBrief } from '../../../domain/ticket/prompt.ts';
import { findAttempt, signalAttempt } from '../../../services/attempts.ts';
import { notFound } from '../../../services/deps.ts';
import { readOutput } from '../../../services/output.ts';
import { attemptView, evidenceView } from '../../../services/present.ts';
import { loadTicket } from '../../../services/tickets.ts';
import { reverifyEvidence } from '../../../services/verification.ts';
import { listQuery, pageOf, several } from '../listing.ts';
import type { Answer, Api } from '../route.ts';
import type { Wakeups } from '../wakeups.ts';
import type { FastifyRequest } from 'fastify';

const id = z.object({ id: z.string().max(100) });
const outputQuery = z.object({
  after: z.coerce.number().int().min(-1).optional(),
  limit: z.coerce.number().int().min(1).max(5000).optional(),
  wait: z.coerce.number().int().min(0).max(60_000).optional(),
});

/** `self` stands for the attempt of the token; another attempt's id is refused. */
export function ownAttempt(
  request: FastifyRequest,
  given: string,
): { attempt: string; fence: number } | Refusal {
  const { credential } = request;
  if (!credential || credential.attempt === null || credential.fence === null) {
    return refuse('forbidden', 'Only the token of an attempt may do this.');
  }
  if (given !== 'self' && given !== credential.attempt) {
    return refuse('forbidden', `This token is for attempt ${credential.attempt}, not for ${given}.`);
  }
  return { attempt: credential.attempt, fence: credential.fence };
}

export function attemptRoutes(api: Api, wakeups: Wakeups): void {
  const { deps } = api;
  api.route({
    method: 'GET',
    path: '/attempts',
    summary: 'The attempts at several tickets, for a picture of them',
    access: 'read',
    query: z.object({
      ticket: z.string().min(1).max(4000).describe('up to 100 keys, separated by commas'),
      ...listQuery,
      limit: z.coerce.number().int().min(1).max(1000).optional(),
    }),
    response: shapes.page(shapes.attempt),
    handler: async ({ query }) => {
      const keys = (several(query.ticket) ?? []).slice(0, 100);
      const { items } = await deps.store.tickets({ keys, sort: 'created', limit: 100 });
      const attempts = items.flatMap((ticket) => ticket.attempts.map((a) => attemptView(ticket, a)));
      return { body: pageOf(attempts, query) };
    },
  });
  api.route({
    method: 'GET',
    path: '/tickets/:key/attempts',
    summary: 'The attempts at a ticket',
    access: 'read',
    params: z.object({ key: z.string().max(30) }),
    query: z.object(listQuery),
    response: shapes.page(shapes.attempt),
    handler: async ({ params, query }) => {
      const ticket = await loadTicket(deps, params.key);
      return isRefusal(ticket)
        ? ticket
        : {
            body: pageOf(
              ticket.attempts.map((attempt) => attemptView(ticket, attempt)),
              query,
            ),
          };
    },
  });
  api.route({
    method: 'GET',
    path: '/attempts/:id',
    summary: 'One attempt',
    access: 'worker',
    params: id,
    response: shapes.attempt,
    handler: async ({ params, request }) => {
      const own =
        request.credential?.role === 'attempt' ? ownAttempt(request, params.id) : { attempt: params.id };
      if (isRefusal(own)) return own;
      const found = await findAttempt(deps, own.attempt);
      return isRefusal(found) ? found : { body: attemptView(found.ticket, found.attempt) };
    },
  });
  api.route({
    method: 'GET',
    path: '/attempts/:id/ticket',
    summary: 'What a worker may read: its own ticket',
    access: 'attempt',
    params: id,
    response: ticketForWorker,
    handler: async ({ params, request }) => {
      const own = ownAttempt(request, params.id);
      if (isRefusal(own)) return own;
      const found = await findAttempt(deps, own.attempt);
      if (isRefusal(found)) return found;
      const attempt = currentAttempt(found.ticket, own.attempt, own.fence);
      if (isRefusal(attempt)) return attempt;
      const project = await deps.store.document<Project>('project', found.ticket.project);
      return { body: workerBrief(found.ticket, attempt, project?.completion.checks ?? []) };
    },
  });
  api.route({
    method: 'POST',
    path: '/attempts/:id/signals',
    summary: 'A signal of a worker about its own attempt',
    access: 'attempt',
    params: id,
    body: requests.signal,
    response: z.object({ accepted: z.literal(true) }),
    handler: async (c) => {
      const own = ownAttempt(c.request, c.params.id);
      if (isRefusal(own)) return own;
      const accepted: Answer = { body: { accepted: true } };
      const result = await signalAttempt(deps, c.caller, own, c.body, { respond: c.respond(() => accepted) });
      return isRefusal(result) ? result : accepted;
    },
  });
  api.route({
    method: 'GET',
    path: '/attempts/:id/output',
    summary: 'Live output after a sequence number; `wait` makes it a long poll',
    access: 'read',
    params: id,
    query: outputQuery,
    response: shapes.output,
    handler: async ({ params, query, request }) => {
      const found = await findAttempt(deps, params.id);
      if (isRefusal(found)) return found;
      const hasEnded = async (): Promise<boolean> => {
        const now = await findAttempt(deps, params.id);
        return isRefusal(now) || now.attempt.state === 'ended' || now.attempt.state === 'parked';
      };
      const isGone = (): boolean => request.raw.socket.destroyed || wakeups.closing;
      return { body: await readOutput(deps, params.id, query, hasEnded, isGone) };
    },
  });
  api.route({
    method: 'GET',
    path: '/attempts/:id/diff',
    summary: 'What the attempt changed against where it started',
    access: 'read',
    params: id,
    response: shapes.diff,
    handler: async ({ params }) => {
      const found = await findAttempt(deps, params.id);
      if (isRefusal(found)) return found;
      const { ticket, attempt } = found;
      const diff = (await deps.store.diff(params.id)) as shapes.Diff | null;
      if (!diff)
        return { body: { base: attempt.base, head: attempt.head, files: [], patch: '', truncated: false } };
      // Which files are protected is the project's setting, and was found by the verifier.
      const touched = new Set(
        ticket.evidence
          .filter((e) => e.attempt === attempt.id)
          .flatMap((e) => (e.details['protectedPaths'] as string[] | undefined) ?? []),
      );
      return {
        body: { ...diff, files: diff.files.map((file) => ({ ...file, protected: touched.has(file.path) })) },
      };
    },
  });
  api.route({
    method: 'GET',
    path: '/evidence/:id/output',
    summary: 'What a check printed',
    access: 'read',
    params: id,
    query: outputQuery,
    response: shapes.output,
    handler: async ({ params, query }) => {
      const key = await deps.store.ticketOfEvidence(params.id);
      if (key === null) return notFound('evidence', params.id);
      // While a verdict is due, the first or another one, it may print more.
      const hasVerdict = async (): Promise<boolean> => {
        const record = await deps.store.ticket(key);
        const evidence = record?.state.evidence.find((e) => e.id === params.id);
        if (!evidence || (evidence.state === 'unverified' && !evidence.givenUp)) return !evidence;
        const works = evidence.attempt === null ? [] : await deps.store.workOfAttempt(evidence.attempt);
        return !works.some(({ kind }) => kind === 'verify');
      };
      return { body: await readOutput(deps, params.id, { ...query, wait: 0 }, hasVerdict) };
    },
  });
  api.route({
    method: 'GET',
    path: '/evidence/:id',
    summary: 'One piece of evidence',
    access: 'read',
    params: id,
    response: shapes.evidence,
    handler: async ({ params }) => {
      const key = await deps.store.ticketOfEvidence(params.id);
      const record = key === null ? null : await deps.store.ticket(key);
      const evidence = record?.state.evidence.find((e) => e.id === params.id);
      return evidence ? { body: evidenceView(evidence) } : notFound('evidence', params.id);
    },
  });
  api.route({
    method: 'POST',
    path: '/evidence/:id/verify',
    summary: 'Verifies again',
    access: 'write',
    params: id,
    response: shapes.evidence,
    handler: async (c) => {
      const show = ({ ticket }: { ticket: { evidence: Parameters<typeof evidenceView>[0][] } }): Answer => {
        const evidence = ticket.evidence.find((e) => e.id === c.params.id);
        return { body: evidence ? evidenceView(evidence) : null };
      };
      const result = await reverifyEvidence(deps, c.caller, c.params.id, { respond: c.respond(show) });
      return isRefusal(result) ? result : show(result);
    },
  });
}
