/** The runner protocol: register, poll, and the reports about attempts and work, each under its fence. */
import { z } from 'zod';
import * as requests from '../../../contract/runner-requests.ts';
import { heartbeatAnswer, polled, registered } from '../../../contract/runner-protocol.ts';
import type { Budget } from '../../../domain/ticket/state.ts';
import * as shapes from '../../../contract/shapes.ts';
import type { Runner } from '../../../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import {
  acceptAttempt,
  endAttempt,
  findAttempt,
  heartbeatAttempt,
  parkAttempt,
  requestPermission,
} from '../../../services/attempts.ts';
import type { Caller } from '../../../services/deps.ts';
import { notFound } from '../../../services/deps.ts';
import { aliveWithinMs } from '../../../services/dispatching.ts';
import { announcePush, finishLandWork, landingDirective, startLanding } from '../../../services/landing.ts';
import { appendOutput } from '../../../services/output.ts';
import { isoOrNull } from '../../../services/present.ts';
import { finishSession, renewSession } from '../../../services/orchestrator.ts';
import {
  drainRunner,
  pollOnce,
  registerRunner,
  releaseRunner,
  runnerFor,
} from '../../../services/runners.ts';
import { finishVerifyWork } from '../../../services/verification.ts';
import type { Presence, Work } from '../../../store/port.ts';
import type { Wakeups } from '../wakeups.ts';
import { listQuery, pageOf } from '../listing.ts';
import type { Answer, Api, Context } from '../route.ts';
import { bundleRoutes } from './bundles.ts';

const id = z.object({ id: z.string().max(100) });
const accepted: Answer = { body: { accepted: true } };
const acceptedShape = z.object({ accepted: z.literal(true) });

