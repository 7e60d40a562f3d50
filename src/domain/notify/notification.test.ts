import { describe, expect, it } from 'vitest';
import { digestOf, isGivenUp, retryAfterMs } from './delivering.ts';
import { type LoggedEvent, TELLING_EVENTS, noticesOf } from './notification.ts';
import { plainText } from './plain-text.ts';
import { NO_SETTINGS, concerns, decidePush, isWanted, webhookWants } from './preferences.ts';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const operator = { kind: 'operator', id: 'operator' } as const;
const ada = { kind: 'human', id: 'ada' } as const;
const event = (type: string, stream: string, data: object, more: Partial<LoggedEvent> = {}): LoggedEvent => ({
  seq: 7,
  type,
  stream,
  data,
  actor: operator,
  at: NOW,
  ticket: null,
  project: null,
  ...more,
});
const alert = {
  id: 'alr_1',
  rule: 'disk_low',
  subject: 'data directory',
  severity: 'critical' as const,
  detail: 'Only 3 MB are free.',
  state: 'open',
  recurrences: 0,
};
const item = { id: 'inb_1', kind: 'question', ticket: 'MC-12', subject: 'Which name?', for: 'person' };
const nothing = { item: () => null, alert: () => null, title: () => null };
const around = { item: () => item, alert: () => alert, title: () => 'Rename it' };
const told = (e: LoggedEvent) =>
  noticesOf(e, around).flatMap((notice) => (notice.is === 'told' ? [notice.told] : []));

describe('what is told', () => {
  it('is a question, and where the app shows exactly that', () => {
    expect(told(event('inbox.created', 'inbox:inb_1', item))).toEqual([
      {
        key: 'inbox:inb_1',
        matter: 'inbox:inb_1',
        kind: 'question',
        project: 'MC',
        ticket: 'MC-12',
        title: 'MC-12 asks',
        text: 'Which name?',
        path: '/inbox/inb_1',
        actor: operator,
      },
    ]);
  });

  it('is nothing of what an orchestrator decides, until it goes to a person', () => {
    expect(
      noticesOf(event('inbox.created', 'inbox:inb_1', { ...item, for: 'orchestrator' }), nothing),
    ).toEqual([]);
    const [escalated] = told(
      event('inbox.escalated', 'inbox:inb_1', { reason: 'nobody decided it in time' }),
    );
    expect(escalated).toMatchObject({
      kind: 'escalated',
      matter: 'inbox:inb_1',
      title: 'MC-12 waits for you: a question',
      text: 'Which name? (nobody decided it in time)',
    });
  });

  it('is a conflict, a ticket without retries, a done one, and the pause switch', () => {
    const kinds = [
      event('inbox.created', 'inbox:inb_1', { ...item, kind: 'conflict' }),
      event('inbox.created', 'inbox:inb_1', { ...item, kind: 'attempts_exhausted' }),
      event('ticket.transitioned', 'ticket:MC-12', { from: 'in_review', to: 'done' }, { ticket: 'MC-12' }),
      event(
        'policy.changed',
        'policy:policy',
        { set: { paused: { reason: 'lunch', stop: true } } },
        { actor: ada },
      ),
    ].map((each) => told(each)[0]);
    expect(kinds.map((each) => each?.kind)).toEqual(['conflict', 'exhausted', 'done', 'paused']);
    expect(kinds[2]).toMatchObject({ text: 'Rename it', path: '/tickets/MC-12' });
    expect(kinds[3]).toMatchObject({ title: 'ada paused everything', text: 'lunch (what ran was stopped)' });
  });

  it('is no other transition, and no other change of the policy', () => {
    expect(told(event('ticket.transitioned', 'ticket:MC-1', { from: 'todo', to: 'in_progress' }))).toEqual(
      [],
    );
    expect(told(event('policy.changed', 'policy:policy', { set: { maxWorkers: 3 } }))).toEqual([]);
  });

  it('is an alert that is raised, comes back or gets worse, by its severity, and not that it goes on', () => {
    const of = (type: string, data: object) =>
      told(event(type, 'alert:disk_low:data directory', data))[0]?.title;
    expect(of('alert.raised', alert)).toBe('Critical: disk low');
    expect(of('alert.reopened', { severity: 'warning', detail: 'x' })).toBe('Warning, again: disk low');
    expect(of('alert.changed', { seen: 1, severity: 'critical', detail: 'x' })).toBe('Critical: disk low');
    expect(of('alert.changed', { seen: 1, detail: 'x' })).toBeUndefined();
    expect(of('alert.changed', { clears: 1 })).toBeUndefined();
  });

  it('is an overdue decision as that decision, and an exhausted ticket once, not as an alert too', () => {
    const overdue = { ...around, alert: () => ({ ...alert, rule: 'inbox_overdue', subject: 'inb_1' }) };
    const [first] = noticesOf(event('alert.raised', 'alert:x', {}), overdue);
    expect(first).toMatchObject({
      is: 'told',
      told: { kind: 'overdue', matter: 'inbox:inb_1', path: '/inbox/inb_1' },
    });
    const exhausted = { ...around, alert: () => ({ ...alert, rule: 'exhausted' }) };
    expect(noticesOf(event('alert.raised', 'alert:x', {}), exhausted)).toEqual([]);
  });

  it('is over when its matter is settled, and says by whom', () => {
    const acted = event('inbox.acted', 'inbox:inb_1', { result: { decision: 'answer', by: 'grace' } });
    expect(noticesOf(acted, nothing)).toEqual([
      { is: 'settled', settled: { matter: 'inbox:inb_1', by: 'grace', how: 'answer' } },
    ]);
    const resolved = event('alert.resolved', 'alert:disk_low:data directory', { reason: 'seen clear' });
    expect(noticesOf(resolved, around)).toEqual([
      { is: 'settled', settled: { matter: 'alert:alr_1', by: 'operator', how: 'resolved' } },
    ]);
  });

  it('comes from no event that is not read', () => {
    expect(noticesOf(event('attempt.progressed', 'ticket:MC-1', {}), around)).toEqual([]);
    expect(TELLING_EVENTS).not.toContain('attempt.progressed');
  });
});

