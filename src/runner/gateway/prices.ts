/**
 * What models cost, in US dollars for a million tokens, by the beginning of the model's name: list prices as their
 * makers publish them, which change. A profile's own `gateway.price` wins; a model that is in neither has no price, and
 * a budget in dollars then does not let it run.
 */
import type { CallUsage } from './usage-reader.ts';

export interface Price {
  inputPerMillion: number;
  outputPerMillion: number;
  /** Of what was read from a cache; else as any input. */
  cachedPerMillion?: number | undefined;
}

/** The longest beginning that fits is taken. */
const PRICES: Record<string, Price> = {
  'claude-opus-4': { inputPerMillion: 15, outputPerMillion: 75, cachedPerMillion: 1.5 },
  'claude-opus-4-5': { inputPerMillion: 5, outputPerMillion: 25, cachedPerMillion: 0.5 },
  'claude-sonnet-4': { inputPerMillion: 3, outputPerMillion: 15, cachedPerMillion: 0.3 },
  'claude-haiku-4-5': { inputPerMillion: 1, outputPerMillion: 5, cachedPerMillion: 0.1 },
  'claude-3-5-haiku': { inputPerMillion: 0.8, outputPerMillion: 4, cachedPerMillion: 0.08 },
  'gpt-5': { inputPerMillion: 1.25, outputPerMillion: 10, cachedPerMillion: 0.125 },
  'gpt-5-mini': { inputPerMillion: 0.25, outputPerMillion: 2, cachedPerMillion: 0.025 },
  'gpt-5-nano': { inputPerMillion: 0.05, outputPerMillion: 0.4, cachedPerMillion: 0.005 },
  'gpt-4.1': { inputPerMillion: 2, outputPerMillion: 8, cachedPerMillion: 0.5 },
  'gpt-4.1-mini': { inputPerMillion: 0.4, outputPerMillion: 1.6, cachedPerMillion: 0.1 },
  'gpt-4o': { inputPerMillion: 2.5, outputPerMillion: 10, cachedPerMillion: 1.25 },
  'gpt-4o-mini': { inputPerMillion: 0.15, outputPerMillion: 0.6, cachedPerMillion: 0.075 },
  'o4-mini': { inputPerMillion: 1.1, outputPerMillion: 4.4, cachedPerMillion: 0.275 },
  'gemini-2.5-pro': { inputPerMillion: 1.25, outputPerMillion: 10, cachedPerMillion: 0.31 },
  'gemini-2.5-flash': { inputPerMillion: 0.3, outputPerMillion: 2.5, cachedPerMillion: 0.075 },
  'gemini-2.5-flash-lite': { inputPerMillion: 0.1, outputPerMillion: 0.4, cachedPerMillion: 0.025 },
};

export function priceOf(model: string | null, own: Price | null): Price | null {
  if (own) return own;
  if (model === null) return null;
  // Some ask for a model by its maker's name first: anthropic/claude-sonnet-4-5.
  const name = (model.split('/').at(-1) ?? model).toLowerCase();
  const fitting = Object.keys(PRICES).filter((beginning) => name.startsWith(beginning));
  const longest = fitting.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? null : (PRICES[longest] ?? null);
}

/** US dollars. */
export function costOf(usage: CallUsage, price: Price): number {
  const { inputPerMillion, outputPerMillion, cachedPerMillion = inputPerMillion } = price;
  const fresh = usage.inputTokens - usage.cachedTokens;
  return (
    (fresh * inputPerMillion +
      usage.cachedTokens * cachedPerMillion +
      usage.outputTokens * outputPerMillion) /
    1_000_000
  );
}
