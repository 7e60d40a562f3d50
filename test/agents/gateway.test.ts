/** Real agents behind the gateway: the key stays with the runner, all is counted the same, and the budget holds. */
import { afterEach, describe, expect, it } from 'vitest';
import { AgentsWorld, codexProfile, COMMIT, opencodeProfile, SUBMIT } from './support/real-agents.ts';

let mc: AgentsWorld;
afterEach(() => mc.finish());

const usage = { input: 1000, output: 50 };
const WORK = [
  { calls: [{ shell: COMMIT }], usage },
  { calls: [{ shell: SUBMIT }], usage },
];
const price = { inputPerMillion: 100, outputPerMillion: 1000 };

/** The agent's own settings name the gateway where they named the model, and its token where they named a key. */
function behindGateway<P extends { files: Record<string, string>; env: object }>(profile: P): object {
  const files = Object.fromEntries(
    Object.entries(profile.files).map(([name, text]) => [
      name,
      text
        .replaceAll(mc.model.url, '${MC_GATEWAY_URL}')
        .replaceAll('"apiKey":"dummy"', '"apiKey":"${MC_GATEWAY_TOKEN}"'),
    ]),
  );
  return {
    ...profile,
    files,
    env: { ...profile.env, SCRIPTED_API_KEY: '${MC_GATEWAY_TOKEN}' },
    gateway: { upstream: mc.model.url, price },
  };
}

describe.each([
  ['codex', () => codexProfile(mc.model)],
  ['opencode', () => opencodeProfile(mc.model)],
] as const)('%s behind the gateway', (name, profile) => {
  it('does its work, and what it used is metered', async () => {
    mc = new AgentsWorld({ works: [WORK] });
    await mc.begin();
    await mc.profileOf(name, behindGateway(profile()));
    const key = await mc.work(name, 'works');
    await mc.reaches(key, 'done', 90_000);
    const [attempt] = await mc.attempts(key);
    expect(attempt?.cost.metered).toBe(true);
    expect(attempt?.cost.inputTokens).toBeGreaterThanOrEqual(2000);
    expect(attempt?.cost.usd).toBeGreaterThan(0.2);
  });

  it('is stopped by its budget, in the middle of its work', async () => {
    const work = { calls: [{ shell: 'echo more >> value' }], usage };
    mc = new AgentsWorld({ works: [Array.from({ length: 40 }, () => work)] });
    await mc.begin({ limits: { maxAttempts: 1, backoffSeconds: 0 } });
    await mc.profileOf(name, { ...behindGateway(profile()), budget: { tokens: 3000 } });
    const key = await mc.work(name, 'works');
    await mc.reaches(key, 'needs_input', 90_000);
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'the attempt ended');
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({ outcome: 'failed', reason: 'budget_exhausted' });
    const tokens = (attempt?.cost.inputTokens ?? 0) + (attempt?.cost.outputTokens ?? 0);
    expect(tokens).toBeGreaterThanOrEqual(3000);
    expect(tokens).toBeLessThan(8000);
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
  });
});
