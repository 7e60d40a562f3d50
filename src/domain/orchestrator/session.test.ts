import { describe, expect, it } from 'vitest';
import {
  MOST_ASKED,
  type OrchestratorSession,
  type RunEnd,
  decideRunEnd,
  decideWake,
  newSession,
  orchestratorPrompt,
} from './session.ts';

const END: RunEnd = {
  outcome: 'done',
  reason: null,
  session: 'ses',
  runner: 'run_one',
  cost: { usd: 0, inputTokens: 0, outputTokens: 0 },
  notBefore: null,
};
const woken = (before: OrchestratorSession, items: string[]): OrchestratorSession => ({
  ...before,
  ...decideWake(before, items, 'wrk', 1000),
});

describe('an orchestrator', () => {
  it('is asked once and reminded twice of an item, and then relieved of that one only', () => {
    let state = newSession('luci');
    for (let time = 1; time <= MOST_ASKED; time += 1) {
      state = woken(state, time === 1 ? ['slow'] : ['slow', `quick${time}`]);
      const { set, relieved } = decideRunEnd(state, END, ['slow'], 2000);
      expect(relieved).toEqual(time === MOST_ASKED ? ['slow'] : []);
      state = { ...state, ...set };
    }
    expect(state.asked).toEqual({});
    expect(state.lastRun?.detail).toBe('1 of 2 decided; 1 went to a person');
  });

  it('is not asked from the beginning about an item that somebody else had in between', () => {
    let state = woken(newSession('luci'), ['slow']);
    state = { ...state, ...decideRunEnd(state, END, ['slow'], 2000).set };
    state = woken(state, ['quick']);
    state = { ...state, ...decideRunEnd(state, END, [], 3000).set };
    expect(woken(state, ['slow']).asked).toEqual({ slow: 2 });
  });

  it('is not blamed for a provider that refuses, and comes again when it says', () => {
    const state = woken(newSession('luci'), ['a']);
    const { set, relieved } = decideRunEnd(
      state,
      { ...END, outcome: 'unable', notBefore: 9000 },
      ['a'],
      2000,
    );
    expect([relieved, set.asked, set.notBefore]).toEqual([[], { a: 0 }, 9000]);
  });

  it('that cannot run is tried again later, and its items go to a person in the end', () => {
    let state = newSession('luci');
    for (let time = 1; time < MOST_ASKED; time += 1) {
      state = woken(state, ['a']);
      const { set } = decideRunEnd(state, { ...END, outcome: 'unable', reason: 'no program' }, ['a'], 2000);
      expect(set.notBefore).toBe(62_000);
      state = { ...state, ...set };
    }
    state = woken(state, ['a']);
    expect(decideRunEnd(state, { ...END, outcome: 'unable' }, ['a'], 2000).relieved).toEqual(['a']);
  });

  it('is told what waits, and which item it has for the last time', () => {
    const prompt = orchestratorPrompt([
      { id: 'inb_1', kind: 'review', ticket: 'MC-1', subject: 'First', asked: 1 },
      { id: 'inb_2', kind: 'question', ticket: 'MC-2', subject: 'Second\nmore', asked: MOST_ASKED },
    ]);
    expect(prompt).toContain('- review of MC-1: First [item inb_1]\n');
    expect(prompt).toContain('- question of MC-2: Second [item inb_2] (last time');
  });
});
