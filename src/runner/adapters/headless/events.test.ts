/** The events as the programs print them, recorded and shortened. */
import { describe, expect, it } from 'vitest';
import { transcriptEntry, type TranscriptEntry } from '../../../contract/transcript.ts';
import { ClaudeEvents } from './claude-events.ts';
import { CodexEvents } from './codex-events.ts';
import type { EventParser } from './dialect.ts';

function read(parser: EventParser, ...events: (object | string)[]): TranscriptEntry[] {
  return events
    .flatMap((event) => parser.feed(typeof event === 'string' ? event : JSON.stringify(event)))
    .map((entry) => transcriptEntry.parse(entry));
}

describe('the events of codex', () => {
  const started = { type: 'thread.started', thread_id: 't-1' };
  const command = {
    id: 'item_2',
    type: 'command_execution',
    command: "/bin/bash -lc 'ls'",
    aggregated_output: '',
    exit_code: null,
    status: 'in_progress',
  };
  const completed = (input: number, output: number) => ({
    type: 'turn.completed',
    usage: {
      input_tokens: input,
      cached_input_tokens: 64,
      output_tokens: output,
      reasoning_output_tokens: 0,
    },
  });

  it('become entries', () => {
    const parser = new CodexEvents({});
    const entries = read(
      parser,
      started,
      { type: 'turn.started' },
      { type: 'item.completed', item: { id: 'item_1', type: 'agent_message', text: 'I write.' } },
      { type: 'item.started', item: command },
      {
        type: 'item.completed',
        item: { ...command, aggregated_output: 'README.md\n', exit_code: 0, status: 'completed' },
      },
      {
        type: 'item.completed',
        item: {
          id: 'item_3',
          type: 'file_change',
          status: 'completed',
          changes: [{ path: '/w/a.ts', kind: 'add' }],
        },
      },
      {
        type: 'item.completed',
        item: {
          id: 'item_4',
          type: 'mcp_tool_call',
          server: 'mission_control',
          tool: 'submit',
          arguments: { summary: 's' },
          result: { content: [{ type: 'text', text: 'accepted' }] },
          status: 'completed',
        },
      },
      {
        type: 'item.updated',
        item: { id: 'item_5', type: 'todo_list', items: [{ text: 'a', completed: true }] },
      },
      completed(710, 70),
    );
    expect(entries).toMatchObject([
      { kind: 'message', text: 'I write.' },
      { kind: 'tool', tool: 'execute', state: 'running', title: "/bin/bash -lc 'ls'" },
      { kind: 'tool', state: 'completed', output: 'README.md\n', exitCode: 0 },
      { kind: 'tool', tool: 'edit', title: 'add /w/a.ts', locations: [{ path: '/w/a.ts' }] },
      { kind: 'tool', tool: 'mcp', title: 'mission_control: submit', output: 'accepted' },
      { kind: 'plan', entries: [{ text: 'a', state: 'completed' }] },
      { kind: 'usage', inputTokens: 710, outputTokens: 70 },
    ]);
    expect(parser.session()).toBe('t-1');
    expect(parser.end()).toEqual({ kind: 'ended', reason: 'completed' });
  });

  it('count the tokens of a resumed thread once', () => {
    const first = new CodexEvents({});
    read(first, started, completed(710, 70));
    const second = new CodexEvents(first.remember());
    read(second, started, completed(1500, 150));
    expect(second.usage()).toEqual({ inputTokens: 790, outputTokens: 80 });
    const another = new CodexEvents(first.remember());
    read(another, { type: 'thread.started', thread_id: 't-2' }, completed(100, 10));
    expect(another.usage()).toEqual({ inputTokens: 100, outputTokens: 10 });
  });

  it('tell a turn that failed, in the words of the provider', () => {
    const parser = new CodexEvents({});
    const message = JSON.stringify({ type: 'error', status: 400, error: { message: 'bad prompt' } });
    const entries = read(
      parser,
      started,
      { type: 'error', message },
      { type: 'turn.failed', error: { message } },
    );
    expect(entries).toEqual([{ kind: 'error', text: 'bad prompt (status 400)' }]);
    expect(parser.end()).toEqual({ kind: 'failed', message: 'bad prompt (status 400)' });
  });

  it('that are none are passed over', () => {
    const parser = new CodexEvents({});
    expect(
      read(
        parser,
        'a banner',
        '{broken',
        '[]',
        '{"type":5}',
        { type: 'new.kind' },
        { type: 'item.completed' },
      ),
    ).toEqual([]);
    expect(parser.end()).toBe(null);
  });
});

