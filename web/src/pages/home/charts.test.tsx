/** The charts of Home, drawn from a history that is known. */
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { Statistics } from '../../../../src/contract/figures.ts';
import { Charts } from './charts.tsx';

const day = (name: string, more: Partial<Statistics['days'][number]> = {}) => ({
  day: name,
  usd: 0,
  tokens: 0,
  done: 0,
  cancelled: 0,
  attempts: 0,
  ...more,
});
const history = (more: Partial<Statistics> = {}): Statistics => ({
  from: '2026-11-22T00:00:00Z',
  to: '2026-11-25T12:00:00Z',
  days: [
    day('2026-11-22', { done: 4, usd: 2 }),
    day('2026-11-23'),
    day('2026-11-24', { done: 1, cancelled: 1, usd: 0.5 }),
    day('2026-11-25', { done: 2, usd: 1 }),
  ],
  cycle: { count: 7, medianSeconds: 90, slowestTenthSeconds: 600 },
  profiles: [],
  today: { spent: { usd: 1, tokens: 0 }, budget: { usd: 4 } },
  tickets: 8,
  truncated: false,
  ...more,
});
const draw = (more?: Partial<Statistics>): string => renderToStaticMarkup(<Charts figures={history(more)} />);
/** Of one chart: how high each bar is, percent; grey ones are the part that was cancelled. */
const heights = (html: string, tone: string): string[] =>
  [...html.matchAll(new RegExp(`class="[^"]*${tone}[^"]*" style="height:([\\d.]+)%"`, 'g'))].map(
    ([, height]) => String(height),
  );

describe('the charts of Home', () => {
  it('sum up what the days say, and read it out', () => {
    const html = draw();
    expect(html).toContain('>7<');
    expect(html).toContain('and 1 cancelled (grey)');
    expect(html).toContain('$3.50');
    expect(html).toContain(
      'aria-label="Finished by day. Nov 22: 4 done; Nov 24: 1 done, 1 cancelled; Nov 25: 2 done"',
    );
    expect(html).toContain('aria-label="Spent by day. Nov 22: $2.00; Nov 24: $0.50; Nov 25: $1.00"');
  });

  it('begin at zero, and the highest day fills the chart', () => {
    const html = draw({ today: { spent: { usd: 1, tokens: 0 }, budget: null } });
    expect(heights(html, 'bg-green')).toEqual(['100', '25', '50']);
    expect(heights(html, 'bg-faint')).toEqual(['25']);
    expect(heights(html, 'bg-accent')).toEqual(['100', '25', '50']);
  });

  it('draw the budget of the day where it says something, and measure the days by it', () => {
    const html = draw();
    expect(html).toContain('today $1.00 of $4.00');
    expect(html).toMatch(/border-dashed"[^>]*style="bottom:100%"/);
    expect(heights(html, 'bg-accent')).toEqual(['50', '12.5', '25']);
    expect(draw({ today: { spent: { usd: 1, tokens: 0 }, budget: { usd: 1_000 } } })).not.toContain(
      'border-dashed',
    );
  });

  it('count tokens where nobody knows a price', () => {
    const html = draw({
      days: [day('2026-11-25', { tokens: 12_500 })],
      today: { spent: { usd: 0, tokens: 12_500 }, budget: null },
    });
    expect(html).toContain('12.5K tokens');
    expect(html).toContain('no budget for the day');
  });

  it('say how long work takes, and say nothing where nothing is known', () => {
    expect(draw()).toContain('half of 7 took at most');
    expect(draw({ cycle: { count: 12, medianSeconds: 90, slowestTenthSeconds: 600 } })).toContain(
      'nine of ten at most',
    );
    expect(draw({ cycle: { count: 0, medianSeconds: null, slowestTenthSeconds: null } })).toContain(
      'No ticket that an agent worked on was finished',
    );
    expect(draw({ truncated: true })).toContain('Of the 8 tickets that changed last');
  });
});
