/** What runners do with verifications, landings and sessions: taken, renewed, and reported, each under its fence. */
import { z } from 'zod';
import * as requests from '../../../contract/runner-requests.ts';
import { heartbeatAnswer } from '../../../contract/runner-protocol.ts';
import type { Runner } from '../../../domain/config.ts';
import type { Budget } from '../../../domain/ticket/state.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import { type Caller, notFound } from '../../../services/deps.ts';
import { announcePush, finishLandWork, landingDirective, startLanding } from '../../../services/landing.ts';
import { finishSession, renewSession } from '../../../services/orchestrator.ts';
import { appendOutput } from '../../../services/output.ts';
import { finishVerifyWork } from '../../../services/verification.ts';
import type { Work } from '../../../store/port.ts';
import type { Answer, Api } from '../route.ts';

const id = z.object({ id: z.string().max(100) });
const accepted: Answer = { body: { accepted: true } };
const acceptedShape = z.object({ accepted: z.literal(true) });

export function workRoutes(api: Api): void {
  const { deps } = api;
  const own = async (caller: Caller, workId: string, fence: number): Promise<Work | Refusal> => {
    const work = await deps.store.work(workId);
    if (!work) return notFound('work', workId);
    const runner = work.runner === null ? null : await deps.store.document<Runner>('runner', work.runner);
    if (!runner || runner.token !== caller.tokenId)
      return refuse('forbidden', `Work ${workId} was not offered to this runner.`);
    if (work.fence !== fence || work.state !== 'running') {
      return refuse('stale_attempt', `Work ${workId} has been given to another verifier, or is finished.`, {
        reason: 'superseded',
      });
    }
    return work;
  };
  const renew = async (
    work: Work,
    told: { directive: 'continue' | 'stop'; budget?: Budget } = { directive: 'continue' },
  ): Promise<Answer | Refusal> => {
    const renewed = await deps.store.renewLease(
      `work:${work.id}`,
      work.runner ?? '',
      work.fence,
      deps.timing.leaseMs,
    );
    if (!renewed)
      return refuse('stale_attempt', `The lease of work ${work.id} has been lost.`, {
        reason: 'lease_expired',
      });
    return { body: { leaseMs: deps.timing.leaseMs, ...told } };
  };
  for (const verb of ['accept', 'heartbeat'] as const) {
    api.route({
      method: 'POST',
      path: `/work/:id/${verb}`,
      summary: verb === 'accept' ? 'Takes a piece of work' : 'Renews its lease',
      access: 'runner',
      params: id,
      body: requests.workHeartbeat,
      response: heartbeatAnswer,
      handler: async ({ params, body, caller }) => {
        const work = await own(caller, params.id, body.fence);
        if (isRefusal(work)) return work;
        await deps.store.seen(work.runner ?? '', await deps.store.now(), null);
        if (work.kind === 'session') return renew(work, await renewSession(deps, work, body.usage));
        if (work.kind !== 'land') return renew(work);
        const started = verb === 'accept' ? await startLanding(deps, work) : null;
        return isRefusal(started) ? started : renew(work, { directive: await landingDirective(deps, work) });
      },
    });
  }
  api.route({
    method: 'POST',
    path: '/work/:id/output',
    summary: 'Adds to the output of a check',
    access: 'runner',
    params: id,
    body: requests.workOutput,
    response: acceptedShape,
    handler: async ({ params, body, caller }) => {
      const work = await own(caller, params.id, body.fence);
      if (isRefusal(work)) return work;
      // The checks on a merge result belong to the landing itself, not to the evidence about the submitted commit.
      const isOwn =
        work.kind === 'session'
          ? body.evidence === work.id
          : work.kind === 'land'
            ? (await deps.store.ticket(work.ticket))?.state.landing?.id === body.evidence
            : (await deps.store.ticketOfEvidence(body.evidence)) === work.ticket;
      if (!isOwn) return notFound('evidence', body.evidence);
      if (body.items.some((item) => item.seq >= OUTPUT_STRIDE)) {
        return refuse('invalid_request', `The output of one run has numbers below ${OUTPUT_STRIDE}.`, {
          errors: [{ path: 'items', message: 'seq is too large' }],
        });
      }
      const base = outputBase(work);
      await appendOutput(
        deps,
        body.evidence,
        body.items.map((item) => ({ ...item, seq: base + item.seq, at: Date.parse(item.at) })),
      );
      return accepted;
    },
  });
  api.route({
    method: 'POST',
    path: '/work/:id/intent',
    summary: 'Announces the push of a landing; nothing may be pushed before the answer',
    access: 'runner',
    params: id,
    body: requests.workIntent,
    response: acceptedShape,
    handler: async ({ params, body, caller }) => {
      const work = await own(caller, params.id, body.fence);
      if (isRefusal(work)) return work;
      const announced = await announcePush(deps, work, body);
      return isRefusal(announced) ? announced : accepted;
    },
  });
  api.route({
    method: 'POST',
    path: '/work/:id/end',
    summary: 'Reports what was found, or done',
    access: 'runner',
    params: id,
    body: requests.workEnd,
    response: acceptedShape,
    handler: async ({ params, body, caller }) => {
      const work = await own(caller, params.id, body.fence);
      if (isRefusal(work)) return work;
      if (work.kind === 'session') {
        const ended = requests.sessionResult.safeParse(body.result ?? {});
        if (!ended.success) return notAResult('session', ended.error);
        const { outcome, reason = null } = body;
        const done = await finishSession(deps, work, {
          fence: body.fence,
          outcome,
          reason,
          result: ended.data,
        });
        return isRefusal(done) ? done : accepted;
      }
      if (work.kind === 'land') {
        const landed = requests.landResult.safeParse(
          body.result ?? { state: 'unable', reason: body.reason ?? 'the runner could not' },
        );
        if (!landed.success) return notAResult('landing', landed.error);
        const done = await finishLandWork(deps, work, {
          fence: body.fence,
          outcome: body.outcome,
          report: landed.data,
        });
        return isRefusal(done) ? done : accepted;
      }
      const result = requests.verifyResult.safeParse(body.result ?? { evidence: [] });
      if (!result.success) return notAResult('verification', result.error);
      const done = await finishVerifyWork(deps, work, {
        fence: body.fence,
        outcome: body.outcome,
        reason: body.reason ?? null,
        findings: result.data.evidence,
      });
      return isRefusal(done) ? done : accepted;
    },
  });
}

function notAResult(of: string, error: z.ZodError): Refusal {
  return refuse('invalid_request', `The result is not that of a ${of}.`, {
    errors: error.issues.map((issue) => ({
      path: `result.${issue.path.join('.')}`,
      message: issue.message,
    })),
  });
}

/** A check that is run again appends behind the output of the run before. */
const OUTPUT_STRIDE = 10_000_000;
/** Output is numbered from here on, so that what is added up stays a whole number; seconds since 1970. */
const OUTPUT_EPOCH = Date.parse('2020-01-01T00:00:00.000Z') / 1000;

/**
 * The output of a run goes behind that of every run before it, also of work that was made anew for the same evidence or
 * landing and counts its own fences from one: by when it was made, and a second more for each time that it was taken
 * (which takes a lease, and so longer).
 */
function outputBase({ createdAt, fence }: Work): number {
  return (Math.max(0, Math.floor(createdAt / 1000) - OUTPUT_EPOCH) + fence) * OUTPUT_STRIDE;
}