export function runnerRoutes(api: Api, wakeups: Wakeups): void {
  const { deps } = api;

  api.route({
    method: 'POST',
    path: '/runners',
    summary: 'Registers a runner; the same name again supersedes the older process',
    access: 'runner',
    body: requests.registerRunner,
    response: registered,
    handler: async ({ body, caller }) => {
      const result = await registerRunner(deps, caller, {
        name: body.name,
        slots: body.slots,
        labels: body.labels ?? [],
        kinds: body.kinds ?? ['attempt', 'verify', 'land'],
        software: body.version,
        pid: body.pid ?? null,
        protocol: body.protocol ?? 1,
        containment: body.containment ?? [],
      });
      if (isRefusal(result)) return result;
      return {
        body: {
          ...result,
          leaseMs: deps.timing.leaseMs,
          graceMs: deps.timing.graceMs,
          offerMs: deps.timing.offerMs,
          bundleMaxBytes: deps.bundleMaxBytes,
        },
      };
    },
  });
  api.route({
    method: 'GET',
    path: '/runners',
    summary: 'Lists runners',
    access: 'read',
    query: z.object(listQuery),
    response: shapes.page(shapes.runner),
    handler: async ({ query }) => {
      const [runners, presences, now] = await Promise.all([
        deps.store.documents<Runner>('runner'),
        deps.store.presences(),
        deps.store.now(),
      ]);
      const items = await Promise.all(runners.map((runner) => runnerView(deps, runner, presences, now)));
      return { body: pageOf(items, query) };
    },
  });
  const one = async (runner: Runner): Promise<Answer> => ({
    body: await runnerView(deps, runner, await deps.store.presences(), await deps.store.now()),
  });
  api.route({
    method: 'POST',
    path: '/runners/:id/drain',
    summary: 'Gives nothing more to a runner; it leaves when nothing runs any more, or hands over at once',
    access: 'admin',
    params: id,
    body: requests.drainRunner,
    response: shapes.runner,
    handler: async ({ params, body, caller }) => {
      const { draining, handOver = false, reason = null } = body;
      const drained = await drainRunner(deps, caller, params.id, { draining, handOver, reason });
      wakeups.wakeAll();
      return isRefusal(drained) ? drained : one(drained);
    },
  });
  api.route({
    method: 'POST',
    path: '/runners/:id/release',
    summary: 'Frees the name of a runner for another token; who has it is superseded',
    access: 'admin',
    params: id,
    response: shapes.runner,
    handler: async ({ params, caller }) => {
      const released = await releaseRunner(deps, caller, params.id);
      wakeups.wakeAll();
      return isRefusal(released) ? released : one(released);
    },
  });
  api.route({
    method: 'POST',
    path: '/runners/:id/poll',
    summary: 'Long poll for offers; repeats what was not accepted yet',
    access: 'runner',
    params: id,
    body: requests.pollRunner,
    response: polled,
    handler: async ({ params, body, caller, request }) => {
      const deadline = Date.now() + (body.waitMs ?? 0);
      for (;;) {
        // Looked up at each turn: a newer process may have registered while this one waits.
        const runner = await runnerFor(deps, caller, params.id, body.instance);
        if (isRefusal(runner)) return runner;
        await deps.store.seen(runner.id, await deps.store.now(), body.draining ?? false);
        const result = await pollOnce(deps, runner, { freeSlots: body.freeSlots });
        const left = deadline - Date.now();
        if (
          result.offers.length > 0 ||
          result.stop.length > 0 ||
          result.drain !== undefined ||
          left <= 0 ||
          request.raw.socket.destroyed ||
          wakeups.closing
        )
          return { body: result };
        await wakeups.wait(`runner:${runner.id}`, Math.min(left, 2000));
        // Nobody is there any more; to say that it was seen would take back what it has said since, as that it drains.
        if (request.raw.socket.destroyed) return { body: result };
      }
    },
  });

  /** The attempt has to have been offered to the runner that this token registered. */
  const ownedBy = async (
    caller: Caller,
    attempt: string,
    instance: string | undefined,
  ): Promise<{ caller: Caller } | Refusal> => {
    const found = await findAttempt(deps, attempt);
    if (isRefusal(found)) return found;
    const runner =
      found.attempt.runner === null
        ? null
        : await deps.store.document<Runner>('runner', found.attempt.runner);
    if (!runner || runner.token !== caller.tokenId)
      return refuse('forbidden', `Attempt ${attempt} was not offered to this runner.`);
    // Both processes of one name have its token and saw its offers: without this both could take the same attempt.
    if (instance !== undefined && instance !== runner.instance)
      return refuse('runner_superseded', `A newer process has registered as ${runner.name}.`);
    return { caller: { ...caller, actor: { kind: 'runner', id: runner.id } } };
  };
  const report = <B extends z.ZodType>(
    verb: string,
    summary: string,
    body: B,
    run: (c: Context<{ id: string }, unknown, z.infer<B>>, caller: Caller) => Promise<unknown>,
    response: z.ZodType = acceptedShape,
    show: (result: never) => Answer = () => accepted,
  ): void => {
    api.route({
      method: 'POST',
      path: `/attempts/:id/${verb}`,
      summary,
      access: 'runner',
      params: id,
      body,
      response,
      handler: async (c) => {
        const owned = await ownedBy(c.caller, c.params.id, (c.body as { instance?: string }).instance);
        if (isRefusal(owned)) return owned;
        const result = await run(c as never, owned.caller);
        return isRefusal(result) ? result : show(result as never);
      },
    });
  };
  report('accept', 'Takes an offer', requests.attemptAccept, (c, caller) =>
    acceptAttempt(deps, caller, {
      attempt: c.params.id,
      fence: c.body.fence,
      base: c.body.base ?? null,
      branch: c.body.branch ?? null,
    }),
  );
  report(
    'heartbeat',
    'Renews the lease, and learns what is wanted',
    requests.attemptHeartbeat,
    async (c, caller) => {
      await deps.store.seen(caller.actor.id, await deps.store.now(), null);
      const { fence, usage } = c.body;
      return heartbeatAttempt(deps, caller, { attempt: c.params.id, fence, usage });
    },
    heartbeatAnswer,
    (renewed) => ({ body: renewed }),
  );
  report(
    'permission',
    'Asks for a tool permission; held while process and slot stay',
    requests.attemptPermission,
    (c, caller) => requestPermission(deps, caller, { attempt: c.params.id, ...c.body }),
    shapes.question,
    ((result: { ticket: { questions: { id: string }[] } }) => ({
      body: result.ticket.questions.at(-1),
    })) as never,
  );
  report('park', 'Parks the attempt until its question is answered', requests.attemptPark, (c, caller) =>
    parkAttempt(deps, caller, {
      attempt: c.params.id,
      fence: c.body.fence,
      session: c.body.session ?? null,
      treeGone: c.body.treeGone,
      usage: c.body.usage,
    }),
  );
  report(
    'end',
    'Reports the end; the outcome is fixed by the first report or signal',
    requests.attemptEnd,
    (c, caller) => {
      const { fence, outcome, reason, exitCode, head, session, usage, notBefore, diff, treeGone } = c.body;
      return endAttempt(
        deps,
        caller,
        {
          attempt: c.params.id,
          fence,
          outcome,
          reason: reason ?? null,
          exitCode: exitCode ?? null,
          head: head ?? null,
          session: session ?? null,
          usage,
          notBefore: notBefore ? Date.parse(notBefore) : null,
          treeGone,
        },
        diff,
      );
    },
  );
  bundleRoutes(api, ownedBy);
  // Output is excepted from fencing: it goes to its own attempt's log, also late.
  report('output', "Adds to the attempt's own output, also late", requests.attemptOutput, (c) =>
    appendOutput(
      deps,
      c.params.id,
      c.body.items.map((item) => ({ ...item, at: Date.parse(item.at) })),
    ),
  );

  workRoutes(api);
}

async function runnerView(deps: Api['deps'], runner: Runner, presences: readonly Presence[], now: number) {
  const seen = presences.find((presence) => presence.runner === runner.id);
  const alive = seen !== undefined && now - seen.seenAt < aliveWithinMs(deps);
  const draining = seen?.draining === true || Boolean(runner.draining);
  return {
    id: runner.id,
    name: runner.name,
    state: alive ? (draining ? ('draining' as const) : ('ready' as const)) : ('silent' as const),
    slots: runner.slots,
    busy: (await deps.store.attemptsOfRunner(runner.id)).length,
    labels: runner.labels,
    kinds: runner.kinds,
    pid: runner.pid,
    version: runner.software,
    lastSeenAt: isoOrNull(seen?.seenAt),
    containment: runner.containment ?? [],
  };
}

function workRoutes(api: Api): void {
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
      const base = work.fence * OUTPUT_STRIDE;
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
