/** Jobs and recurring tickets as the API shows them. */
import type * as wire from '../contract/job-shapes.ts';
import type { Job, Stamped } from '../domain/config.ts';
import type { Schedule } from '../domain/schedule/schedule.ts';
import { iso, isoOrNull } from './present.ts';

export function jobView(
  job: Job & Stamped,
  schedule: string,
  run: { at: number; outcome: string; detail: string } | undefined,
): wire.Job {
  return {
    name: job.name,
    kind: 'system',
    title: null,
    ticket: null,
    enabled: job.enabled,
    schedule,
    lastRun: run ? { at: iso(run.at), outcome: run.outcome, detail: run.detail } : null,
    nextRun: null,
    changedBy: job.changedBy,
    reason: job.reason,
    version: job.version,
  };
}

export function scheduleView(schedule: Schedule & Stamped, nextRun: number | null): wire.Schedule {
  const { blockedBy: _none, notBefore: _neither, ...ticket } = schedule.ticket;
  const { id, project, cron, timezone, missedRun, key, enabled, createdBy, changedBy, reason, version } =
    schedule;
  return {
    id,
    project,
    cron,
    timezone,
    missedRun,
    ticket,
    key,
    enabled,
    lastRun: schedule.lastRun
      ? { ...schedule.lastRun, slot: isoOrNull(schedule.lastRun.slot), at: iso(schedule.lastRun.at) }
      : null,
    nextRun: isoOrNull(nextRun),
    createdBy,
    changedBy,
    reason,
    version,
  };
}

/** A recurring ticket as the list of jobs shows it. */
export function scheduleAsJob(schedule: Schedule & Stamped, nextRun: number | null): wire.Job {
  const view = scheduleView(schedule, nextRun);
  return {
    name: view.id,
    kind: 'recurring',
    title: view.ticket.title,
    ticket: view.key,
    enabled: view.enabled,
    schedule: `${view.cron} (${view.timezone})`,
    lastRun: view.lastRun && {
      at: view.lastRun.at,
      outcome: view.lastRun.outcome,
      detail: view.lastRun.detail,
    },
    nextRun: view.nextRun,
    changedBy: view.changedBy,
    reason: view.reason,
    version: view.version,
  };
}
