/** Times as people read them: an age that one takes in at a glance, and the exact moment in the person's zone. */

const UNITS: [string, number][] = [
  ['y', 365 * 86_400],
  ['mo', 30 * 86_400],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
];

/** `5d`, `3h`, `12m`; under a minute `now`. */
export function shortAge(seconds: number): string {
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return 'now';
}

/** `5d ago`, `in 3h`, `just now`. */
export function relativeTime(at: string | number, now: number): string {
  const seconds = (now - new Date(at).getTime()) / 1_000;
  if (Math.abs(seconds) < 60) return seconds < -5 ? 'in a moment' : 'just now';
  return seconds > 0 ? `${shortAge(seconds)} ago` : `in ${shortAge(-seconds)}`;
}

/** `4m 05s`, `2h 10m`: a duration that runs without its digits jumping about. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  return `${Math.floor(seconds / 3_600)}h ${pad(Math.floor(seconds / 60) % 60)}m`;
}

const exact = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'long',
});
export const exactTime = (at: string | number): string => exact.format(new Date(at));

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
export const clockTime = (at: string | number): string => clock.format(new Date(at));

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
/** The server's sentences name moments in UTC; whoever reads them is elsewhere. */
export const inZone = (text: string): string =>
  text.replace(/(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:[\d.]+)?(Z| UTC)/g, (_, day, time) =>
    moment.format(new Date(`${day}T${time}Z`)),
  );
