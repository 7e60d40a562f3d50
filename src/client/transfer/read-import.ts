/**
 * Work from elsewhere as tickets to make: issues of GitHub, a list in Markdown, another board's export as JSON or CSV, and
 * our own export. Pure: text in, tickets out, and a sentence for everything that was left out. What it says is
 * strangers' text, and stays text.
 */
import { fromCell, readCsv } from './csv.ts';
import { EXPORT_FORMAT } from './export-tickets.ts';
import { readMarkdownList } from './read-markdown-list.ts';

export interface ImportedTicket {
  /** Where it comes from, unlike any other in its source: an address, a key. The same again is not imported again. */
  source: string;
  title: string;
  description: string;
  priority: number | null;
  labels: string[];
  acceptanceCriteria: string[];
  /** Sources of other tickets that have to be done before. */
  blockedBy: string[];
}

export interface Import {
  format: ImportFormat;
  tickets: ImportedTicket[];
  /** What is not imported, each with its reason. */
  left: { what: string; why: string }[];
}

export const IMPORT_FORMATS = ['github', 'markdown', 'csv', 'json', 'mission-control'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** What cannot be read, in words that say what to do. */
export class UnreadableImport extends Error {}

/**
 * @param name of the file, which tells Markdown from the rest and names tickets that have no address of their own
 * @param wanted the format; else it is told from the text
 */
export function readImport(text: string, name: string, wanted?: ImportFormat): Import {
  const format = wanted ?? detect(text, name);
  if (format === 'markdown') {
    const tickets = readMarkdownList(text, name);
    if (tickets.tickets.length + tickets.left.length === 0)
      throw new UnreadableImport(
        `${name} has no list: each ticket is a line that begins with "- " or "- [ ] ".`,
      );
    return { format, ...tickets };
  }
  if (format === 'csv') return { format, ...collect(fromCsv(text, name), name) };
  const values = parseList(text, name);
  return { format, ...collect(values, name) };
}

function detect(text: string, name: string): ImportFormat {
  const start = text.trimStart()[0];
  if (start === '[' || start === '{') {
    const head = text.slice(0, 200);
    if (head.includes(EXPORT_FORMAT)) return 'mission-control';
    return /"(html_url|url)"\s*:\s*"https:\/\/[^"]*\/(issues|pull)\//.test(text) ? 'github' : 'json';
  }
  if (/\.csv$/i.test(name)) return 'csv';
  if (/\.(md|markdown|txt)$/i.test(name) || /^\s*[-*+] /m.test(text)) return 'markdown';
  return 'csv';
}

function parseList(text: string, name: string): Record<string, unknown>[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnreadableImport(
      `${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const list = Array.isArray(value) ? value : listIn(value);
  if (!list)
    throw new UnreadableImport(`${name} has no list of tickets: an array, or an object with one in it.`);
  return list.filter((each): each is Record<string, unknown> => typeof each === 'object' && each !== null);
}

/** Exports wrap their list under one name or another. */
function listIn(value: unknown): unknown[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const members = value as Record<string, unknown>;
  for (const name of ['tickets', 'issues', 'tasks', 'items', 'cards', 'data'])
    if (Array.isArray(members[name])) return members[name];
  return null;
}

function fromCsv(text: string, name: string): Record<string, unknown>[] {
  const [header, ...rows] = readCsv(text);
  const names = header?.map((cell) => cell.trim().toLowerCase()) ?? [];
  if (!names.some((each) => TITLES.includes(each)))
    throw new UnreadableImport(`${name} has no column "Title" (or "Summary", "Name") in its first line.`);
  return rows.map((cells) => Object.fromEntries(names.map((each, i) => [each, fromCell(cells[i] ?? '')])));
}

const TITLES = ['title', 'summary', 'name', 'subject'];
/** Other boards' words for work that is over. */
const OVER = /^(done|closed|completed?|cancel+ed|resolved|merged|archived|won'?t ?(do|fix)|duplicate)$/i;
/** Other boards' words for how urgent something is; 0 is the most. */
const PRIORITIES = new Map(
  Object.entries({
    'no priority': 2,
    none: 2,
    lowest: 4,
    trivial: 4,
    low: 3,
    minor: 3,
    normal: 2,
    medium: 2,
    major: 1,
    high: 1,
    highest: 0,
    urgent: 0,
    critical: 0,
    blocker: 0,
  }),
);

function collect(values: readonly Record<string, unknown>[], name: string): Omit<Import, 'format'> {
  const tickets: ImportedTicket[] = [];
  const left: Import['left'] = [];
  for (const [i, given] of values.entries()) {
    const value = Object.fromEntries(Object.entries(given).map(([key, of]) => [normal(key), of]));
    const title = firstText(value, TITLES).replaceAll(/\s+/g, ' ').trim();
    const source = sourceOf(value, name, i);
    if (title === '') left.push({ what: source, why: 'it has no title' });
    else if (value['pullrequest'] !== undefined && value['pullrequest'] !== null)
      left.push({ what: title, why: 'it is a pull request' });
    else if (isOver(value)) left.push({ what: title, why: 'it is finished' });
    else
      tickets.push({
        source,
        title: title.slice(0, LONGEST_TITLE),
        description: firstText(value, ['description', 'body', 'content', 'details']).trim(),
        priority: priorityOf(value['priority']),
        labels: textsOf(value['labels'] ?? value['tags']),
        acceptanceCriteria: textsOf(value['acceptancecriteria'], '\n'),
        blockedBy: textsOf(value['blockedby'] ?? value['dependencies']),
      });
  }
  return { tickets, left };
}

const LONGEST_TITLE = 200;
const normal = (name: string): string => name.toLowerCase().replaceAll(/[^a-z]/g, '');

function firstText(value: Record<string, unknown>, names: readonly string[]): string {
  for (const name of names) {
    const found = value[name];
    if (typeof found === 'string' && found !== '') return found;
  }
  return '';
}

function sourceOf(value: Record<string, unknown>, name: string, at: number): string {
  const own = firstText(value, ['htmlurl', 'url', 'link', 'key', 'identifier', 'id', 'issuekey']);
  if (own !== '') return own;
  const number = value['number'] ?? value['id'];
  return `${name}#${typeof number === 'number' ? number : at + 1}`;
}

function isOver(value: Record<string, unknown>): boolean {
  const state = value['status'] ?? value['state'];
  const word =
    typeof state === 'string' ? state : ((state as { name?: unknown } | null | undefined)?.name ?? '');
  return typeof word === 'string' && OVER.test(word.trim());
}

function priorityOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value <= 4 ? value : null;
  const word = typeof value === 'string' ? value : (value as { name?: unknown } | null | undefined)?.name;
  if (typeof word !== 'string') return null;
  const digit = /^P?([0-4])$/i.exec(word.trim())?.[1];
  return digit !== undefined ? Number(digit) : (PRIORITIES.get(word.trim().toLowerCase()) ?? null);
}

/** A list of texts or of objects with a name, or one text with separators. */
function textsOf(value: unknown, separator = ','): string[] {
  const parts = Array.isArray(value) ? value : typeof value === 'string' ? value.split(separator) : [];
  return parts
    .map((part) => (typeof part === 'string' ? part : (part as { name?: unknown } | null)?.name))
    .filter((part): part is string => typeof part === 'string' && part.trim() !== '')
    .map((part) => part.trim());
}
