/** Quiet hours, in the time zone of the person who keeps them, also on the two days when clocks are set. */

export interface QuietHours {
  /** `HH:MM` of the wall clock there; where `from` is later than `to`, they go over midnight. */
  from: string;
  to: string;
  /** As the tz database names it. */
  timezone: string;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight by the wall clock of a time zone. */
function wallMinutes(at: number, timezone: string): number {
  let clock = clocks.get(timezone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clocks.set(timezone, clock);
  }
  const parts = clock.formatToParts(at);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value ?? 0);
  return part('hour') * 60 + part('minute');
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

/** When the quiet hours that hold at this moment end; null where none hold. */
export function quietUntil(quiet: QuietHours | null, now: number): number | null {
  if (quiet === null) return null;
  const from = minutesOf(quiet.from);
  const to = minutesOf(quiet.to);
  if (from === to) return null;
  const isQuiet = (at: number): boolean => {
    const wall = wallMinutes(at, quiet.timezone);
    return from < to ? wall >= from && wall < to : wall >= from || wall < to;
  };
  if (!isQuiet(now)) return null;
  const left = (to - wallMinutes(now, quiet.timezone) + DAY_MINUTES) % DAY_MINUTES;
  const start = now - (now % MINUTE_MS);
  let end = start + left * MINUTE_MS;
  // Where clocks are set in between, the wall clock shows another time then: an hour, or half of one, early or late.
  const shown = wallMinutes(end, quiet.timezone);
  const off = ((shown - to + DAY_MINUTES + DAY_MINUTES / 2) % DAY_MINUTES) - DAY_MINUTES / 2;
  if (off !== 0) {
    const mended = end - off * MINUTE_MS;
    // An end inside the hour that is left out does not exist: they end with the hour.
    if (mended > now && !isQuiet(mended)) end = mended;
  }
  return end;
}
