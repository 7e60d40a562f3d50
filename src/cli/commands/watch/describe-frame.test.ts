import { describe, expect, test } from 'vitest';
import { createStyle } from '../../terminal/style.ts';
import { FrameDescriber } from './describe-frame.ts';

let seq = 0;
const event = (type: string, data: Record<string, unknown>) => ({
  seq: (seq += 1),
  type,
  ticket: 'MC-1',
  at: '2026-06-18T05:37:27.000Z',
  data,
});
/** Without the time, which is in the zone of whoever looks. */
const shown = (describer: FrameDescriber, type: string, data: Record<string, unknown>): string | undefined =>
  describer.describe(event(type, data))?.text.slice(9).replace(/\s+/g, ' ').trim();

describe('a line of mctl watch', () => {
  test('names evidence and attempts that were seen before, and hides the machinery', () => {
    const watch = new FrameDescriber(createStyle(false), false);
    expect(shown(watch, 'attempt.offered', { attempt: 'att_1', number: 2, profile: 'luci' })).toBeUndefined();
    expect(shown(watch, 'attempt.started', { attempt: 'att_1' })).toBe('MC-1 attempt 2 (luci) started');
    expect(
      shown(watch, 'evidence.claimed', { evidence: 'evi_1', kind: 'check', claim: { name: 'test' } }),
    ).toBeUndefined();
    expect(shown(watch, 'evidence.refuted', { evidence: 'evi_1', reason: 'exit code 1\nmuch more' })).toBe(
      'MC-1 ✗ check test refuted: exit code 1',
    );
    expect(shown(watch, 'evidence.verified', { evidence: 'evi_9' })).toBe('MC-1 ✓ evidence verified');
  });

  test('shows a submission, and everything with --all', () => {
    const submission = { attempt: 'att_1', outcome: 'submitted', summary: 'Done.\nReally.' };
    const stopping = { attempt: 'att_1', reason: 'cancelled' };
    const watch = new FrameDescriber(createStyle(false), false);
    expect(shown(watch, 'attempt.stopping', submission)).toBe('MC-1 attempt handed in: Done.');
    expect(shown(watch, 'attempt.stopping', stopping)).toBeUndefined();
    const all = new FrameDescriber(createStyle(false), true);
    expect(shown(all, 'attempt.stopping', stopping)).toBe('MC-1 attempt is being stopped: cancelled');
  });

  test('counts an alert in silence, and says when it became worse', () => {
    const watch = new FrameDescriber(createStyle(false), false);
    expect(shown(watch, 'alert.changed', { clears: 1 })).toBeUndefined();
    expect(shown(watch, 'alert.changed', { severity: 'critical', detail: 'silent' })).toBe(
      'MC-1 Alert changed critical · silent',
    );
  });

  test('tells what is new to it with whatever tells something', () => {
    const watch = new FrameDescriber(createStyle(false), false);
    expect(shown(watch, 'alert.raised', { severity: 'warning', subject: 'local', detail: 'silent' })).toBe(
      'MC-1 Alert raised warning · local · silent',
    );
    expect(shown(watch, 'project.changed', { set: { name: 'x' } })).toBe('MC-1 Project changed name');
    expect(shown(watch, 'strange', {})).toBe('MC-1 Strange');
  });

  test('never lets a terminal obey an agent', () => {
    const watch = new FrameDescriber(createStyle(false), false);
    expect(shown(watch, 'attempt.progressed', { text: 'a\u001b[2Jb', percent: 40 })).toBe('MC-1 ▸ ab 40 %');
  });
});
