/** Cron lines by croner: whether one ever fires, when next, and when last. Times are milliseconds since the epoch. */
import { Cron } from 'croner';

export interface CronProblem {
  path: 'cron' | 'timezone';
  message: string;
}

/** Why the line, read in this time zone, is of no use; null when it is fine. */
export function cronProblem(line: string, timezone = 'UTC'): CronProblem | null {
  const wrong = (message: string): CronProblem => ({ path: 'cron', message });
  // croner also takes a date; a schedule that fires once is none.
  if (line.trim().split(/\s+/).length < 5) return wrong(`${line} does not have five fields.`);
  try {
    return new Cron(line, { timezone }).nextRun() === null ? wrong(`${line} never fires.`) : null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.includes('timezone')
      ? { path: 'timezone', message: `There is no time zone ${timezone}.` }
      : wrong(`${line} cannot be read: ${text}`);
  }
}

/** The next firings after a moment, the earliest first; fewer where the line ends. */
export function nextFirings(line: string, timezone: string, after: number, count: number): number[] {
  return new Cron(line, { timezone }).nextRuns(count, new Date(after)).map((at) => at.getTime());
}

export function nextFiring(line: string, timezone: string, after: number): number | null {
  return new Cron(line, { timezone }).nextRun(new Date(after))?.getTime() ?? null;
}

/** The latest firing at or before `now`; null when there was none. */
export function lastFiring(line: string, timezone: string, now: number): number | null {
  // croner looks strictly before the second that it is given.
  return new Cron(line, { timezone }).previousRuns(1, new Date(now + 1000))[0]?.getTime() ?? null;
}
