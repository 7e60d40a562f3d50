/**
 * The maintenance policy at work: the one place where the system changes a job by itself, and only by a remedy that
 * people have listed. The operator cannot do this; it only raised the alert that is looked at here. The commit is held
 * to the configuration that was read, so a remedy that was struck off meanwhile is not applied.
 */
import type { Job } from '../domain/config.ts';
import { isRefusal } from '../domain/refusal.ts';
import { changeDocument } from './configuration.ts';
import { type Deps, readPolicy, system } from './deps.ts';

/** How long an alert has to stand without anybody acknowledging it. */
const PATIENCE_MS = 15 * 60_000;

/** @returns the jobs that were switched on */
export async function applyRemedies(deps: Deps): Promise<string[]> {
  const version = await deps.store.configVersion();
  const policy = await readPolicy(deps);
  if (policy.paused || !policy.remedies.includes('enable_job')) return [];
  const now = await deps.store.now();
  const { items } = await deps.store.alerts({ states: ['open'], limit: 200 });
  const switchedOn: string[] = [];
  for (const alert of items) {
    if (alert.rule !== 'job_off' || now - alert.openSince < PATIENCE_MS) continue;
    const job = await deps.store.document<Job>('job', alert.subject);
    if (!job || job.enabled) continue;
    const minutes = Math.round((now - alert.openSince) / 60_000);
    const result = await changeDocument<Job>(
      deps,
      system('maintenance-policy'),
      'job',
      alert.subject,
      () => ({
        enabled: true,
        changedBy: 'maintenance policy (enable_job)',
        reason: `work has waited for it for ${minutes} min, and nobody acknowledged the alert`,
      }),
      {
        ifMatch: job.version,
        guards: [{ guard: 'config_version', version }],
        because: { policy: 'enable_job' },
      },
    );
    if (isRefusal(result)) return switchedOn;
    switchedOn.push(alert.subject);
    // The configuration has moved by this very change; what else is off is seen at the next look.
    return switchedOn;
  }
  return switchedOn;
}
