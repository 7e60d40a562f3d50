/**
 * The end of an attempt on this runner: the whole tree stopped, the work saved, the output delivered, and the report
 * repeated until somebody answered it or said that nobody waits for it any more.
 */
import { rmSync } from 'node:fs';
import type { HeartbeatAnswer } from '../../contract/runner-protocol.ts';
import type { Diff } from '../../contract/shapes.ts';
import type { Outcome } from '../../domain/words.ts';
import type { RunningAgent, Usage } from '../adapters/adapter.ts';
import { sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import { type Lease, stoppingTimes } from '../lease.ts';
import { cleanText } from '../output/output-chunk.ts';
import type { OutputPump } from '../output/output-pump.ts';
import type { Tree } from '../ports.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptFiles, AttemptRecord, Cause } from './attempt-record.ts';
import { branchOf } from './prepare.ts';
import { uploadWork } from './upload-work.ts';

export interface Closing {
  context: AttemptContext;
  record: AttemptRecord;
  files: AttemptFiles;
  tree: Tree;
  lease: Lease;
  pump: OutputPump;
  agent: RunningAgent | undefined;
  save: () => void;
  note: (text: string) => void;
  /** The agent told the server something just now, so that it may be about to exit by itself. */
  hasSignalled: boolean;
  /** The slot is free: nothing runs any more, and the server knows. */
  released: () => void;
}

/** Before the last report; what is left of the output follows after it. */
const OUTPUT_FIRST_MS = 3000;
const OUTPUT_LAST_MS = 10 * 60_000;
/** A server that refuses to renew a lease that is long over has forgotten us in a way we do not know. */
const REFUSED_MS = 30_000;
/** Reports in a row that failed while renewals were answered: then without what is optional, then not any more. */
const PLAIN_AFTER = 3;
const GIVE_UP_AFTER = 20;

export async function closeAttempt(closing: Closing): Promise<void> {
  const { context, record, pump, files, agent } = closing;
  const cause = record.cause ?? { kind: 'stopped', reason: 'runner_error' };
  const early =
    cause.kind === 'timed_out' ? report(closing, { ...outcomeOf(cause), treeGone: false }, 1) : null;
  await windUp(closing, cause);
  await stopTree(closing, cause);
  await early;
  const work = await gatherWork(closing);
  const upload = uploadWork(context, record, closing.note, OUTPUT_LAST_MS);
  record.session = agent?.session() ?? record.session;
  const state = agent?.state();
  const exitCode =
    cause.kind === 'exited' ? cause.exitCode : state && state !== 'running' ? state.exitCode : null;
  const rest = pump.finish(OUTPUT_LAST_MS);
  await Promise.race([rest, sleep(context.clock, cause.kind === 'stale' ? 0 : OUTPUT_FIRST_MS)]);
  // Whoever verifies or lands it may have to fetch it, as soon as the end is reported.
  if (cause.kind !== 'stale') await upload.first;
  const result = cause.kind === 'stale' ? 'stale' : await deliver(closing, cause, { ...work, exitCode });
  closing.lease.end();
  closing.released();
  // Until the last of the output is delivered the attempt counts as closing: a later life would go on with that.
  await Promise.all([rest, upload.done]);
  record.phase = result === 'parked' ? 'parked' : 'ended';
  record.endedAt = context.clock.now();
  record.keepers = [];
  record.agentKeeper = null;
  // Token and prompt are of no more use here.
  record.offer = { ...record.offer, token: '', prompt: '', restartPrompt: null };
  closing.save();
  if (record.phase === 'ended') rmSync(files.dir, { recursive: true, force: true });
  context.log('attempt closed', { attempt: record.attempt, cause: cause.kind, result });
}

/** An agent that has said its last word is given a moment to exit by itself. */
async function windUp({ context, agent, lease, hasSignalled }: Closing, cause: Cause): Promise<void> {
  if (cause.kind !== 'directive' || !agent) return;
  await agent.windUp(hasSignalled);
  if (!hasSignalled && cause.directive === 'stop') return;
  const ends = Math.min(
    context.clock.monotonic() + context.courtesyMs,
    lease.trustedUntil - stoppingTimes(lease.leaseMs).aloneBeforeMs,
  );
  while (agent.state() === 'running' && context.clock.monotonic() < ends) await sleep(context.clock, 50);
}

/** Does not come back before the tree is gone: a process that cannot be ended holds its slot, and everyone sees it. */
async function stopTree({ context, record, tree, lease, note }: Closing, cause: Cause): Promise<void> {
  const isHurried =
    cause.kind === 'stale' || (cause.kind === 'stopped' && cause.reason === 'control_plane_unreachable');
  const graceMs = isHurried
    ? Math.min(context.killGraceMs, stoppingTimes(lease.leaseMs).graceMs)
    : context.killGraceMs;
  for (let round = 0; !(await tree.stop({ graceMs: round === 0 ? graceMs : 0 })); round++) {
    if (round === 0) note('Some processes of this attempt cannot be ended; the runner goes on trying.');
    context.log('process tree is not gone', { attempt: record.attempt });
    await sleep(context.clock, 1000);
  }
}

/** Of this run; the control plane adds up the runs of an attempt. What the gateway counted wins over what an agent says. */
export function usageOf(
  record: AttemptRecord,
  agent: RunningAgent | undefined,
): (Usage & { metered: boolean }) | undefined {
  if (record.metered) return { ...record.metered, metered: true };
  const said = agent?.usage();
  return said && Object.keys(said).length > 0 ? { ...said, metered: false } : undefined;
}

interface Work {
  head: string | null;
  diff: Diff | undefined;
}

async function gatherWork({ context, record, note }: Closing): Promise<Work> {
  const { worktree, base } = record;
  if (worktree === null || base === null) return { head: null, diff: undefined };
  try {
    await context.workspaces.save(record.project, worktree, record.ticket, record.number);
  } catch (error) {
    // The worktree stays until it can be saved.
    note(`Uncommitted work could not be saved yet: ${String(error)}`);
    context.log('work not saved', { attempt: record.attempt, error: String(error) });
  }
  try {
    const head = await context.workspaces.head(record.project, branchOf(record));
    const diff = head === null ? undefined : await context.workspaces.diff(record.project, base, head);
    return { head, diff };
  } catch (error) {
    context.log('head not read', { attempt: record.attempt, error: String(error) });
    return { head: null, diff: undefined };
  }
}

function outcomeOf(cause: Cause): { outcome: Outcome; reason: string; notBefore?: string } {
  switch (cause.kind) {
    case 'exited':
      return { outcome: 'failed', reason: 'exited_without_result' };
    case 'directive':
      return { outcome: 'stopped', reason: 'stopped_by_control_plane' };
    case 'timed_out':
      return { outcome: 'timed_out', reason: cause.reason };
    case 'failed':
      return { outcome: 'failed', reason: cleanText(cause.reason, 10_000) };
    case 'rate_limited':
      return {
        outcome: 'rate_limited',
        reason: cleanText(cause.reason, 10_000),
        notBefore: new Date(cause.notBefore).toISOString(),
      };
    case 'stopped':
      return { outcome: 'stopped', reason: cause.reason };
    case 'stale':
      return { outcome: 'lost', reason: cause.reason };
  }
}

type Delivery = 'parked' | 'ended' | 'stale';

/**
 * The server is asked first what it wants: an agent that asked and exited is parked, one that submitted has its
 * outcome already. Only its answer tells an agent that ended with a result from one that ended without.
 */
async function deliver(
  closing: Closing,
  cause: Cause,
  facts: { head: string | null; diff: Diff | undefined; exitCode: number | null },
): Promise<Delivery> {
  const { context, record, lease, agent } = closing;
  let unanswered = 0;
  for (let waitMs = 200; ; waitMs = Math.min(waitMs * 2, 5000)) {
    const beat = await lease.beatNow();
    // A report that never gets through must not hold the slot beyond our right to it: the lease ends the rest.
    if (context.clock.monotonic() > lease.trustedUntil) closing.released();
    if (beat.kind === 'stale') return 'stale';
    if (beat.kind === 'refused' && context.clock.monotonic() > lease.trustedUntil + REFUSED_MS)
      return 'stale';
    if (beat.kind === 'answer') {
      const result = await send(beat.answer, unanswered >= PLAIN_AFTER);
      if (result !== null) return result;
      unanswered += 1;
      // Renewals are answered and reports are not: renewing on would keep the ticket from everybody for ever.
      if (unanswered >= GIVE_UP_AFTER) return 'stale';
    }
    await sleep(context.clock, waitMs * (0.5 + context.clock.random()));
  }

  async function send(answer: HeartbeatAnswer, isPlain: boolean): Promise<Delivery | null> {
    if (answer.directive === 'park') {
      const parked = await report(
        closing,
        { session: record.session, usage: usageOf(record, agent), treeGone: true },
        1,
        'park',
      );
      if (parked !== 'refused') return parked === 'done' ? 'parked' : parked === 'stale' ? 'stale' : null;
    }
    const ended = await report(
      closing,
      {
        ...outcomeOf(cause),
        ...(isPlain ? {} : { ...facts, session: record.session, usage: usageOf(record, agent) }),
        treeGone: true,
      },
      1,
    );
    // What is refused for its form would be refused again: the report without what is optional is worth more than none.
    if (ended === 'refused') {
      const plain = await report(closing, { ...outcomeOf(cause), treeGone: true }, 3);
      return plain === 'done' ? 'ended' : plain === 'retry' ? null : 'stale';
    }
    return ended === 'done' ? 'ended' : ended === 'stale' ? 'stale' : null;
  }
}

async function report(
  { context, record }: Closing,
  body: Record<string, unknown>,
  tries: number,
  verb: 'end' | 'park' = 'end',
): Promise<'done' | 'stale' | 'refused' | 'retry'> {
  for (let n = 1; ; n++) {
    try {
      await context.controlPlane.attempt(record.attempt, verb, { fence: record.fence, ...body }, 20_000);
      return 'done';
    } catch (error) {
      const failure = failureOf(error);
      context.log(`${verb} was not accepted`, { attempt: record.attempt, failure, error: String(error) });
      if (failure === 'stale' || failure === 'superseded') return 'stale';
      if (failure === 'refused' || n >= tries) return failure;
    }
    await sleep(context.clock, 500);
  }
}
