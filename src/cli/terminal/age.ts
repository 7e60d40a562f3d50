/** Times as ages: people ask how long something waits, not at which millisecond it began. */

const UNITS: [name: string, seconds: number][] = [
  ['y', 31_536_000],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** `5d`, `3h`, `12m`, `8s`; the largest unit alone, as in `5d ago`. */
export function spanOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [name, size] of UNITS) {
    if (whole >= size) return `${Math.floor(whole / size)}${name}`;
  }
  return '0s';
}

/** `5d ago`, `in 3h`, `now`; an empty text for no time at all. */
export function ageOf(moment: string | null | undefined, now: number): string {
  if (moment === null || moment === undefined) return '';
  const at = Date.parse(moment);
  if (Number.isNaN(at)) return moment;
  const seconds = (now - at) / 1000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds < 0 ? `in ${roundedSpan(-seconds)}` : `${spanOf(seconds)} ago`;
}

/** What was set to seven days a moment ago is in seven days, not in six. */
function roundedSpan(seconds: number): string {
  const [name, size] = UNITS.find(([, unit]) => seconds >= unit * 0.999) ?? ['s', 1];
  return `${Math.round(seconds / size)}${name}`;
}

/** How long something took: `0.4 s`, `12 s`, `3m 20s`. */
export function durationOf(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const rest = Math.round(seconds) % 60;
  const minutes = Math.floor(Math.round(seconds) / 60);
  return rest === 0 ? `${minutes}m` : `${minutes}m ${rest}s`;
}
