/** Shapes of counts and sums: how many tickets share a value, and what the last days came to. */
import { z } from 'zod';
import { budget, nullable, time } from './shapes.ts';

/** Tickets that share a value, counted; null for those that have none. */
export const ticketGroup = z.object({
  value: nullable(z.string()),
  count: z.number().int(),
  statuses: z.record(z.string(), z.number().int()),
});
export type TicketGroup = z.infer<typeof ticketGroup>;
export const ticketGroups = z.object({ items: z.array(ticketGroup) });

const spent = z.object({ usd: z.number(), tokens: z.number() });
/** Of the work that ended in the last days. */
export const statistics = z.object({
  from: time,
  to: time,
  days: z.array(
    spent.extend({
      day: z.string(),
      done: z.number().int(),
      cancelled: z.number().int(),
      attempts: z.number().int(),
    }),
  ),
  /** From the first claim to done. */
  cycle: z.object({
    count: z.number().int(),
    medianSeconds: nullable(z.number()),
    slowestTenthSeconds: nullable(z.number()),
  }),
  profiles: z.array(
    spent.extend({
      profile: z.string(),
      /** Ended in this time. */
      attempts: z.number().int(),
      accepted: z.number().int(),
      /** Submitted, and not decided yet. */
      undecided: z.number().int(),
      /** Failed, lost, timed out, or submitted and sent back. */
      failed: z.number().int(),
      /** Ended by no fault of its own: cancelled, stopped, declined, rate limited. */
      withdrawn: z.number().int(),
      medianSeconds: nullable(z.number()),
    }),
  ),
  today: z.object({ spent, budget: nullable(budget) }),
  tickets: z.number().int(),
  /** True where there was more than could be looked at. */
  truncated: z.boolean(),
});
export type Statistics = z.infer<typeof statistics>;
