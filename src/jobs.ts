/**
 * The jobs of Mission Control itself as they are wired here: what each does, whether it is enabled, and its last run
 * on record. A run that a person asks for goes the same way as one by the timer.
 */
import type { Job } from './domain/config.ts';
import { runAudit } from './loops/audit.ts';
import type { Dispatcher } from './loops/dispatcher.ts';
import { runOperator } from './loops/operator.ts';
import { Abandoned } from './loops/rests.ts';
import type { Machine } from './machine.ts';
import { clear, raise } from './services/alerts.ts';
import { pruneBundles } from './services/bundles.ts';
import type { Deps } from './services/deps.ts';
import { operatorSnapshot, unresolvedAlerts } from './services/operator-view.ts';
import { verifyState } from './services/verify.ts';

export interface Jobs {
  operator(): Promise<void>;
  audit(): Promise<void>;
  retention(): Promise<void>;
  /** Runs the named job now, whatever its timer says; a disabled one too, as a person asks for it. */
  run(name: string): Promise<void>;
}

export function createJobs(
  deps: Deps,
  dispatcher: Dispatcher,
  machine: Pick<Machine, 'monotonic' | 'disk' | 'pause'>,
): Jobs {
  let lookedAt: { wall: number; steady: number } | null = null;

  const operate = async (): Promise<string> => {
    const wall = await deps.store.now();
    const steady = machine.monotonic();
    const clockJumpMs = lookedAt === null ? 0 : wall - lookedAt.wall - (steady - lookedAt.steady);
    lookedAt = { wall, steady };
    const seen = await runOperator({
      look: () => operatorSnapshot(deps, { disk: machine.disk, clockJumpMs }),
      raise: (observation) => raise(deps, observation),
      unresolved: (rules) => unresolvedAlerts(deps, rules),
      clear: (fingerprint) => clear(deps, fingerprint),
    });
    return seen.length === 1 ? '1 condition holds' : `${seen.length} conditions hold`;
  };
  const audit = (): Promise<string> =>
    runAudit({
      verify: () => verifyState(deps, undefined, { pause: machine.pause }),
      raise: (observation) => raise(deps, observation),
      clear: (fingerprint) => clear(deps, fingerprint),
    });
  const retain = async (): Promise<string> => {
    await deps.store.prune(await deps.store.now());
    const bundles = await pruneBundles(deps);
    return `answers and tokens that have had their time are gone, and ${bundles} bundles of closed tickets`;
  };

  const recorded = async (name: string, work: () => Promise<string>): Promise<void> => {
    const at = await deps.store.now();
    try {
      const detail = await work();
      await deps.store.recordJobRun({ name, at, outcome: 'ok', detail });
    } catch (error) {
      if (error instanceof Abandoned) return;
      await deps.store.recordJobRun({
        name,
        at,
        outcome: 'failed',
        detail: error instanceof Error ? error.message : String(error),
      });
      throw error;
    }
  };
  const unlessDisabled = async (name: string, work: () => Promise<string>): Promise<void> => {
    const job = await deps.store.document<Job>('job', name);
    if (job?.enabled !== false) await recorded(name, work);
  };
  return {
    operator: () => unlessDisabled('operator', operate),
    audit: () => unlessDisabled('audit', audit),
    retention: () => unlessDisabled('retention', retain),
    run: async (name) => {
      // The two lanes are one loop: either name runs a tick, and a disabled lane stays closed in it.
      if (name === 'ticket-pickup' || name === 'needs-input-pickup') await dispatcher.runOnce();
      else if (name === 'operator') await recorded(name, operate);
      else if (name === 'audit') await recorded(name, audit);
      else if (name === 'retention') await recorded(name, retain);
    },
  };
}
