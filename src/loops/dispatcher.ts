/**
 * The one dispatcher: two lanes, one loop.
 *
 *     tick:  acquire or renew the dispatch lease      → otherwise not_leader, no work
 *            read one consistent picture              → otherwise fail closed: no work, and an alert
 *            plan = planDispatch(picture)             pure: starts, and skips with reasons
 *            each start: compare-and-swap             guarded by lease, epoch and configuration; a lost race is claim_conflict
 *
 * Two servers, or a server that slept through its lease, cannot both claim: every claim commits only while the lease
 * row still names this holder and epoch (invariant 3). Reasons are written when they change, not at every tick.
 */
import { planDispatch } from '../domain/dispatch/plan-dispatch.ts';
import type { Skip } from '../domain/dispatch/claim-policy.ts';
import type { Candidate, DispatchSnapshot } from '../domain/dispatch/snapshot.ts';
import { clear, raise } from '../services/alerts.ts';
import { DISPATCH_LEASE, type DispatchLease, readWorld, startPlanned } from '../services/dispatching.ts';
import type { Deps } from '../services/deps.ts';
import { type LanePosition, RESTORED } from '../store/port.ts';

export interface TickResult {
  outcome: 'leader' | 'not_leader' | 'failed_closed';
  epoch: number | null;
  resumed: number;
  claimed: number;
  skipped: number;
  conflicts: number;
  detail: string;
}

/** Candidates read at a time; while slots are left, the tick reads on. */
const PAGE = 500;
const ALERT_RULE = 'dispatch_unreadable';

export class Dispatcher {
  readonly #deps: Deps;
  readonly #holder: string;
  #lease: DispatchLease | null = null;
  lastTick: (TickResult & { at: number }) | null = null;

  constructor(deps: Deps, holder: string) {
    this.#deps = deps;
    this.#holder = holder;
  }

  get epoch(): number | null {
    return this.#lease?.epoch ?? null;
  }

  /** One tick; a call during a tick waits for that one and shares its result: two plans at a time would count twice. */
  runOnce(): Promise<TickResult> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }
  #running: Promise<TickResult> | null = null;

  async #run(): Promise<TickResult> {
    const result = await this.#tick();
    const at = await this.#deps.store.now();
    const before = this.lastTick;
    this.lastTick = { ...result, at };
    await this.#recordRuns(result, at, before);
    return result;
  }

  async release(): Promise<void> {
    if (this.#lease) await this.#deps.store.dropLease(DISPATCH_LEASE, this.#holder);
    this.#lease = null;
  }

  async #tick(): Promise<TickResult> {
    const result: TickResult = {
      outcome: 'leader',
      epoch: null,
      resumed: 0,
      claimed: 0,
      skipped: 0,
      conflicts: 0,
      detail: '',
    };
    try {
      const { acquired, lease } = await this.#deps.store.acquireLease(
        DISPATCH_LEASE,
        this.#holder,
        this.#deps.timing.dispatchLeaseMs,
      );
      if (!acquired) {
        this.#lease = null;
        return {
          ...result,
          outcome: 'not_leader',
          detail:
            lease.holder === RESTORED
              ? `restored: dispatch begins at ${new Date(lease.expiresAt).toISOString()}, when what was given out before is over`
              : `the dispatch lease is held by ${lease.holder}, epoch ${lease.epoch}`,
        };
      }
      this.#lease = { holder: this.#holder, epoch: lease.epoch };
      result.epoch = lease.epoch;
      let afterTodo: LanePosition | null = null;
      do {
        afterTodo = await this.#page(this.#lease, afterTodo, result);
      } while (afterTodo !== null);
      await clear(this.#deps, `${ALERT_RULE}:dispatcher`);
      result.detail = `${result.resumed} resumed, ${result.claimed} claimed, ${result.skipped} waiting`;
      return result;
    } catch (error) {
      // Fail closed: what cannot be read starts nothing, and somebody is told.
      const detail = error instanceof Error ? error.message : String(error);
      await raise(this.#deps, {
        rule: ALERT_RULE,
        subject: 'dispatcher',
        severity: 'critical',
        detail: `The dispatcher could not read or write what it needs, and started nothing: ${detail}`,
      }).catch(() => undefined);
      return { ...result, outcome: 'failed_closed', detail };
    }
  }

  async #page(
    lease: DispatchLease,
    afterTodo: LanePosition | null,
    result: TickResult,
  ): Promise<LanePosition | null> {
    const lanes = await this.#deps.store.readLanes({ limit: PAGE, afterTodo });
    const world = await readWorld(this.#deps, lanes);
    const snapshot: DispatchSnapshot = { ...world, needsInput: lanes.needsInput, todo: lanes.todo };
    const plan = planDispatch(snapshot);
    const skips: Skip[] = [...plan.skips];
    const start = async (
      planned: (typeof plan.claims)[number] | (typeof plan.resumes)[number],
    ): Promise<void> => {
      const started = await startPlanned(this.#deps, lease, planned, lanes.configVersion, world);
      if (started.started) {
        if (planned.candidate.lane === 'todo') result.claimed += 1;
        else result.resumed += 1;
        return;
      }
      result.conflicts += 1;
      skips.push({
        ticket: planned.candidate.key,
        code: 'claim_conflict',
        detail: `Lost the race for it: ${started.refusal.detail}`,
      });
    };
    await Promise.all([...plan.resumes, ...plan.claims].map(start));
    result.skipped += skips.length;
    await this.#recordSkips(skips, [...lanes.needsInput, ...lanes.todo], lanes.now);
    return plan.slotsLeft ? lanes.nextTodo : null;
  }

  /** A reason is stored with its ticket when its code changes, or the facts behind it do. */
  async #recordSkips(skips: readonly Skip[], candidates: readonly Candidate[], at: number): Promise<void> {
    const stored = new Map(candidates.map((candidate) => [candidate.key, candidate.storedSkip]));
    const changed = skips.filter((skip) => {
      const before = stored.get(skip.ticket);
      return !before || before.code !== skip.code || before.detail !== skip.detail;
    });
    if (changed.length > 0) await this.#deps.store.recordSkips(changed.map((skip) => ({ ...skip, at })));
  }

  /** Both lanes are shown as jobs with their last run; an unchanged outcome is written once in a while only. */
  async #recordRuns(
    result: TickResult,
    at: number,
    before: (TickResult & { at: number }) | null,
  ): Promise<void> {
    if (result.outcome === 'not_leader') return;
    const worked = result.claimed + result.resumed + result.conflicts > 0;
    const QUIET_MS = 10_000;
    if (!worked && before?.outcome === result.outcome && at - this.#recordedAt < QUIET_MS) return;
    this.#recordedAt = at;
    const outcome = result.outcome === 'leader' ? 'ok' : result.outcome;
    await this.#deps.store
      .recordJobRun({
        name: 'ticket-pickup',
        at,
        outcome,
        detail: result.outcome === 'leader' ? `${result.claimed} claimed` : result.detail,
      })
      .catch(() => undefined);
    await this.#deps.store
      .recordJobRun({
        name: 'needs-input-pickup',
        at,
        outcome,
        detail: result.outcome === 'leader' ? `${result.resumed} resumed` : result.detail,
      })
      .catch(() => undefined);
  }
  #recordedAt = 0;
}
