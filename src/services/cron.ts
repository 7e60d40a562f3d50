/** Cron lines by croner: whether one ever fires, and when next. */
import { Cron } from 'croner';

export function isCron(line: string): boolean {
  try {
    return new Cron(line, { timezone: 'UTC' }).nextRun() !== null;
  } catch {
    return false;
  }
}