describe('the events of Claude Code', () => {
  const init = { type: 'system', subtype: 'init', session_id: 's-1', tools: ['Bash'] };
  const says = (...content: object[]) => ({
    type: 'assistant',
    message: { id: 'msg_1', role: 'assistant', content },
  });
  const result = (more: object) => ({
    type: 'result',
    subtype: 'success',
    is_error: false,
    session_id: 's-1',
    stop_reason: 'end_turn',
    total_cost_usd: 0.0031992,
    usage: {
      input_tokens: 646,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 64,
      output_tokens: 70,
    },
    permission_denials: [],
    ...more,
  });

  it('become entries', () => {
    const parser = new ClaudeEvents();
    const entries = read(
      parser,
      init,
      says({ type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'I write.' }),
      says({ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'ls', description: 'x' } }),
      {
        type: 'user',
        message: {
          role: 'user',
          content: [{ tool_use_id: 'toolu_1', type: 'tool_result', content: 'README.md', is_error: false }],
        },
      },
      says({
        type: 'tool_use',
        id: 'toolu_2',
        name: 'Edit',
        input: { file_path: '/w/a.ts', old_string: 'a', new_string: 'b' },
      }),
      {
        type: 'user',
        message: {
          content: [
            {
              tool_use_id: 'toolu_2',
              type: 'tool_result',
              content: [{ type: 'text', text: 'no' }],
              is_error: true,
            },
          ],
        },
      },
      result({}),
    );
    expect(entries).toMatchObject([
      { kind: 'thought', text: 'hm' },
      { kind: 'message', text: 'I write.' },
      { kind: 'tool', id: 'toolu_1', tool: 'execute', title: 'Bash', input: 'ls', state: 'running' },
      { kind: 'tool', id: 'toolu_1', state: 'completed', output: 'README.md' },
      { kind: 'tool', tool: 'edit', diffs: [{ path: '/w/a.ts', before: 'a', after: 'b' }] },
      { kind: 'tool', id: 'toolu_2', state: 'failed', output: 'no' },
      { kind: 'usage', inputTokens: 710, outputTokens: 70, usd: 0.0031992 },
    ]);
    expect(parser.end()).toEqual({ kind: 'ended', reason: 'end_turn' });
    expect(parser.session()).toBe('s-1');
  });

  it('tell what was denied, though the result says success', () => {
    const parser = new ClaudeEvents();
    const denial = { tool_name: 'Bash', tool_use_id: 'toolu_1', tool_input: { command: 'rm -rf x' } };
    expect(read(parser, init, result({ permission_denials: [denial] }))[0]).toEqual({
      kind: 'permission',
      tool: 'toolu_1',
      title: 'Bash: rm -rf x',
      outcome: 'denied',
      by: 'agent',
    });
  });

  it('tell an error by its flag and not by its subtype, and until when the provider refuses', () => {
    const parser = new ClaudeEvents();
    read(
      parser,
      init,
      { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1_795_330_000 } },
      result({ is_error: true, result: 'API Error: limit', api_error_status: 429 }),
    );
    expect(parser.end()).toEqual({
      kind: 'failed',
      message: 'API Error: limit (status 429)',
      notBefore: 1_795_330_000_000,
    });
    const other = new ClaudeEvents();
    read(other, init, result({ subtype: 'error_max_turns' }));
    expect(other.end()).toEqual({ kind: 'failed', message: 'error_max_turns' });
  });
});
