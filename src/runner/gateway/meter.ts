/**
 * What one run of an attempt has used of its models, and whether it may go on. The control plane says with each renewal
 * how much that may be in all; between two renewals the meter holds the attempt to it by itself.
 */
import type { Budget } from '../../contract/shapes.ts';
import { type Price, costOf, priceOf } from './prices.ts';
import type { CallUsage } from './usage-reader.ts';

export interface Metered {
  usd: number;
  inputTokens: number;
  outputTokens: number;
}

export type Verdict = { allowed: true } | { allowed: false; code: string; message: string };

export class Meter {
  readonly #price: Price | null;
  readonly used: Metered;
  calls = 0;
  /** Calls whose figures the provider did not give. */
  estimated = 0;
  /** Models that nobody has given a price. */
  readonly unpriced = new Set<string>();
  /** Wall time until which the provider refuses, in milliseconds; from its last answer. */
  rateLimitedUntil: number | null = null;
  /** Set once a call was refused for the budget: the agent cannot go on. */
  isSpent = false;
  #limit: Budget = {};

  constructor(price: Price | null, used: Metered = { usd: 0, inputTokens: 0, outputTokens: 0 }) {
    this.#price = price;
    this.used = used;
  }

  /** @param limit what this run may use in all, as the control plane says with each renewal */
  allow(limit: Budget): void {
    this.#limit = limit;
  }

  mayCall(model: string | null): Verdict {
    const { usd, tokens } = this.#limit;
    const over =
      usd !== undefined && this.used.usd >= usd
        ? `${this.used.usd.toFixed(2)} of ${usd.toFixed(2)} USD`
        : tokens !== undefined && this.used.inputTokens + this.used.outputTokens >= tokens
          ? `${this.used.inputTokens + this.used.outputTokens} of ${tokens} tokens`
          : null;
    if (over !== null) {
      this.isSpent = true;
      return {
        allowed: false,
        code: 'budget_exhausted',
        message: `Mission Control: the budget of this attempt is spent (${over}). Stop working; a person can raise it.`,
      };
    }
    if (usd !== undefined && priceOf(model, this.#price) === null) {
      return {
        allowed: false,
        code: 'model_without_price',
        message: `Mission Control: a budget in dollars is set, and nothing says what ${model ?? 'this model'} costs. Set gateway.price in the profile.`,
      };
    }
    return { allowed: true };
  }

  count(usage: CallUsage): void {
    this.calls += 1;
    if (usage.isEstimate) this.estimated += 1;
    this.used.inputTokens += usage.inputTokens;
    this.used.outputTokens += usage.outputTokens;
    const price = priceOf(usage.model, this.#price);
    if (price) this.used.usd += costOf(usage, price);
    else this.unpriced.add(usage.model ?? 'unknown');
  }
}
