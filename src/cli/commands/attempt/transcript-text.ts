/**
 * A transcript as lines for the terminal. A terminal cannot take back what it printed, so each entry is printed as it
 * comes: messages as they grow, a tool call when it is known what it does, its output below it, and how it ended.
 * What comes back is the agent's raw text: it is made safe where it is printed.
 */
import { EntryReader } from '../../../client/transcript-reader.ts';
import type { ToolEntry, TranscriptEntry } from '../../../contract/transcript.ts';

const MARKS: Record<TranscriptEntry['kind'], string> = {
  prompt: '»',
  message: '',
  thought: '…',
  plan: '☰',
  tool: '▸',
  permission: '?',
  usage: '∑',
  notice: '─',
  error: '!',
  turn_end: '■',
};

export class TranscriptText {
  readonly #reader = new EntryReader();
  /** The message that is being printed. */
  #open: string | null = null;
  #isMidLine = false;
  readonly #tools = new Map<string, { title: string; output: string; isShown: boolean }>();

  /** @returns what to print for this piece of the stream */
  push(text: string): string {
    return this.#reader
      .push(text)
      .map((entry) => this.#print(entry))
      .join('');
  }

  #print(entry: TranscriptEntry): string {
    if (entry.kind === 'message' || entry.kind === 'thought') return this.#said(entry);
    const lines = this.#lines(entry);
    if (lines.length === 0) return '';
    const start = this.#isMidLine ? '\n' : '';
    this.#open = null;
    this.#isMidLine = false;
    return `${start}${lines.join('\n')}\n`;
  }

  #said({ kind, id, text }: Extract<TranscriptEntry, { kind: 'message' | 'thought' }>): string {
    const key = `${kind} ${id}`;
    const isNew = this.#open !== key;
    const start = isNew ? `${this.#isMidLine ? '\n' : ''}${MARKS[kind] === '' ? '' : `${MARKS[kind]} `}` : '';
    this.#open = key;
    if (text !== '') this.#isMidLine = !text.endsWith('\n');
    return start + text;
  }

  #lines(entry: Exclude<TranscriptEntry, { kind: 'message' | 'thought' }>): string[] {
    const mark = MARKS[entry.kind];
    switch (entry.kind) {
      case 'prompt':
        return entry.text.split('\n').map((line) => `${mark} ${line}`);
      case 'plan':
        return entry.entries.map(
          ({ text, state }) =>
            `${mark} [${state === 'completed' ? 'x' : state === 'in_progress' ? '>' : ' '}] ${text}`,
        );
      case 'tool':
        return this.#tool(entry);
      case 'permission':
        return [
          `${mark} ${entry.outcome}${entry.by ? ` by ${entry.by.replaceAll('_', ' ')}` : ''}: ${entry.title}`,
        ];
      case 'usage': {
        const { inputTokens, outputTokens, usd } = entry;
        const parts = [
          ...(inputTokens === undefined ? [] : [`${inputTokens} tokens in`]),
          ...(outputTokens === undefined ? [] : [`${outputTokens} out`]),
          ...(usd === undefined ? [] : [`$${usd.toFixed(4)}`]),
        ];
        return parts.length === 0 ? [] : [`${mark} ${parts.join(', ')}`];
      }
      case 'turn_end':
        return [`${mark} turn ended: ${entry.reason}`];
      default:
        return entry.text.split('\n').map((line) => `${mark} ${line}`);
    }
  }

  #tool(entry: ToolEntry): string[] {
    const known = this.#tools.get(entry.id) ?? { title: '', output: '', isShown: false };
    this.#tools.set(entry.id, known);
    const lines: string[] = [];
    const title = entry.title ?? known.title;
    const isOver = entry.state === 'completed' || entry.state === 'failed';
    // Agents name the tool first and what it does a moment later: it is printed once it is under way.
    if (!known.isShown && (isOver || entry.state === 'running')) {
      known.isShown = true;
      lines.push(`${MARKS.tool} ${entry.tool === undefined ? '' : `${entry.tool}: `}${title}`);
    }
    known.title = title;
    if (entry.output !== undefined) {
      const isMore = entry.append === true || !entry.output.startsWith(known.output);
      const more = isMore ? entry.output : entry.output.slice(known.output.length);
      known.output = entry.append === true ? known.output + entry.output : entry.output;
      if (more.trim() !== '') lines.push(...indented(more));
    }
    for (const { path, before, after } of entry.diffs ?? []) {
      lines.push(`  ${path}: ${before === null ? 'written' : 'changed'}, ${after.split('\n').length} lines`);
    }
    if (entry.state === 'failed')
      lines.push(`  failed${entry.exitCode == null ? '' : `, exit code ${entry.exitCode}`}`);
    return lines;
  }
}

function indented(text: string): string[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `  ${line}`);
}
