import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { describe, expect, it } from 'vitest';
import { transcriptEntry, type TranscriptEntry } from '../../../contract/transcript.ts';
import { ChunkMerger } from '../../transcript/chunk-merger.ts';
import { UpdateMapper } from './updates.ts';

/** What the transcript of these updates is. */
function transcriptOf(...updates: SessionUpdate[]): TranscriptEntry[] {
  const mapper = new UpdateMapper();
  mapper.beginTurn();
  const written: TranscriptEntry[] = [];
  const merger = new ChunkMerger({ add: (entry) => written.push(transcriptEntry.parse(entry)) });
  for (const update of updates) for (const entry of mapper.map(update)) merger.add(entry);
  merger.flush();
  return written;
}
const says = (text: string, messageId?: string): SessionUpdate => ({
  sessionUpdate: 'agent_message_chunk',
  content: { type: 'text', text },
  ...(messageId === undefined ? {} : { messageId }),
});
const call = (more: object): SessionUpdate =>
  ({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', ...more }) as SessionUpdate;

describe('updates over the Agent Client Protocol', () => {
  it('that come word by word become few entries, one message each', () => {
    const other: SessionUpdate = {
      sessionUpdate: 'agent_thought_chunk',
      content: { type: 'text', text: 'hm' },
    };
    expect(transcriptOf(says('I '), says('write.'), other, says('Then '), says('more.'))).toEqual([
      { kind: 'message', id: 'm2', text: 'I write.' },
      { kind: 'thought', id: 't3', text: 'hm' },
      { kind: 'message', id: 'm4', text: 'Then more.' },
    ]);
    expect(transcriptOf(says('a', 'one'), says('b', 'two'))).toMatchObject([
      { id: 'one', text: 'a' },
      { id: 'two', text: 'b' },
    ]);
  });

  it('that repeat the whole output of a tool are written as what was added', () => {
    const output = (text: string): SessionUpdate =>
      call({ status: 'in_progress', content: [{ type: 'content', content: { type: 'text', text } }] });
    expect(
      transcriptOf(
        call({
          sessionUpdate: 'tool_call',
          title: 'bash',
          kind: 'execute',
          status: 'pending',
          rawInput: { cwd: '/w' },
        }),
        call({ status: 'in_progress', title: 'ls', rawInput: { command: 'ls', cwd: '/w' } }),
        output('one\n'),
        output('one\n'),
        output('one\ntwo\n'),
        call({ status: 'completed', rawOutput: { output: 'one\ntwo\n', metadata: { exit: 0 } } }),
      ),
    ).toEqual([
      { kind: 'tool', id: 'c1', title: 'bash', tool: 'execute', state: 'pending' },
      { kind: 'tool', id: 'c1', title: 'ls', state: 'running', input: 'ls' },
      { kind: 'tool', id: 'c1', state: 'running', output: 'one\n' },
      { kind: 'tool', id: 'c1', state: 'running' },
      { kind: 'tool', id: 'c1', state: 'running', output: 'two\n', append: true },
      { kind: 'tool', id: 'c1', state: 'completed', exitCode: 0 },
    ]);
  });

  it('keep diffs, places and plans', () => {
    expect(
      transcriptOf(
        call({
          kind: 'edit',
          title: 'Edit a.ts',
          locations: [{ path: '/w/a.ts', line: 3 }],
          content: [{ type: 'diff', path: '/w/a.ts', oldText: 'a', newText: 'b' }],
        }),
        { sessionUpdate: 'plan', entries: [{ content: 'first', priority: 'high', status: 'in_progress' }] },
        { sessionUpdate: 'usage_update', used: 5, size: 10, cost: { amount: 0.5, currency: 'USD' } },
        { sessionUpdate: 'available_commands_update', availableCommands: [] },
      ),
    ).toEqual([
      {
        kind: 'tool',
        id: 'c1',
        title: 'Edit a.ts',
        tool: 'edit',
        locations: [{ path: '/w/a.ts', line: 3 }],
        diffs: [{ path: '/w/a.ts', before: 'a', after: 'b' }],
      },
      { kind: 'plan', entries: [{ text: 'first', state: 'in_progress' }] },
      { kind: 'usage', contextUsed: 5, contextSize: 10, usd: 0.5 },
    ]);
  });

  it('add up what each prompt used, where the agent says it', () => {
    const mapper = new UpdateMapper();
    mapper.endTurn({
      stopReason: 'end_turn',
      usage: { inputTokens: 436, outputTokens: 30, cachedReadTokens: 64 },
    });
    mapper.endTurn({ stopReason: 'end_turn', usage: { inputTokens: 100, outputTokens: 10 } });
    mapper.endTurn({ stopReason: 'end_turn' });
    expect(mapper.usage).toEqual({ inputTokens: 600, outputTokens: 40 });
  });
});
