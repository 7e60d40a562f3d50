/** What an adapter may ask of the runner, for one attempt. */
import { join } from 'node:path';
import type { AgentHost, Memory } from '../adapters/adapter.ts';
import { sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import type { Lease } from '../lease.ts';
import { cleanText } from '../output/output-chunk.ts';
import type { Tree } from '../ports.ts';
import type { ProcessId } from '../processes/process-table.ts';
import { TranscriptFile } from '../transcript/transcript-file.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptFiles, AttemptRecord, Cause } from './attempt-record.ts';

export interface HostParts {
  context: AttemptContext;
  record: AttemptRecord;
  files: AttemptFiles;
  tree: Tree;
  lease: Lease;
  save: () => void;
  note: (text: string) => void;
  end: (cause: Cause) => void;
  /** Aborted when the attempt is ending. */
  signal: AbortSignal;
}

const CLEAR_GRACE_MS = 2000;
/** As much as the contract takes. */
const MOST_QUESTION = 60_000;
const MOST_LABEL = 500;

/** Between tries to reach the server with what must not get lost. */
const AGAIN_MS = 1000;

export function agentHost(parts: HostParts): AgentHost {
  const { context, record, files, tree, lease, save, note, signal } = parts;
  const { clock, controlPlane, processes } = context;

  const keep = (keeper: ProcessId): void => {
    record.keepers.push(keeper);
    record.agentKeeper = keeper;
    tree.addRoot(keeper);
    save();
  };

  return {
    async start({ events, ...spec }) {
      const keeper = await processes.start({
        ...spec,
        marker: record.marker,
        output: events === undefined ? files.stdout : join(files.dir, events),
        errors: files.stderr,
        exit: files.exit('agent'),
      });
      keep(keeper);
      return keeper;
    },
    async open(spec) {
      const exit = files.exit('agent');
      const opened = await processes.open({ ...spec, marker: record.marker, errors: files.stderr, exit });
      keep(opened.keeper);
      return opened;
    },
    readExit: (keeper) => processes.readExit(files.exit('agent'), keeper),
    async clear() {
      while (!signal.aborted && !(await tree.stop({ graceMs: CLEAR_GRACE_MS })))
        await sleep(clock, AGAIN_MS, signal);
    },
    file: (name) => join(files.dir, name),
    note,
    transcript: new TranscriptFile(files.transcript),
    memory: () => record.memory ?? {},
    remember(memory: Memory) {
      record.memory = memory;
      save();
    },
    setSession(session) {
      record.session = session;
      save();
    },
    async ask(text, choices) {
      for (;;) {
        try {
          const body = {
            fence: record.fence,
            text: cleanText(text, MOST_QUESTION),
            choices: choices.map(({ id, label }) => ({ id, label: cleanText(label, MOST_LABEL) })),
          };
          return (await controlPlane.attempt<{ id: string }>(record.attempt, 'permission', body)).id;
        } catch (error) {
          // A server that restarts meanwhile is asked again: at worst the question stands there twice.
          if (failureOf(error) !== 'retry' || signal.aborted) throw error;
        }
        await sleep(clock, AGAIN_MS, signal);
      }
    },
    async park(session) {
      try {
        const body = { fence: record.fence, session, treeGone: false };
        await controlPlane.attempt(record.attempt, 'park', body);
      } catch (error) {
        context.log('not parked', { attempt: record.attempt, error: String(error) });
        lease.poke();
        return false;
      }
      parts.end({ kind: 'directive', directive: 'park' });
      return true;
    },
    async isOver() {
      while (!signal.aborted) {
        const beat = await lease.beatNow();
        if (beat.kind === 'stale') return true;
        if (beat.kind === 'answer') return beat.answer.directive !== 'continue';
        await sleep(clock, AGAIN_MS, signal);
      }
      return true;
    },
    pause: (ms) => sleep(clock, ms, signal),
    get isEnding() {
      return signal.aborted;
    },
    now: () => clock.now(),
  };
}
