import { describe, expect, it } from 'vitest';
import { findRateLimit, findRateLimitInReply } from './rate-limit.ts';

const now = Date.parse('2026-11-23T07:00:00.000Z');
const waitOf = (message: string): number | null => {
  const limit = findRateLimit(message, now);
  return limit === null ? null : (limit.notBefore - now) / 1000;
};

describe('a refusal by the provider', () => {
  it.each([
    ['Rate limit reached. Please try again in 45s.', 45],
    ['429 Too Many Requests, retry-after: 120', 120],
    ['Rate limit exceeded, retry after 1.5 minutes', 90],
    ['429: try again in 1h 30m', 5400],
    ["You've hit your usage limit. Try again in 2 days 3 hours.", 2 * 86_400 + 3 * 3600],
    [`Claude AI usage limit reached|${now / 1000 + 3600}`, 3600],
    ['exceeded retry limit, last status: 429 Too Many Requests', 60],
    ['insufficient_quota: check your plan and billing details', 900],
    ['RESOURCE_EXHAUSTED: quota, retryDelay: "34s"', 34],
    ['overloaded_error: Overloaded', 60],
    ['rate limited until 2026-11-23T08:00:00Z', 3600],
    ['429, retry-after-ms: 1500', 1.5],
  ])('%s', (message, seconds) => {
    expect(waitOf(message)).toBe(seconds);
  });

  it('is not seen in other errors', () => {
    for (const message of [
      'bad request: the prompt is too long',
      'connect ECONNREFUSED 127.0.0.1:4294',
      'status 500',
    ])
      expect(waitOf(message)).toBe(null);
  });

  it('never lies in the past, nor further off than a week', () => {
    expect(waitOf('usage limit reached|1000000000')).toBe(1);
    expect(waitOf('429, try again in 400 days')).toBe(7 * 86_400);
  });

  it('in a reply counts only where the reply is about nothing else', () => {
    expect(findRateLimitInReply('Error: 429 Too Many Requests', now)).not.toBe(null);
    expect(findRateLimitInReply('I added a rate limit of 10 requests to the API.', now)).toBe(null);
    expect(findRateLimitInReply(`Error 429 ${'and so on '.repeat(100)}`, now)).toBe(null);
  });
});
