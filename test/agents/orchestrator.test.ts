/** A real agent as the orchestrator: woken by a review, it decides through MCP; what its evidence lacks is refused. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contract/job-shapes.ts';
import type { InboxItem, Page } from '../../src/contract/shapes.ts';
import { COMMIT, SUBMIT, AgentsWorld, opencodeProfile } from './support/real-agents.ts';

let mc: AgentsWorld;
afterEach(() => mc.finish());

interface Leased {
  items: { id: string; deliveryId: string }[];
}
/** What inbox_lease answered, whatever the agent wraps tool results in. */
function leased(results: string[]): Leased['items'][number] {
  for (const text of results.toReversed()) {
    const json = /\{"items":\[\{.*\}\]\}/s.exec(text)?.[0];
    const [item] = json === undefined ? [] : (JSON.parse(json) as Leased).items;
    if (item) return item;
  }
  throw new Error(`nothing was leased: ${results.join('\n')}`);
}
const act = (decision: string) => (results: string[]) => {
  const { id, deliveryId } = leased(results);
  return { item: id, deliveryId, decision, reason: 'the evidence says so' };
};

describe('opencode as the orchestrator', () => {
  it('accepts what is proven, is refused what is not, and keeps its session from run to run', async () => {
    mc = new AgentsWorld({
      good: [[{ calls: [{ shell: `${COMMIT} && ${SUBMIT}` }] }]],
      lie: [
        [
          {
            calls: [
              {
                shell: `git commit -q --allow-empty -m nothing && mc-coord submit --summary "verified, fixed"`,
              },
            ],
          },
        ],
      ],
      decide: [
        [
          { calls: [{ mcp: 'inbox_lease', args: {} }] },
          { calls: [{ mcp: 'inbox_act', args: act('accept') }] },
          { say: 'Decided.' },
        ],
      ],
      doubt: [
        [
          { calls: [{ mcp: 'inbox_lease', args: {} }] },
          { calls: [{ mcp: 'inbox_act', args: act('accept') }] },
          { calls: [{ mcp: 'inbox_act', args: act('cancel') }] },
          { say: 'Decided.' },
        ],
      ],
    });
    await mc.begin({ completion: { decidedBy: 'orchestrator' } });
    await mc.profileOf('worker', opencodeProfile(mc.model));
    await mc.profileOf('luci', opencodeProfile(mc.model, 'allow', { role: 'orchestrator' }));
    const good = await mc.work('worker', 'good', { title: 'Make it good [[scenario:decide]]' });
    await mc.reaches(good, 'done', 90_000);
    const sessionOf = async () =>
      (await mc.api.get<Page<Orchestrator>>('/orchestrators')).items.find((each) => each.state === 'idle');
    const first = await mc.eventually(sessionOf, 'the first run is over');
    expect(first).toMatchObject({ profile: 'luci', lastRun: { outcome: 'done', detail: '1 of 1 decided' } });
    expect(first.session).toMatch(/^ses_/);
    const lie = await mc.work('worker', 'lie', { title: 'Make it good again [[scenario:doubt]]' });
    await mc.reaches(lie, 'cancelled', 90_000);
    const second = await mc.eventually(sessionOf, 'the second run is over');
    expect(second.session).toBe(first.session);
    const { items } = await mc.api.get<Page<InboxItem>>('/inbox', { query: { state: 'acted' } });
    const decided = items.filter((item) => item.kind === 'review').map((item) => [item.ticket, item.result]);
    expect(Object.fromEntries(decided)).toEqual({
      [good]: expect.objectContaining({ decision: 'accept', by: 'luci', via: 'inbox' }),
      [lie]: expect.objectContaining({ decision: 'cancel', by: 'luci' }),
    });
    const { evidence } = await mc.get(lie);
    expect(evidence.some((each) => each.state === 'refuted')).toBe(true);
  }, 240_000);
});
