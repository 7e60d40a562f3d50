/**
 * The events of `codex exec --json`. Its usage counts the whole thread, also what earlier processes of it used, so the
 * total that is remembered for the thread is taken off.
 */
import type { ToolEntry, TranscriptEntry } from '../../../contract/transcript.ts';
import type { Memory, Usage } from '../adapter.ts';
import { eventOf, type EventParser, figure, list, number, record, string } from './dialect.ts';

interface Total {
  thread: string;
  inputTokens: number;
  outputTokens: number;
}

export class CodexEvents implements EventParser {
  readonly #before: Total | null;
  #thread: string | null = null;
  #total: Total | null = null;
  #end: ReturnType<EventParser['end']> = null;
  #error: string | null = null;

  constructor(memory: Memory) {
    this.#before = totalIn(memory['codexTotal']);
  }

  feed(line: string): TranscriptEntry[] {
    const event = eventOf(line);
    switch (event?.type) {
      case 'thread.started':
        this.#thread = string(event['thread_id']) ?? null;
        return [];
      case 'item.started':
      case 'item.updated':
      case 'item.completed':
        return this.#item(record(event['item']), event.type === 'item.completed');
      case 'turn.completed': {
        this.#end = { kind: 'ended', reason: 'completed' };
        const usage = record(event['usage']);
        this.#total = {
          thread: this.#thread ?? '',
          inputTokens: figure(usage['input_tokens']) ?? 0,
          outputTokens: figure(usage['output_tokens']) ?? 0,
        };
        return [{ kind: 'usage', ...this.usage() }];
      }
      case 'turn.failed': {
        const message = string(record(event['error'])['message']) ?? this.#error ?? 'the turn failed';
        this.#end = { kind: 'failed', message: plain(message) };
        return message === this.#error ? [] : [{ kind: 'error', text: plain(message) }];
      }
      case 'error': {
        this.#error = string(event['message']) ?? 'unknown error';
        return [{ kind: 'error', text: plain(this.#error) }];
      }
      default:
        return [];
    }
  }

  session(): string | null {
    return this.#thread;
  }

  usage(): Usage {
    if (this.#total === null) return {};
    const before = this.#before?.thread === this.#total.thread ? this.#before : null;
    return {
      inputTokens: Math.max(0, this.#total.inputTokens - (before?.inputTokens ?? 0)),
      outputTokens: Math.max(0, this.#total.outputTokens - (before?.outputTokens ?? 0)),
    };
  }

  end(): ReturnType<EventParser['end']> {
    // An error that no turn's end followed: the program gave up.
    return this.#end ?? (this.#error === null ? null : { kind: 'failed', message: plain(this.#error) });
  }

  remember(): Memory {
    const total = this.#total ?? this.#before;
    return total ? { codexTotal: total } : {};
  }

  #item(item: Record<string, unknown>, isDone: boolean): TranscriptEntry[] {
    const id = string(item['id']) ?? 'item';
    const text = string(item['text']) ?? '';
    switch (item['type']) {
      case 'agent_message':
        return isDone ? [{ kind: 'message', id: this.#id(id), text }] : [];
      case 'reasoning':
        return isDone ? [{ kind: 'thought', id: this.#id(id), text }] : [];
      case 'todo_list':
        return [
          {
            kind: 'plan',
            entries: list(item['items'])
              .map(record)
              .map((entry) => ({
                text: string(entry['text']) ?? '',
                state: entry['completed'] === true ? ('completed' as const) : ('pending' as const),
              })),
          },
        ];
      case 'error':
        return isDone ? [{ kind: 'error', text: string(item['message']) ?? '' }] : [];
      default: {
        const tool = toolOf(item);
        return tool ? [{ kind: 'tool', id: this.#id(id), state: stateOf(item, isDone), ...tool }] : [];
      }
    }
  }

  /** Items are numbered anew by every process of a thread. */
  #id(item: string): string {
    return `${this.#before?.inputTokens ?? 0}-${this.#before?.outputTokens ?? 0}:${item}`;
  }
}

function toolOf(item: Record<string, unknown>): Partial<ToolEntry> | null {
  switch (item['type']) {
    case 'command_execution': {
      const command = string(item['command']) ?? '';
      const output = string(item['aggregated_output']);
      return {
        tool: 'execute',
        title: command,
        input: command,
        ...(output ? { output } : {}),
        ...(number(item['exit_code']) === undefined ? {} : { exitCode: number(item['exit_code']) }),
      };
    }
    case 'file_change': {
      const changes = list(item['changes']).map(record);
      const locations = changes.flatMap(({ path }) => (typeof path === 'string' ? [{ path }] : []));
      const title = changes.map(({ kind, path }) => `${string(kind) ?? 'change'} ${string(path) ?? ''}`);
      return { tool: 'edit', title: title.join(', '), ...(locations.length > 0 ? { locations } : {}) };
    }
    case 'mcp_tool_call': {
      const error = string(record(item['error'])['message']);
      const content = list(record(item['result'])['content'])
        .map((part) => string(record(part)['text']))
        .filter((part) => part !== undefined);
      const output = error ?? (content.length > 0 ? content.join('\n') : undefined);
      return {
        tool: 'mcp',
        title: `${string(item['server']) ?? 'mcp'}: ${string(item['tool']) ?? ''}`,
        ...(item['arguments'] === undefined ? {} : { input: JSON.stringify(item['arguments']) }),
        ...(output === undefined ? {} : { output }),
      };
    }
    case 'web_search':
      return { tool: 'search', title: string(item['query']) ?? 'web search' };
    default:
      return null;
  }
}

function stateOf(item: Record<string, unknown>, isDone: boolean): NonNullable<ToolEntry['state']> {
  if (item['status'] === 'failed' || item['status'] === 'declined') return 'failed';
  const exitCode = number(item['exit_code']);
  if (isDone && exitCode !== undefined && exitCode !== 0) return 'failed';
  return isDone ? 'completed' : 'running';
}

function totalIn(value: unknown): Total | null {
  const { thread, inputTokens, outputTokens } = record(value);
  return typeof thread === 'string' && typeof inputTokens === 'number' && typeof outputTokens === 'number'
    ? { thread, inputTokens, outputTokens }
    : null;
}

/** The provider's answer is passed on as JSON inside the text; its message is what people want to read. */
function plain(message: string): string {
  try {
    const value = record(JSON.parse(message));
    const inner = string(record(value['error'])['message']) ?? string(value['message']);
    const status = number(value['status']);
    return inner === undefined ? message : status === undefined ? inner : `${inner} (status ${status})`;
  } catch {
    return message;
  }
}
