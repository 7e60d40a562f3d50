/**
 * Runs one command of the project (its setup, or a check) in the clean worktree: without tokens, with a HOME of its
 * own, within its time, and with nothing left running afterwards.
 */
import { closeSync, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Clock, sleep } from '../clock.ts';
import { cleanTail } from '../output/output-chunk.ts';
import { OutputPump, type SendResult } from '../output/output-pump.ts';
import { ProgramNotFound } from '../processes/agent-process.ts';
import type { Processes } from '../ports.ts';
import type { OutputItem } from '../../contract/shapes.ts';

export interface CheckSpec {
  /** Names the files that belong to it. */
  name: string;
  command: string[];
  timeoutSeconds: number;
  cwd: string;
  env: Record<string, string>;
  marker: string;
  dir: string;
  send: (items: OutputItem[]) => Promise<SendResult>;
  firstSeq: number;
  killGraceMs: number;
}

/**
 * - `passed`, `failed`, `timed_out`: it ran, and that is an answer
 * - `unable`: it did not run, or the machine failed it; no answer
 * - `cancelled`: nobody waits for the answer
 */
export interface CheckResult {
  state: 'passed' | 'failed' | 'timed_out' | 'unable' | 'cancelled';
  exitCode: number | null;
  durationMs: number;
  /** The end of the output, or why it could not run. */
  text: string;
  /** The pump goes on delivering after the answer is there. */
  delivered: Promise<boolean>;
}

const TAIL_BYTES = 6000;
/** Below this a failure says more about the disk than about the commit. */
const DISK_RESERVE_BYTES = 16 * 1024 * 1024;

export async function runCheck(
  { clock, processes }: { clock: Clock; processes: Processes },
  spec: CheckSpec,
  signal: AbortSignal,
): Promise<CheckResult> {
  const output = join(spec.dir, `${spec.name}.stdout`);
  const errors = join(spec.dir, `${spec.name}.stderr`);
  const exit = join(spec.dir, `${spec.name}.exit`);
  const startedAt = clock.monotonic();
  const pump = new OutputPump({
    sources: [
      { stream: 'stdout', path: output },
      { stream: 'stderr', path: errors },
    ],
    cursor: join(spec.dir, `${spec.name}.cursor.json`),
    secrets: [],
    clock,
    send: spec.send,
    firstSeq: spec.firstSeq,
  });
  const tree = processes.tree(spec.marker, []);
  try {
    const keeper = await processes.start({
      command: spec.command,
      cwd: spec.cwd,
      env: spec.env,
      marker: spec.marker,
      input: null,
      output,
      errors,
      exit,
    });
    tree.addRoot(keeper);
    pump.start();
    const endsAt = startedAt + spec.timeoutSeconds * 1000;
    let state = processes.readExit(exit, keeper);
    while (state === 'running' && clock.monotonic() < endsAt && !signal.aborted) {
      await sleep(clock, 50, signal);
      tree.track();
      state = processes.readExit(exit, keeper);
    }
    const durationMs = clock.monotonic() - startedAt;
    await stopWholly(clock, tree, state === 'running' ? spec.killGraceMs : 0);
    const text = `${readTail(output)}${readTail(errors)}`;
    const delivered = pump.finish(signal.aborted ? 1000 : 60_000);
    if (state === 'running') {
      return {
        state: signal.aborted ? 'cancelled' : 'timed_out',
        exitCode: null,
        durationMs,
        text,
        delivered,
      };
    }
    if (state.exitCode === 0) return { state: 'passed', exitCode: 0, durationMs, text, delivered };
    if (isDiskFull(spec.dir)) {
      const reason = 'The disk of the runner is full; make space, and verify again.';
      return { state: 'unable', exitCode: state.exitCode, durationMs, text: reason, delivered };
    }
    if (state.exitCode === null) {
      const reason = 'The process that records the exit code was killed.';
      return { state: 'unable', exitCode: null, durationMs, text: reason, delivered };
    }
    return { state: 'failed', exitCode: state.exitCode, durationMs, text, delivered };
  } catch (error) {
    await pump.stop();
    const text = error instanceof Error ? error.message : String(error);
    // A program of the repository itself that is not there is a property of the commit.
    const program = spec.command[0] ?? '';
    const isOfCommit = error instanceof ProgramNotFound && program.includes('/') && !isAbsolute(program);
    return {
      state: isOfCommit ? 'failed' : 'unable',
      exitCode: isOfCommit ? 127 : null,
      durationMs: clock.monotonic() - startedAt,
      text: isOfCommit ? `${text} at that commit.` : text,
      delivered: Promise.resolve(true),
    };
  }
}

async function stopWholly(clock: Clock, tree: ReturnType<Processes['tree']>, graceMs: number): Promise<void> {
  for (let round = 0; !(await tree.stop({ graceMs: round === 0 ? graceMs : 0 })); round++)
    await sleep(clock, 1000);
}

function isDiskFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize < DISK_RESERVE_BYTES;
  } catch {
    return false;
  }
}

function readTail(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, buffer, 0, buffer.length, Math.max(0, size - TAIL_BYTES));
    return cleanTail(buffer.toString(), TAIL_BYTES);
  } finally {
    closeSync(fd);
  }
}
