/**
 * Commits of attempts, kept so that no other runner needs the disk of the one that made them: verification, landing and
 * the next attempt go on elsewhere. Git names a commit by its content, so what a bundle holds cannot pass for another:
 * evidence and landings are about commit ids, and those are in the log.
 */
import { createHash } from 'node:crypto';
import type { HandedOver } from '../contract/runner-protocol.ts';
import type { Project, Runner } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { BUNDLE_MARK } from '../domain/runner-protocol.ts';
import type { Attempt, Ticket } from '../domain/ticket/state.ts';
import type { BundleRow } from '../store/port.ts';
import { findAttempt } from './attempts.ts';
import { type Caller, type Deps, notFound } from './deps.ts';
import { aliveWithinMs } from './dispatching.ts';

/** Late ones too: a runner that lost its attempt saves what it has, and says so to nobody's harm. */
export async function storeBundle(
  deps: Deps,
  runner: string,
  upload: { attempt: string; fence: number; head: string; wip: string | null; content: Uint8Array },
): Promise<true | Refusal> {
  const { content, fence, head, wip } = upload;
  if (content.length > deps.bundleMaxBytes) {
    return refuse(
      'body_too_large',
      `The bundle has ${content.length} bytes; one has at most ${deps.bundleMaxBytes} (MC_BUNDLE_MAX_BYTES).`,
    );
  }
  const found = await findAttempt(deps, upload.attempt);
  if (isRefusal(found)) return found;
  const { attempt, ticket } = found;
  if (fence > attempt.fence)
    return refuse('stale_attempt', `No run of attempt ${attempt.number} has had the number ${fence}.`, {
      reason: 'superseded',
    });
  const before = await deps.store.bundle(attempt.id);
  const sha256 = content.length === 0 ? null : await deps.artifacts.put(Buffer.concat([MARK, content]));
  const kept = await deps.store.saveBundle({
    attempt: attempt.id,
    ticket: ticket.key,
    number: attempt.number,
    fence,
    runner,
    sha256,
    size: content.length,
    head,
    wip,
    at: await deps.store.now(),
  });
  if (kept && before && before.sha256 !== sha256) await removeContent(deps, before);
  // One that came late is not kept, nor is what is in it.
  if (!kept) await removeContent(deps, { sha256 });
  return true;
}

const MARK = Buffer.from(BUNDLE_MARK);

/** Content that no other bundle holds. Artifacts cannot: their hashes are made without the mark. */
async function removeContent(deps: Deps, { sha256 }: Pick<BundleRow, 'sha256'>): Promise<void> {
  if (sha256 === null || (await deps.store.bundlesWith(sha256)) > 0) return;
  await deps.artifacts.remove(sha256);
}

const KEPT_MS = 30 * 86_400_000;
const AT_ONCE = 200;

/** Bundles of tickets that have been done or cancelled for a month. */
export async function pruneBundles(deps: Deps): Promise<number> {
  const old = await deps.store.bundlesOfClosed((await deps.store.now()) - KEPT_MS, AT_ONCE);
  for (const row of old) {
    await deps.store.removeBundle(row.attempt);
    await removeContent(deps, row);
  }
  return old.length;
}

/** For a runner that has been given work on the attempt, or another attempt at its ticket. */
export async function readBundle(deps: Deps, caller: Caller, attempt: string): Promise<Uint8Array | Refusal> {
  const row = await deps.store.bundle(attempt);
  if (row === null || row.sha256 === null) return notFound('bundle of attempt', attempt);
  if (!(await concerns(deps, caller, row)))
    return refuse('forbidden', `Attempt ${attempt} is nothing that this runner has been given work on.`);
  const content = await deps.artifacts.read(row.sha256);
  if (content === null) return notFound('content of the bundle of attempt', attempt);
  if (createHash('sha256').update(content).digest('hex') !== row.sha256)
    return notFound('unchanged content of the bundle of attempt', attempt);
  return content.subarray(MARK.length);
}

async function concerns(deps: Deps, caller: Caller, row: BundleRow): Promise<boolean> {
  const runners = await deps.store.documents<Runner>('runner');
  const own = new Set(runners.filter(({ token }) => token === caller.tokenId).map(({ id }) => id));
  const record = await deps.store.ticket(row.ticket);
  const isAtTicket = record?.state.attempts.some(
    ({ runner, state }) => runner !== null && state !== 'ended' && own.has(runner),
  );
  if (isAtTicket) return true;
  const works = await deps.store.workOfAttempt(row.attempt);
  return works.some(({ runner, state }) => state === 'running' && runner !== null && own.has(runner));
}

export function handedOver({ fence: _fence, runner: _runner, at: _at, ...row }: BundleRow): HandedOver {
  return row;
}

/** What the attempt's last run left, all of it; null while that is on its runner's disk alone. */
export async function finalBundle(deps: Deps, attempt: Attempt): Promise<HandedOver | null> {
  const row = attempt.state === 'ended' ? await deps.store.bundle(attempt.id) : null;
  // An earlier run's is not the end of it: what came after would be taken for missing.
  return row !== null && row.fence === attempt.fence ? handedOver(row) : null;
}

/** Of the attempts at this ticket that this one goes on from. */
export async function bundlesFor(deps: Deps, ticket: Ticket, attempt: Attempt): Promise<HandedOver[]> {
  const sources = ticket.attempts.filter(
    (earlier) =>
      earlier.number < attempt.number &&
      (earlier.id === attempt.continues ||
        (attempt.startAt !== null && [earlier.head, earlier.branch].includes(attempt.startAt))),
  );
  const wanted = await Promise.all(
    [...sources, attempt].map(async (source) => {
      const row = await deps.store.bundle(source.id);
      // The runner that made it has what came after an earlier run's bundle, and must not be taken back behind it.
      const isBehind = row !== null && row.fence < source.fence && source.runner === attempt.runner;
      return row === null || (isBehind && source.id !== attempt.id) ? [] : [handedOver(row)];
    }),
  );
  return wanted.flat();
}

/** The runner whose clone has the commits of an attempt; null where any runner can get at them. */
export async function keeperOf(
  deps: Deps,
  attempt: Attempt | undefined,
  kind: 'verify' | 'land',
): Promise<string | null> {
  if (attempt?.kind !== 'agent' || attempt.runner === null) return null;
  if ((await finalBundle(deps, attempt)) === null) return attempt.runner;
  const runner = await deps.store.document<Runner>('runner', attempt.runner);
  const seen = (await deps.store.presences()).find((presence) => presence.runner === attempt.runner);
  const isThere =
    seen !== undefined &&
    !seen.draining &&
    !runner?.draining &&
    (await deps.store.now()) - seen.seenAt < aliveWithinMs(deps);
  // Nothing has to be fetched there; elsewhere only where it is away.
  return isThere && runner?.kinds.includes(kind) ? attempt.runner : null;
}

/** Work follows the labels that the project asks of its runners, as attempts do. */
export async function suits(deps: Deps, runner: Runner, ticket: string): Promise<boolean> {
  const key = ticket.slice(0, ticket.lastIndexOf('-'));
  const project = await deps.store.document<Project>('project', key);
  return (project?.runnerLabels ?? []).every((label) => runner.labels.includes(label));
}
