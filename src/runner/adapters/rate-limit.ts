/**
 * Recognises in an error that an agent reports that its provider refuses it for a time, and until when. Every program
 * says it in words of its own, most pass the provider's on; what cannot be read gets a time that is worth a try. Pure.
 */
export interface RateLimit {
  /** Wall time, in milliseconds. */
  notBefore: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A provider that is busy; an account that is used up for some hours or until somebody pays. */
const BUSY_MS = MINUTE;
const EXHAUSTED_MS = 15 * MINUTE;
const LONGEST_MS = 7 * DAY;

const BUSY =
  /\b(?:429|529)\b|rate[ _-]?limit|too many requests|overloaded|resource[ _]exhausted|try again later/i;
const EXHAUSTED =
  /usage limit|limit reached|quota|insufficient[ _]?(?:quota|credit|balance|funds)|credit balance|out of credits|billing hard limit|account (?:is )?(?:exhausted|suspended)|payment required|\b402\b/i;

export function findRateLimit(message: string, now: number): RateLimit | null {
  const isExhausted = EXHAUSTED.test(message);
  if (!isExhausted && !BUSY.test(message)) return null;
  const said = timeIn(message, now);
  const at = said ?? now + (isExhausted ? EXHAUSTED_MS : BUSY_MS);
  return { notBefore: Math.min(Math.max(at, now + SECOND), now + LONGEST_MS) };
}

/**
 * The same for an agent that reports a failure of its provider as its own message and ends its turn as if all was well
 * (some do). Only a short message that is about nothing else counts: an agent may well be working on rate limits.
 */
export function findRateLimitInReply(reply: string, now: number): RateLimit | null {
  const isAboutIt =
    reply.length < 600 &&
    /(?:^|\W)(?:error|failed|exceeded|reached|hit|status)\b/i.test(reply) &&
    /\b429\b|too many requests|rate[ _-]?limit|usage limit|quota/i.test(reply);
  return isAboutIt ? findRateLimit(reply, now) : null;
}

function timeIn(message: string, now: number): number | null {
  // "Claude AI usage limit reached|1795330000", "resets_at": 1795330000
  const epoch = /(?:\||reset[a-z_ ]*"?[:= ]+)(\d{10})(\d{3})?\b/i.exec(message);
  if (epoch) return Number(epoch[1]) * SECOND;
  const stamp = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})/.exec(message);
  if (stamp) {
    const at = Date.parse(stamp[0]);
    if (!Number.isNaN(at) && at > now) return at;
  }
  const span =
    /(?:retry[ _-]?after(?:[ _-]?(?:ms|seconds))?|(?:try|retry)(?: again)?(?: in| after)|reset(?:s|ting)? (?:in|after)|wait(?: for)?|retry ?delay|reset_after)["':= ]*((?:\d+(?:\.\d+)? ?(?:days?|d|hours?|hrs?|h|minutes?|mins?|m(?!s)|seconds?|secs?|s|ms)?[ ,]*(?:and )?)+)/i.exec(
      message,
    );
  if (!span?.[1]) return null;
  const unit = /retry[ _-]?after[ _-]?ms/i.test(span[0]) ? 'ms' : 's';
  return now + spanOf(span[1], unit);
}

function spanOf(text: string, otherwise: string): number {
  let total = 0;
  for (const [, figure, unit] of text.matchAll(/(\d+(?:\.\d+)?) ?([a-z]*)/gi)) {
    const name = (unit === undefined || unit === '' ? otherwise : unit).toLowerCase();
    const factor = name.startsWith('d')
      ? DAY
      : name.startsWith('h')
        ? HOUR
        : name === 'ms'
          ? 1
          : name.startsWith('m')
            ? MINUTE
            : SECOND;
    total += Number(figure) * factor;
  }
  return total;
}
