import { describe, expect, it } from 'vitest';
import type { AlertSeverity } from '../words.ts';
import {
  type AlertEvent,
  type AlertState,
  CLEARS_TO_RESOLVE,
  alertEvent,
  decideClear,
  decideHolds,
  evolveAlert,
} from './alert.ts';

class Alert {
  state: AlertState | null = null;
  now = 1_000_000;
  #apply(events: AlertEvent[]): number {
    for (const event of events) this.state = evolveAlert(this.state, event);
    return events.length;
  }
  holds(severity: AlertSeverity = 'warning', detail = 'it holds'): number {
    return this.#apply(
      decideHolds(
        this.state,
        { rule: 'stuck', subject: 'MC-1', severity, detail },
        this.now,
        (p) => `${p}_1`,
      ),
    );
  }
  clears(): number {
    return this.state ? this.#apply(decideClear(this.state, this.now)) : 0;
  }
  acknowledge(): void {
    this.#apply([
      alertEvent('alert.acknowledged', { kind: 'human', id: 'ada' }, this.now, { reason: 'seen' }),
    ]);
  }
  resolve(): void {
    for (let i = 0; i < CLEARS_TO_RESOLVE; i += 1) this.clears();
  }
}

describe('an alert', () => {
  it('is raised once, and does not repeat on every tick', () => {
    const alert = new Alert();
    expect(alert.holds()).toBe(1);
    for (let i = 0; i < 10; i += 1) {
      alert.now += 15_000;
      expect(alert.holds()).toBe(0);
    }
    expect(alert.state).toMatchObject({ state: 'open', occurrences: 1, recurrences: 0 });
  });

  it('resolves only after the condition was seen clear a few times in a row', () => {
    const alert = new Alert();
    alert.holds();
    alert.clears();
    alert.clears();
    alert.holds();
    alert.clears();
    alert.clears();
    expect(alert.state?.state).toBe('open');
    alert.clears();
    expect(alert.state?.state).toBe('resolved');
  });

  it('reopens as the same alert with a recurrence, however recently somebody handled it', () => {
    const alert = new Alert();
    alert.holds();
    alert.acknowledge();
    alert.resolve();
    const { id } = alert.state ?? { id: '' };
    alert.now += 1000;
    expect(alert.holds()).toBe(1);
    expect(alert.state).toMatchObject({ id, state: 'open', recurrences: 1, occurrences: 2 });
  });

  it('rises in severity while nobody acknowledges it', () => {
    const alert = new Alert();
    alert.holds('info');
    alert.now += 31 * 60_000;
    alert.holds('info');
    expect(alert.state?.severity).toBe('warning');
    alert.now += 31 * 60_000;
    alert.holds('info');
    expect(alert.state?.severity).toBe('critical');
  });

  it('is heard again when it worsens after somebody acknowledged it', () => {
    const alert = new Alert();
    alert.holds('warning');
    alert.acknowledge();
    alert.now += 60_000;
    expect(alert.holds('warning')).toBe(0);
    expect(alert.state?.state).toBe('acknowledged');
    alert.holds('critical');
    expect(alert.state).toMatchObject({ state: 'open', severity: 'critical' });
  });
});
