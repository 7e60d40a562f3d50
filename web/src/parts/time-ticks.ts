/** The moments that stand above a span of time. */
export interface Scale {
  from: number;
  to: number;
}

/** Each at most three times the one before: where three fit, one is always there. */
const STEPS_MS = [
  1_000, 2_000, 5_000, 15_000, 30_000, 60_000, 120_000, 300_000, 900_000, 1_800_000, 3_600_000, 10_800_000,
  21_600_000, 43_200_000, 86_400_000, 172_800_000, 345_600_000, 604_800_000, 1_209_600_000, 2_592_000_000,
];
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });

/** Round moments in the person's zone, about as many as fit. */
export function ticksOf({ from, to }: Scale, most: number): { at: number; label: string }[] {
  const step = STEPS_MS.find((each) => (to - from) / each <= most) ?? STEPS_MS.at(-1) ?? 1;
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at < to; at += step) {
    const date = new Date(at);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    const format = step >= 86_400_000 || isMidnight ? day : step < 60_000 ? seconds : time;
    ticks.push({ at, label: format.format(date) });
  }
  return ticks;
}
