/** An entry of a transcript as plain text: to look through, and for the file that a download makes. */
import type { Block } from '../../../src/client/transcript-reader.ts';
import { plainText } from './split-lines.ts';

export function blockText(block: Block): string {
  switch (block.kind) {
    case 'message':
    case 'error':
    case 'notice':
      return block.text;
    case 'thought':
      return `… ${block.text}`;
    case 'prompt':
      return `» ${block.text}`;
    case 'output':
      return plainText(block.text);
    case 'plan':
      return block.entries.map(({ text, state }) => `${MARKS[state]} ${text}`).join('\n');
    case 'permission':
      return `? ${block.title}: ${block.outcome}${block.by ? ` by ${block.by}` : ''}`;
    case 'turn_end':
      return `■ ${block.reason}`;
    case 'usage':
      return '';
    case 'tool':
      return [
        `▸ ${block.title ?? block.id}${block.state ? ` (${block.state})` : ''}`,
        ...(block.input !== undefined && block.input !== block.title ? [block.input] : []),
        ...(block.locations ?? []).map(({ path, line }) => (line ? `${path}:${line}` : path)),
        ...(block.diffs ?? []).map(({ path, before, after }) => `${path}\n- ${before ?? ''}\n+ ${after}`),
        ...(block.output === '' ? [] : [plainText(block.output)]),
      ].join('\n');
  }
}

const MARKS = { pending: '☐', in_progress: '◐', completed: '☑' };
