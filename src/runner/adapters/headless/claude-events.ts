/** The events of `claude -p --output-format stream-json --verbose`; others print the same shape. */
import type { ToolEntry, TranscriptEntry } from '../../../contract/transcript.ts';
import type { Memory, Usage } from '../adapter.ts';
import { inputText } from '../acp/updates.ts';
import { eventOf, type EventParser, figure, list, number, record, string } from './dialect.ts';

const KINDS: Record<string, string> = {
  Bash: 'execute',
  Edit: 'edit',
  MultiEdit: 'edit',
  NotebookEdit: 'edit',
  Write: 'edit',
  Read: 'read',
  Glob: 'search',
  Grep: 'search',
  WebFetch: 'fetch',
  WebSearch: 'search',
};

export class ClaudeEvents implements EventParser {
  #session: string | null = null;
  #usage: Usage = {};
  #end: ReturnType<EventParser['end']> = null;
  /** Until when the provider said, on its own account, that it refuses more. */
  #limitedUntil: number | undefined;

  feed(line: string): TranscriptEntry[] {
    const event = eventOf(line);
    if (!event) return [];
    switch (event.type) {
      case 'system':
        if (event['subtype'] === 'init') this.#session = string(event['session_id']) ?? null;
        return [];
      case 'assistant':
        return this.#assistant(record(event['message']));
      case 'user':
        return list(record(event['message'])['content']).flatMap((part) => toolResult(record(part)));
      case 'rate_limit_event': {
        const info = record(event['rate_limit_info']);
        const resets = number(info['resetsAt']);
        if (info['status'] === 'rejected' && resets !== undefined) this.#limitedUntil = resets * 1000;
        return [];
      }
      case 'result':
        return this.#result(event);
      default:
        return [];
    }
  }

  session(): string | null {
    return this.#session;
  }

  usage(): Usage {
    return { ...this.#usage };
  }

  end(): ReturnType<EventParser['end']> {
    return this.#end;
  }

  remember(): Memory {
    return {};
  }

  #assistant(message: Record<string, unknown>): TranscriptEntry[] {
    const id = string(message['id']) ?? 'message';
    return list(message['content']).flatMap((part): TranscriptEntry[] => {
      const block = record(part);
      switch (block['type']) {
        case 'text':
          return [{ kind: 'message', id, text: string(block['text']) ?? '' }];
        case 'thinking':
          return [{ kind: 'thought', id, text: string(block['thinking']) ?? '' }];
        case 'tool_use':
          return toolUse(block);
        default:
          return [];
      }
    });
  }

  #result(event: Record<string, unknown>): TranscriptEntry[] {
    this.#session = string(event['session_id']) ?? this.#session;
    const usage = record(event['usage']);
    const sum = (...names: string[]): number =>
      names.reduce((total, name) => total + (figure(usage[name]) ?? 0), 0);
    const usd = figure(event['total_cost_usd']);
    this.#usage = {
      inputTokens: sum('input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'),
      outputTokens: sum('output_tokens'),
      ...(usd === undefined ? {} : { usd }),
    };
    const entries: TranscriptEntry[] = list(event['permission_denials'])
      .map(record)
      .map((denial) => ({
        kind: 'permission',
        ...(typeof denial['tool_use_id'] === 'string' ? { tool: denial['tool_use_id'] } : {}),
        title: `${string(denial['tool_name']) ?? 'a tool'}: ${inputText(denial['tool_input'] ?? '')}`,
        outcome: 'denied',
        by: 'agent',
      }));
    entries.push({ kind: 'usage', ...this.#usage });
    const subtype = string(event['subtype']) ?? 'result';
    if (event['is_error'] === true || subtype.startsWith('error')) {
      const status = number(event['api_error_status']);
      const errors = list(event['errors']).filter((error) => typeof error === 'string');
      const said = string(event['result']) ?? errors.join('; ');
      const message = said === '' ? subtype : said;
      const text =
        status === undefined || message.includes(String(status)) ? message : `${message} (status ${status})`;
      const notBefore = this.#limitedUntil;
      this.#end = { kind: 'failed', message: text, ...(notBefore === undefined ? {} : { notBefore }) };
      entries.push({ kind: 'error', text });
    } else this.#end = { kind: 'ended', reason: string(event['stop_reason']) ?? subtype };
    return entries;
  }
}

function toolUse(block: Record<string, unknown>): TranscriptEntry[] {
  const name = string(block['name']) ?? 'tool';
  const input = record(block['input']);
  const path = string(input['file_path']) ?? string(input['path']) ?? string(input['notebook_path']);
  const before = string(input['old_string']);
  const after = string(input['new_string']) ?? (name === 'Write' ? string(input['content']) : undefined);
  const entry: ToolEntry = {
    kind: 'tool',
    id: string(block['id']) ?? name,
    title: name,
    tool: KINDS[name] ?? (name.startsWith('mcp__') ? 'mcp' : name),
    state: 'running',
    input: inputText(block['input']),
    ...(path === undefined ? {} : { locations: [{ path }] }),
    ...(path === undefined || after === undefined
      ? {}
      : { diffs: [{ path, before: before ?? null, after }] }),
  };
  return [entry];
}

function toolResult(block: Record<string, unknown>): TranscriptEntry[] {
  if (block['type'] !== 'tool_result') return [];
  const { content } = block;
  const output =
    typeof content === 'string'
      ? content
      : list(content)
          .map((part) => string(record(part)['text']) ?? `[${string(record(part)['type']) ?? 'content'}]`)
          .join('\n');
  const id = string(block['tool_use_id']) ?? 'tool';
  return [{ kind: 'tool', id, state: block['is_error'] === true ? 'failed' : 'completed', output }];
}
