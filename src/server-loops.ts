/**
 * What a server does by itself, and how often: the one place where loops are wired. `server.ts` puts timers around
 * them, and the simulation runs the very same ones on virtual time, so that what is added here is in both.
 */
import { type Jobs, createJobs } from './jobs.ts';
import type { Machine } from './machine.ts';
import { Dispatcher } from './loops/dispatcher.ts';
import { runInboxKeeper } from './loops/inbox-keeper.ts';
import { Notifier } from './loops/notifier.ts';
import { Reaper } from './loops/reaper.ts';
import { runVerifier } from './loops/verifier.ts';
import type { Deps } from './services/deps.ts';
import { wakeOrchestrator } from './services/orchestrator.ts';
import { applyRemedies } from './services/remedies.ts';
import { runSchedules } from './services/schedules.ts';
import { TELLING_EVENTS } from './domain/notify/notification.ts';

const REAP_EVERY_MS = 1000;
const KEEP_INBOX_EVERY_MS = 5000;
const OPERATE_EVERY_MS = 15_000;
const AUDIT_EVERY_MS = 3_600_000;
const AUDIT_AFTER_MS = 60_000;
const HOUSEKEEPING_MS = 3_600_000;
/** Its safety net: what is to be told is known by its events, and when a delivery is due by its time. */
const NOTIFY_EVERY_MS = 15_000;

/** Which events may let something start, end, or be decided. */
const STIRS =
  /^(ticket\.(created|changed|transitioned)|attempt\.(offered|started|stopping|parked|ended)|question\.|evidence\.|waiver\.|landing\.|policy\.|project\.|profile\.|campaign\.|job\.|schedule\.|runner\.)/;

const TELLING: ReadonlySet<string> = new Set(TELLING_EVENTS);

/** What a run leaves to its caller. */
export interface Ran {
  /** Runs again after so many milliseconds, should that be sooner than its time; null when nothing is due. */
  againInMs?: number | null;
  /** There is something new on offer: runners that wait for it look again. */
  offers?: boolean;
}

export interface ServerLoop {
  runOnce: () => Promise<Ran | void>;
  everyMs: number;
  /** How long after the start the first run comes; at once when absent. */
  firstAfterMs?: number;
}

export type LoopName =
  | 'dispatcher'
  | 'reaper'
  | 'verifier'
  | 'inbox'
  | 'schedules'
  | 'orchestrator'
  | 'notifier'
  | 'operator'
  | 'maintenance'
  | 'audit'
  | 'retention';

export interface ServerLoops {
  dispatcher: Dispatcher;
  jobs: Jobs;
  notifier: Notifier;
  loops: Record<LoopName, ServerLoop>;
  /** The loops that these committed events give something to do; none for events that stir nothing. */
  stirredBy: (events: readonly { type: string }[]) => LoopName[];
  /** Whether these committed events may be of interest to a runner that waits. */
  mayOffer: (events: readonly { type: string }[]) => boolean;
}

/** @param holder the name under which this server holds the dispatch lease */
export function serverLoops(deps: Deps, holder: string, tickMs: number, machine: Machine): ServerLoops {
  const dispatcher = new Dispatcher(deps, holder);
  const reaper = new Reaper(deps, machine.monotonic);
  const notifier = new Notifier(deps, holder, machine.wait);
  const jobs = createJobs(deps, dispatcher, machine);
  // Once after the start, and whenever a project's policy may have changed under its tickets.
  let sweep = true;
  return {
    dispatcher,
    jobs,
    notifier,
    loops: {
      dispatcher: {
        everyMs: tickMs,
        runOnce: async () => {
          await dispatcher.runOnce();
          const now = await deps.store.now();
          const next = await deps.store.nextNotBefore(now);
          // A ticket's time comes between two ticks: nobody waits for the next one.
          return { againInMs: next === null ? null : Math.max(next - now + 5, 5) };
        },
      },
      reaper: { everyMs: REAP_EVERY_MS, runOnce: async () => void (await reaper.runOnce(REAP_EVERY_MS)) },
      verifier: {
        everyMs: tickMs,
        runOnce: async () => {
          const all = sweep;
          sweep = false;
          return { offers: (await runVerifier(deps, all)) > 0 };
        },
      },
      inbox: { everyMs: KEEP_INBOX_EVERY_MS, runOnce: async () => void (await runInboxKeeper(deps)) },
      schedules: {
        everyMs: tickMs,
        runOnce: async () => {
          const next = await runSchedules(deps);
          return { againInMs: next === null ? null : Math.max(next - (await deps.store.now()) + 5, 0) };
        },
      },
      orchestrator: {
        everyMs: KEEP_INBOX_EVERY_MS,
        runOnce: async () => ({ offers: await wakeOrchestrator(deps) }),
      },
      notifier: { everyMs: NOTIFY_EVERY_MS, runOnce: async () => ({ againInMs: await notifier.runOnce() }) },
      operator: { everyMs: OPERATE_EVERY_MS, runOnce: () => jobs.operator() },
      // Apart from the operator, which may only observe: this acts, where people have listed a remedy.
      maintenance: { everyMs: OPERATE_EVERY_MS, runOnce: async () => void (await applyRemedies(deps)) },
      // A start is busy enough without an audit.
      audit: { everyMs: AUDIT_EVERY_MS, firstAfterMs: AUDIT_AFTER_MS, runOnce: () => jobs.audit() },
      retention: { everyMs: HOUSEKEEPING_MS, runOnce: () => jobs.retention() },
    },
    // What is said of a ticket is nothing to runners: what comes of it for them has events of its own.
    mayOffer: (events) => events.some(({ type }) => STIRS.test(type) && !type.startsWith('ticket.')),
    stirredBy: (events) => {
      const decisions = events.some((event) => /^(inbox|evidence)\./.test(event.type));
      const woken: LoopName[] = decisions ? ['orchestrator'] : [];
      if (events.some((event) => TELLING.has(event.type))) woken.push('notifier');
      if (!events.some((event) => STIRS.test(event.type))) return woken;
      if (events.some((event) => event.type.startsWith('project.'))) sweep = true;
      const scheduled = events.some((event) => event.type.startsWith('schedule.'));
      return [...woken, ...(scheduled ? (['schedules'] as const) : []), 'dispatcher', 'verifier'];
    },
  };
}