describe('the text of a notification', () => {
  it('is one line without anything that turns, hides or rings', () => {
    expect(plainText('a\u0007\u001b[31mb\n\nc\u202edcba\u2066\u200b  d', 100)).toBe('a [31mb c dcba d');
  });

  it('is cut between characters, and says so', () => {
    expect(plainText('🚀'.repeat(10), 5)).toBe('🚀🚀🚀🚀…');
    expect(plainText('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxx…');
    expect(plainText('\ud83d oops', 20)).toBe('\ufffd oops');
  });
});

describe('who is told by which way', () => {
  const question = { kind: 'question', project: 'MC', ticket: 'MC-12', actor: operator } as const;
  const night = Date.parse('2026-11-25T23:00:00.000Z');
  const quiet = { from: '22:00', to: '07:00', timezone: 'UTC' };

  it('rings for what waits for a person, and not for what is done', () => {
    expect(isWanted(NO_SETTINGS, 'question', 'push')).toBe(true);
    expect(isWanted(NO_SETTINGS, 'done', 'push')).toBe(false);
    expect(isWanted(NO_SETTINGS, 'done', 'app')).toBe(true);
    expect(isWanted({ ...NO_SETTINGS, ways: { done: { push: true } } }, 'done', 'push')).toBe(true);
    expect(isWanted({ ...NO_SETTINGS, ways: { done: { push: true } } }, 'done', 'app')).toBe(true);
  });

  it('tells nobody of what they did themselves, nor of what they muted', () => {
    expect(concerns(NO_SETTINGS, 'ada', { ...question, actor: ada })).toBe(false);
    expect(concerns(NO_SETTINGS, 'grace', { ...question, actor: ada })).toBe(true);
    const muted = (tickets: string[], projects: string[]) => ({
      ...NO_SETTINGS,
      muted: { tickets, projects },
    });
    expect(concerns(muted(['MC-12'], []), 'ada', question)).toBe(false);
    expect(concerns(muted([], ['MC']), 'ada', question)).toBe(false);
    expect(concerns(muted(['MC-1'], ['OPS']), 'ada', question)).toBe(true);
  });

  it('holds pushes in quiet hours, critical alerts only where the person wants it', () => {
    const settings = { ...NO_SETTINGS, quiet };
    expect(decidePush(settings, 'ada', question, NOW)).toEqual({ push: 'now' });
    expect(decidePush(settings, 'ada', question, night)).toEqual({
      push: 'held',
      until: Date.parse('2026-11-26T07:00:00.000Z'),
    });
    const burning = { ...question, kind: 'alert_critical' } as const;
    expect(decidePush(settings, 'ada', burning, night)).toEqual({ push: 'now' });
    expect(decidePush({ ...settings, criticalThrough: false }, 'ada', burning, night).push).toBe('held');
    expect(decidePush(settings, 'ada', { ...question, kind: 'done' }, night)).toEqual({ push: 'never' });
  });

  it('filters a webhook by kind and project', () => {
    const hook = {
      id: 'whk_1',
      name: 'chat',
      origin: 'https://chat.example',
      kinds: null,
      projects: null,
      enabled: true,
      secretNumber: 1,
      removed: false,
    };
    expect(webhookWants(hook, question)).toBe(true);
    expect(webhookWants({ ...hook, kinds: ['done'] }, question)).toBe(false);
    expect(webhookWants({ ...hook, projects: ['OPS'] }, question)).toBe(false);
    expect(webhookWants({ ...hook, projects: ['MC'] }, { kind: 'paused', project: null })).toBe(false);
    expect(webhookWants({ ...hook, enabled: false }, question)).toBe(false);
  });
});

describe('trying again', () => {
  it('waits longer each time, up to half an hour, and not everybody equally long', () => {
    expect([1, 2, 3, 4].map((n) => retryAfterMs(n, 0.5, null))).toEqual([5000, 20_000, 80_000, 320_000]);
    expect(retryAfterMs(50, 0.5, null)).toBe(1_800_000);
    expect(retryAfterMs(1, 0, null)).toBe(2500);
    expect(retryAfterMs(1, 1, null)).toBe(7500);
  });

  it('heeds what the destination asks for, within bounds', () => {
    expect(retryAfterMs(1, 0.5, 60_000)).toBe(60_000);
    expect(retryAfterMs(1, 0.5, 1e12)).toBe(1_800_000);
  });

  it('ends after a day', () => {
    expect(isGivenUp(NOW, NOW + 86_399_999)).toBe(false);
    expect(isGivenUp(NOW, NOW + 86_400_000)).toBe(true);
  });
});

describe('a digest', () => {
  it('names the first five, and counts the rest', () => {
    const held = Array.from({ length: 7 }, (_, i) => ({ title: `MC-${i} asks`, text: '' }));
    expect(digestOf(held)).toEqual({
      title: '7 while it was quiet',
      text: 'MC-0 asks · MC-1 asks · MC-2 asks · MC-3 asks · MC-4 asks · and 2 more',
    });
  });
});
