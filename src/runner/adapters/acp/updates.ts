/** From the updates of the Agent Client Protocol to entries of the transcript. Pure, but for what it remembers. */
import type {
  ContentBlock,
  SessionUpdate,
  ToolCall,
  ToolCallContent,
  ToolCallStatus,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import type { ToolEntry, TranscriptEntry } from '../../../contract/transcript.ts';
import type { Usage } from '../adapter.ts';

const STATES: Record<ToolCallStatus, NonNullable<ToolEntry['state']>> = {
  pending: 'pending',
  in_progress: 'running',
  completed: 'completed',
  failed: 'failed',
};

export class UpdateMapper {
  /** What the agent says that it used; cost is of the whole session, tokens of the prompts of this life. */
  readonly usage: Usage = {};
  /** Since the last `beginTurn`: what the agent said, and whether it did anything. */
  reply = '';
  calls = 0;
  /** Messages without an id of their own are told apart by what stands between them. */
  #run = 0;
  #last = '';

  beginTurn(): void {
    this.reply = '';
    this.calls = 0;
    this.#run += 1;
    this.#last = '';
  }

  map(update: SessionUpdate): TranscriptEntry[] {
    const entries = this.#map(update);
    for (const entry of entries) {
      if (entry.kind !== this.#last) this.#run += 1;
      this.#last = entry.kind;
      if (entry.kind === 'message') {
        this.reply = (this.reply + entry.text).slice(-4096);
        if (entry.id === '') entry.id = `m${this.#run}`;
      }
      if (entry.kind === 'thought' && entry.id === '') entry.id = `t${this.#run}`;
    }
    return entries;
  }

  #map(update: SessionUpdate): TranscriptEntry[] {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
        return [{ kind: 'message', id: update.messageId ?? '', text: textOf(update.content) }];
      case 'agent_thought_chunk':
        return [{ kind: 'thought', id: update.messageId ?? '', text: textOf(update.content) }];
      case 'tool_call':
      case 'tool_call_update':
        this.calls += 1;
        return [toolEntry(update)];
      case 'plan':
        return [
          {
            kind: 'plan',
            entries: update.entries.map(({ content, status }) => ({ text: content, state: status })),
          },
        ];
      case 'usage_update': {
        const { cost } = update;
        if (cost?.currency === 'USD' && isFigure(cost.amount)) this.usage.usd = cost.amount;
        return [
          { kind: 'usage', contextUsed: update.used, contextSize: update.size, ...defined(this.usage) },
        ];
      }
      default:
        // What we said comes back as user messages when a session is loaded; commands, modes and titles are no news.
        return [];
    }
  }

  /**
   * The end of a prompt. `usage` is no part of the stable protocol; where it comes it is added up.
   * @param result the whole answer as it came
   */
  endTurn(result: unknown): TranscriptEntry[] {
    const usage = (
      result as { usage?: { inputTokens?: unknown; outputTokens?: unknown; cachedReadTokens?: unknown } }
    ).usage;
    if (!isFigure(usage?.inputTokens) || !isFigure(usage.outputTokens)) return [];
    const cached = isFigure(usage.cachedReadTokens) ? usage.cachedReadTokens : 0;
    this.usage.inputTokens = (this.usage.inputTokens ?? 0) + usage.inputTokens + cached;
    this.usage.outputTokens = (this.usage.outputTokens ?? 0) + usage.outputTokens;
    return [{ kind: 'usage', ...defined(this.usage) }];
  }
}

export function toolEntry(call: ToolCall | ToolCallUpdate): ToolEntry {
  const content = call.content ?? [];
  const diffs = content.flatMap((item) =>
    item.type === 'diff' ? [{ path: item.path, before: item.oldText ?? null, after: item.newText }] : [],
  );
  const output = outputOf(content, call.rawOutput);
  const exitCode = exitCodeOf(call);
  return {
    kind: 'tool',
    id: call.toolCallId,
    ...(call.title ? { title: call.title } : {}),
    ...(call.kind ? { tool: call.kind } : {}),
    ...(call.status ? { state: STATES[call.status] } : {}),
    ...(isEmpty(call.rawInput) ? {} : { input: inputText(call.rawInput) }),
    ...(output === null ? {} : { output }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(call.locations && call.locations.length > 0
      ? {
          locations: call.locations.map(({ path, line }) => ({
            path,
            ...(typeof line === 'number' ? { line } : {}),
          })),
        }
      : {}),
    ...(diffs.length > 0 ? { diffs } : {}),
  };
}

/** A command line reads better than the object it came in. */
export function inputText(input: unknown): string {
  if (typeof input === 'string') return input;
  const command = (input as { command?: unknown } | null)?.command;
  if (typeof command === 'string') return command;
  if (Array.isArray(command) && command.every((part) => typeof part === 'string')) return command.join(' ');
  return JSON.stringify(input, null, 1) ?? '';
}

function outputOf(content: readonly ToolCallContent[], raw: unknown): string | null {
  const texts = content.flatMap((item) => (item.type === 'content' ? [textOf(item.content)] : []));
  if (texts.length > 0) return texts.join('\n');
  if (typeof raw === 'string') return raw;
  const output = (raw as { output?: unknown } | null | undefined)?.output;
  return typeof output === 'string' ? output : null;
}

/** Each agent has a place of its own for it. */
function exitCodeOf(call: ToolCall | ToolCallUpdate): number | undefined {
  const raw = call.rawOutput as
    | { exitCode?: unknown; exit_code?: unknown; metadata?: { exit?: unknown } }
    | null
    | undefined;
  const terminal = call._meta?.['terminal_exit'] as { exit_code?: unknown } | undefined;
  return [raw?.exitCode, raw?.exit_code, raw?.metadata?.exit, terminal?.exit_code].find(
    (code): code is number => typeof code === 'number',
  );
}

function textOf(content: ContentBlock): string {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'resource_link':
      return `[${content.name}: ${content.uri}]`;
    case 'resource':
      return 'text' in content.resource ? content.resource.text : `[${content.resource.uri}]`;
    default:
      return `[${content.type}]`;
  }
}

/** A report that the server would not take would cost the attempt its lease. */
function isFigure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isEmpty(input: unknown): boolean {
  return (
    input === undefined ||
    input === null ||
    // Where it will run says nothing about what it is.
    (typeof input === 'object' && !Array.isArray(input) && Object.keys(input).every((name) => name === 'cwd'))
  );
}

function defined(usage: Usage): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
}
