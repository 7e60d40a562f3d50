import { describe, expect, it } from 'vitest';
import { ApiProblem, Unreachable } from '../client/api-client.ts';
import { ERRORS, type ErrorCode } from '../contract/errors.ts';
import type { HeartbeatAnswer } from '../contract/runner-protocol.ts';
import type { Clock } from './clock.ts';
import { failureOf } from './control-plane.ts';
import { Lease, stoppingTimes } from './lease.ts';

/** Virtual time: timers run in order, and promises settle between them. */
class FakeClock implements Clock {
  #now = 1_000_000;
  #timers: { at: number; call: () => void }[] = [];
  now = (): number => this.#now;
  monotonic = (): number => this.#now;
  random = (): number => 0.5;
  setTimer(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      for (let n = 0; n < 30; n++) await Promise.resolve();
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = end;
  }
}

const problem = (code: ErrorCode, more: object = {}): ApiProblem =>
  new ApiProblem({ ...ERRORS[code], type: 'about:blank', code, detail: '', ...more });

interface Given {
  answer?: () => Promise<HeartbeatAnswer>;
  leaseMs?: number;
}

function given({
  answer = () => Promise.resolve({ leaseMs: 30_000, directive: 'continue' }),
  leaseMs = 30_000,
}: Given) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const state = { answer };
  const lease = new Lease({
    clock,
    leaseMs,
    beat: () => {
      seen.push(`beat ${clock.monotonic() - 1_000_000}`);
      return state.answer();
    },
    events: {
      answered: (a) => void seen.push(a.directive),
      stale: (reason) => void seen.push(`stale ${reason}`),
      alone: () => void seen.push(`alone ${clock.monotonic() - 1_000_000}`),
      failed: () => void seen.push('failed'),
    },
  });
  lease.renewedFrom(clock.monotonic(), leaseMs);
  return { clock, lease, seen, state };
}

describe('a lease', () => {
  it('is renewed at every third', async () => {
    const { clock, lease, seen } = given({});
    lease.start();
    await clock.advance(21_000);
    lease.end();
    expect(seen).toEqual(['beat 0', 'continue', 'beat 10000', 'continue', 'beat 20000', 'continue']);
  });

  it('whose renewals are not answered leaves its holder alone early enough to stop everything', async () => {
    const { clock, lease, seen } = given({
      answer: () => Promise.reject(new Unreachable('x', new Error('gone'))),
    });
    lease.start();
    await clock.advance(40_000);
    lease.end();
    const alone = seen.filter((line) => line.startsWith('alone'));
    expect(alone).toEqual([`alone ${30_000 - stoppingTimes(30_000).aloneBeforeMs}`]);
    expect(seen.filter((line) => line === 'failed')).toEqual(['failed']);
  });

  it('is trusted from the start of the request that renewed it, not from its answer', async () => {
    const { clock, lease, state } = given({});
    state.answer = () =>
      new Promise((resolve) =>
        clock.setTimer(4000, () => resolve({ leaseMs: 30_000, directive: 'continue' })),
      );
    lease.start();
    await clock.advance(5000);
    expect(lease.trustedUntil).toBe(1_000_000 + 30_000);
    lease.end();
  });

  it('that is stale says why, once, and is not renewed any more', async () => {
    const { clock, lease, seen } = given({
      answer: () => Promise.reject(problem('stale_attempt', { reason: 'superseded' })),
    });
    lease.start();
    await clock.advance(60_000);
    expect(seen.filter((line) => line.startsWith('beat')).length).toBe(1);
    expect(seen).toContain('stale superseded');
    lease.end();
  });

  it('that was renewed just now is renewed again after a third, or when something is to be heard', async () => {
    const { clock, lease, seen } = given({});
    lease.start(true);
    await clock.advance(9000);
    expect(seen).toEqual([]);
    lease.poke();
    await clock.advance(10_500);
    lease.end();
    expect(seen).toEqual(['beat 9000', 'continue', 'beat 19000', 'continue']);
  });

  it('is renewed once more when it was poked during a renewal, which may have been answered before', async () => {
    const { clock, lease, seen, state } = given({});
    state.answer = () =>
      new Promise((resolve) =>
        clock.setTimer(100, () => resolve({ leaseMs: 30_000, directive: 'continue' })),
      );
    lease.start();
    await clock.advance(50);
    lease.poke();
    await clock.advance(1000);
    lease.end();
    expect(seen.filter((line) => line.startsWith('beat'))).toEqual(['beat 0', 'beat 100']);
  });

  it('sends a beat that is asked for after, not with, one already under way', async () => {
    const { clock, lease, seen } = given({});
    const first = lease.beatNow();
    const second = lease.beatNow();
    await clock.advance(1);
    await Promise.all([first, second]);
    expect(seen.filter((line) => line.startsWith('beat')).length).toBe(2);
    lease.end();
  });

  it('leaves time for SIGTERM and SIGKILL before its end, however short it is', () => {
    for (const leaseMs of [2000, 3000, 10_000, 30_000, 300_000]) {
      const { aloneBeforeMs, graceMs } = stoppingTimes(leaseMs);
      expect(aloneBeforeMs).toBeGreaterThan(graceMs);
      // And the holder is not alone before two renewals in a row failed.
      expect(leaseMs - aloneBeforeMs).toBeGreaterThan((leaseMs * 2) / 3 - 200);
    }
  });
});

describe('a failed call', () => {
  it.each<[unknown, string]>([
    [problem('stale_attempt'), 'stale'],
    [problem('not_found'), 'stale'],
    [problem('runner_superseded'), 'superseded'],
    [problem('transition_not_allowed'), 'refused'],
    [problem('invalid_request'), 'refused'],
    [problem('store_unavailable'), 'retry'],
    [problem('rate_limited'), 'retry'],
    [problem('unauthenticated'), 'retry'],
    [new Unreachable('x', new Error('gone')), 'retry'],
    [new TypeError('terminated'), 'retry'],
  ])('%s is %s', (error, failure) => {
    expect(failureOf(error)).toBe(failure);
  });
});
