/** When a delivery is tried again, when it is given up, and what several held ones say as one. Pure. */
import { plainText } from './plain-text.ts';

const FIRST_MS = 5000;
const MOST_MS = 30 * 60_000;
/** A day of trying: after that, what was to be told is old, and the page of settings and an alert say so. */
export const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/**
 * How long a destination is left alone after so many failures in a row: 5 s, 20 s, 80 s … half an hour, each between
 * half and one and a half times as long, so that many that failed together do not come back together.
 *
 * @param wanted what the destination asked for, in ms; heeded up to the longest wait
 * @param chance from 0 to 1
 */
export function retryAfterMs(failures: number, chance: number, wanted: number | null): number {
  const plain = Math.min(FIRST_MS * 4 ** Math.max(0, Math.min(failures, 10) - 1), MOST_MS);
  return Math.max(Math.round(plain * (0.5 + chance)), Math.min(wanted ?? 0, MOST_MS));
}

export function isGivenUp(createdAt: number, now: number): boolean {
  return now - createdAt >= GIVE_UP_AFTER_MS;
}

/** What is shown of several notifications that were held back. */
export function digestOf(held: readonly { title: string; text: string }[]): { title: string; text: string } {
  const SHOWN = 5;
  const lines = held.slice(0, SHOWN).map(({ title }) => title);
  const more = held.length > SHOWN ? [`and ${held.length - SHOWN} more`] : [];
  return {
    title: `${held.length} while it was quiet`,
    text: plainText([...lines, ...more].join(' · '), 300),
  };
}
