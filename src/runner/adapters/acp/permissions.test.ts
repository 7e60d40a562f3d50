import type { PermissionOption, RequestPermissionRequest } from '@agentclientprotocol/sdk';
import { describe, expect, it } from 'vitest';
import { choicesOf, questionText, selectByPolicy, selectLike, subjectOf } from './permissions.ts';

const option = (kind: PermissionOption['kind'], optionId: string, name = optionId): PermissionOption => ({
  kind,
  optionId,
  name,
});
/** As six agents offer them. */
const OPENCODE = [
  option('allow_once', 'once'),
  option('allow_always', 'always'),
  option('reject_once', 'reject'),
];
const QWEN = [
  option('allow_always', 'a1'),
  option('allow_once', 'proceed_once', 'Yes'),
  option('allow_once', 'proceed_edit', 'Yes, and edit'),
  option('reject_once', 'cancel'),
];
const ALWAYS_ONLY = [option('allow_always', 'forever'), option('reject_always', 'never')];

describe('the answer to a permission request', () => {
  it('is chosen by kind, once before always', () => {
    expect(selectByPolicy(OPENCODE, 'allow')?.optionId).toBe('once');
    expect(selectByPolicy(QWEN, 'allow')?.optionId).toBe('proceed_once');
    expect(selectByPolicy(ALWAYS_ONLY, 'allow')?.optionId).toBe('forever');
    expect(selectByPolicy(OPENCODE, 'deny')?.optionId).toBe('reject');
    expect(selectByPolicy(ALWAYS_ONLY, 'deny')?.optionId).toBe('never');
  });

  it('is none where the agent offers nothing of the kind: a denial never allows', () => {
    expect(selectByPolicy([option('allow_once', 'x')], 'deny')).toBe(null);
    expect(selectByPolicy([option('reject_once', 'x')], 'allow')).toBe(null);
    expect(selectLike([option('allow_once', 'x')], 'reject_once')).toBe(null);
  });

  it('from before is used in the same kind, or the next', () => {
    expect(selectLike(OPENCODE, 'allow_always')?.optionId).toBe('always');
    expect(selectLike([OPENCODE[0]!], 'allow_always')?.optionId).toBe('once');
  });

  it('offers a person every option under an id of its own', () => {
    expect(choicesOf(QWEN).map(({ id, label }) => [id, label])).toEqual([
      ['allow_always', 'a1'],
      ['allow_once', 'Yes'],
      ['allow_once_2', 'Yes, and edit'],
      ['reject_once', 'cancel'],
    ]);
  });

  it('is for the same thing, and nothing else', () => {
    const request = (command: string, toolCallId = 'c1'): RequestPermissionRequest => ({
      sessionId: 's',
      toolCall: { toolCallId, title: command, kind: 'execute', rawInput: { command } },
      options: OPENCODE,
    });
    expect(subjectOf(request('ls', 'c2'))).toBe(subjectOf(request('ls')));
    expect(subjectOf(request('ls -a'))).not.toBe(subjectOf(request('ls')));
    expect(questionText(request('rm -rf build'))).toContain('rm -rf build');
  });
});
