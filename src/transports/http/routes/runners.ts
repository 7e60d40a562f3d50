/** The runner protocol: register, poll, and the reports about attempts and work, each under its fence. */
import { z } from 'zod';
import * as requests from '../../../contract/runner-requests.ts';
import {
  heartbeatAnswer,
  offerId,
  type Polled,
  polled,
  registered,
} from '../../../contract/runner-protocol.ts';
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
import { aliveWithinMs } from '../../../services/dispatching.ts';
import { appendOutput } from '../../../services/output.ts';
import { isoOrNull } from '../../../services/present.ts';
import {
  drainRunner,
  pollOnce,
  registerRunner,
  releaseRunner,
  runnerFor,
} from '../../../services/runners.ts';
import type { Presence } from '../../../store/port.ts';
import type { Wakeups } from '../wakeups.ts';
import { listQuery, pageOf } from '../listing.ts';
import type { Answer, Api, Context } from '../route.ts';
import { bundleRoutes } from './bundles.ts';
import { workRoutes } from './work.ts';

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
        const [runner, now] = await Promise.all([
          runnerFor(deps, caller, params.id, body.instance),
          deps.store.now(),
        ]);
        if (isRefusal(runner)) return runner;
        const [result] = await Promise.all([
          pollOnce(deps, runner, { freeSlots: body.freeSlots }),
          deps.store.seen(runner.id, now, body.draining ?? false),
        ]);
        const left = deadline - Date.now();
        if (
          isNews(result, body.known) ||
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
      const { fence, usage } = c.body;
      const [renewed] = await Promise.all([
        heartbeatAttempt(deps, caller, { attempt: c.params.id, fence, usage }),
        deps.store.now().then((now) => deps.store.seen(caller.actor.id, now, null)),
      ]);
      return renewed;
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

/** Whether there is something in it that this runner does not know. */
function isNews({ offers, stop }: Polled, known: z.infer<typeof requests.pollRunner>['known']): boolean {
  return (
    stop.some((attempt) => !known?.stop.includes(attempt)) ||
    offers.some(
      (offer) => !known?.offers.some(({ id, fence }) => id === offerId(offer) && fence === offer.fence),
    )
  );
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
