/**
 * A list in Markdown as tickets: each item at the outermost level is one. Below an item, boxes are what it is done by,
 * and the rest describes it. `P0` to `P4` at the start of a title is its priority, `#word` at its end a label.
 */
import type { Import, ImportedTicket } from './read-import.ts';

const ITEM = /^(\s*)(?:[-*+]|\d+[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;

export function readMarkdownList(text: string, name: string): Pick<Import, 'tickets' | 'left'> {
  const tickets: ImportedTicket[] = [];
  const left: Import['left'] = [];
  let current: ImportedTicket | null = null;
  let outermost: number | null = null;
  /** What belongs to an item that is done goes with it. */
  let isSkipping = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^#{1,6}\s/.test(line)) {
      current = null;
      outermost = null;
      isSkipping = false;
      continue;
    }
    const item = ITEM.exec(line);
    const depth = item?.[1]?.replaceAll('\t', '    ').length ?? 0;
    if (item && (outermost === null || depth <= outermost)) {
      outermost = depth;
      const made = ticketOf(item[3] ?? '', name);
      isSkipping = (item[2] ?? ' ') !== ' ' || made === null;
      if (isSkipping)
        left.push({
          what: item[3]?.trim() || line.trim(),
          why: made ? 'it is ticked off' : 'it has no title',
        });
      current = isSkipping ? null : made;
      if (current) tickets.push(current);
    } else if (current && !isSkipping) {
      if (item?.[2] !== undefined) {
        if (item[2] === ' ' && item[3]) current.acceptanceCriteria.push(item[3].trim());
      } else if (line.trim() !== '' || current.description !== '') current.description += `${line.trim()}\n`;
    }
  }
  for (const ticket of tickets) ticket.description = ticket.description.trim();
  return { tickets, left };
}

function ticketOf(written: string, name: string): ImportedTicket | null {
  let title = written.trim();
  const urgent = /^\(?P([0-4])\)?[:\s]+/i.exec(title);
  if (urgent) title = title.slice(urgent[0].length);
  const labels: string[] = [];
  for (let tag = TAG.exec(title); tag; tag = TAG.exec(title)) {
    labels.unshift(tag[1] ?? '');
    title = title.slice(0, tag.index).trimEnd();
  }
  if (title === '') return null;
  return {
    source: `${name}: ${title}`,
    title: title.slice(0, 200),
    description: '',
    priority: urgent ? Number(urgent[1]) : null,
    labels,
    acceptanceCriteria: [],
    blockedBy: [],
  };
}

const TAG = /(?:^|\s)#([\p{L}\p{N}][\p{L}\p{N}_/-]*)$/u;
