/**
 * The attempt's commits on their way to the server, so that whoever goes on with them needs nothing of this machine.
 * Before the end is reported where that is quick; else after it, for as long as the rest of the output may take.
 */
import { ApiProblem } from '../../client/api-client.ts';
import { sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import type { MadeBundle } from '../git/bundles.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptRecord } from './attempt-record.ts';

/** Of one request; a large bundle over a slow line takes its time. */
const UPLOAD_MS = 80_000;
/** How long the report of the end waits for it. */
const FIRST_MS = 10_000;

export interface Upload {
  /** Settled when it has arrived, was refused for good, or the report should wait no longer. */
  first: Promise<void>;
  /** Settled when nothing is tried any more. */
  done: Promise<void>;
}

export function uploadWork(
  context: AttemptContext,
  record: AttemptRecord,
  note: (text: string) => void,
  forMs: number,
): Upload {
  const done = upload(context, record, note, forMs).catch((error: unknown) =>
    context.log('work was not uploaded', { attempt: record.attempt, error: String(error) }),
  );
  return { first: Promise.race([done, sleep(context.clock, FIRST_MS)]), done };
}

async function upload(
  context: AttemptContext,
  record: AttemptRecord,
  note: (text: string) => void,
  forMs: number,
): Promise<void> {
  const { clock, handOver, controlPlane } = context;
  if (record.worktree === null) return;
  const ends = clock.monotonic() + forMs;
  let mostBytes = context.bundleMaxBytes();
  // What an earlier life began may be over before this one is registered.
  for (; mostBytes === null && clock.monotonic() < ends; mostBytes = context.bundleMaxBytes())
    await sleep(clock, 200);
  if (mostBytes === null || mostBytes === 0) return;
  const made = await handOver.pack(record.offer.project, record, mostBytes);
  if (made === null) return;
  if (made.size > mostBytes) {
    note(
      `The work of this attempt has ${made.size} bytes, and the server takes ${mostBytes} (MC_BUNDLE_MAX_BYTES): only this runner can go on with it.`,
    );
    return;
  }
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      await send(made);
      return;
    } catch (error) {
      context.log('work was not uploaded yet', { attempt: record.attempt, error: String(error) });
      if (error instanceof ApiProblem && failureOf(error) !== 'retry') return;
      if (clock.monotonic() > ends) return;
    }
    await sleep(clock, waitMs * (0.5 + clock.random()));
  }

  function send({ head, wip, content }: MadeBundle): Promise<void> {
    const { attempt, fence } = record;
    return controlPlane.uploadBundle(attempt, { fence, head, wip }, content, UPLOAD_MS);
  }
}
