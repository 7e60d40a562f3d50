/** `mctl export` and `mctl import`: tickets as files, for spreadsheets, for other boards, and from them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Option, type Command } from 'commander';
import { ticketsToCsv, ticketsToJson } from '../../client/transfer/export-tickets.ts';
import {
  EXPORTED_VIEWS,
  type ExportedView,
  readView,
  viewToCsv,
  viewToJson,
} from '../../client/transfer/export-view.ts';
import { importTickets } from '../../client/transfer/import-tickets.ts';
import {
  IMPORT_FORMATS,
  type ImportFormat,
  readImport,
  UnreadableImport,
} from '../../client/transfer/read-import.ts';
import type { Ticket } from '../../contract/shapes.ts';
import { required, runs, type Context, type Io } from '../context.ts';
import { printText } from '../export-list.ts';
import { Unwell, UsageError } from '../failures.ts';
import { text } from '../terminal/safe-text.ts';
import { onlyProject } from './ticket/create.ts';

interface ExportOptions {
  format?: 'json' | 'csv';
  what: 'tickets' | ExportedView;
  project?: string;
  status?: string;
  search?: string;
}

export function defineExport(program: Command, io: Io): void {
  const command = program
    .command('export')
    .description('tickets as JSON, which `mctl import` takes again, or as CSV; any other view with --what')
    .argument('[file]', 'the file to write; its ending chooses the format; else standard output')
    .addOption(new Option('--format <format>', 'json or csv').choices(['json', 'csv']))
    .addOption(
      new Option('--what <view>', 'what to export')
        .choices(['tickets', ...EXPORTED_VIEWS])
        .default('tickets'),
    )
    .option('--project <key>', 'only tickets of this project')
    .option('--status <statuses>', 'only tickets in these states, separated by commas')
    .option('-q, --search <words>', 'only tickets that contain these words');
  runs<ExportOptions>(command, io, async (context, options, file) => {
    const format = options.format ?? (file?.toLowerCase().endsWith('.csv') === true ? 'csv' : 'json');
    const { what, written, count } = await exported(context, options, format);
    if (file === undefined || file === '-') {
      printText(context, written);
      return;
    }
    try {
      writeFileSync(file, written, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST')
        throw new UsageError(`${file} is there already.`, 'name another file.');
      throw new UsageError(`${file} cannot be written: ${(error as Error).message}`);
    }
    context.note(text`${count} ${what} are in ${file}.`);
  });
}

interface ImportOptions {
  from?: ImportFormat;
  project?: string;
  ready?: boolean;
  dryRun?: boolean;
}

async function exported(
  context: Context,
  { what, project, status, search }: ExportOptions,
  format: 'json' | 'csv',
): Promise<{ what: string; written: string; count: number }> {
  const now = new Date(context.io.now()).toISOString();
  if (what !== 'tickets') {
    if ([project, status, search].some((filter) => filter !== undefined))
      throw new UsageError(
        '--project, --status and --search choose tickets; other views are exported whole.',
      );
    const items = await readView(
      what,
      async <T>(path: string, query?: Record<string, string | number>) =>
        (await context.api.list<T>(path, query, Number.POSITIVE_INFINITY)).items,
      (path) => context.api.get(path, { timeoutMs: 600_000 }),
    );
    const written = format === 'csv' ? viewToCsv(what, items) : viewToJson(what, items, now);
    return { what, written, count: items.length };
  }
  const { items } = await context.api.list<Ticket>(
    '/tickets',
    { project: project?.toUpperCase(), status, q: search, sort: 'created' },
    Number.POSITIVE_INFINITY,
  );
  const written = format === 'csv' ? ticketsToCsv(items) : ticketsToJson(items, now);
  return { what, written, count: items.length };
}

export function defineImport(program: Command, io: Io): void {
  const command = program
    .command('import')
    .description(
      'make tickets of issues (gh issue list --json …), a list in Markdown, or a board’s JSON or CSV; the same again makes nothing twice',
    )
    .argument('<file>', 'the file to read; - is standard input')
    .addOption(
      new Option('--from <format>', 'what it is; else that is told from its text').choices([
        ...IMPORT_FORMATS,
      ]),
    )
    .option('--project <key>', 'the project they belong to; not needed where there is only one')
    .option('--ready', 'queue them at once instead of leaving them in the backlog')
    .option('--dry-run', 'only say what would be made');
  runs<ImportOptions>(command, io, async (context, options, given) => {
    const file = required(given, 'The file');
    const read = readFrom(file === '-' ? await io.readInput() : contentOf(file), file, options.from);
    if (options.dryRun === true) {
      context.result(read, () => {
        for (const ticket of read.tickets) context.print(text`${ticket.title}`);
        sayLeft(context, read.left);
        context.note(text`${read.tickets.length} tickets would be made (read as ${read.format}).`);
      });
      return;
    }
    const project = options.project?.toUpperCase() ?? (await onlyProject(context));
    const result = await importTickets(
      {
        get: (path, options) => context.api.get(path, options),
        post: (path, body) => context.api.post(path, body),
      },
      read.tickets,
      { project, status: options.ready === true ? 'todo' : 'backlog' },
    );
    context.result({ ...result, left: read.left }, () => {
      for (const { ticket } of result.made)
        context.print(text`${context.style.bold(ticket.key)} ${ticket.title}`);
      for (const { source, key } of result.known) context.note(text`${key} is there already (${source}).`);
      sayLeft(context, read.left);
      context.note(
        text`${result.made.length} made, ${result.known.length} known, ${read.left.length} left out, ${result.refused.length} refused.`,
      );
    });
    const [first] = result.refused;
    if (first) throw new Unwell(`${result.refused.length} could not be made: "${first.title}": ${first.why}`);
  });
}

function readFrom(content: string, file: string, format: ImportFormat | undefined) {
  try {
    return readImport(content, file === '-' ? 'standard input' : basename(file), format);
  } catch (error) {
    if (error instanceof UnreadableImport) throw new UsageError(error.message);
    throw error;
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
}

function sayLeft(context: Context, left: readonly { what: string; why: string }[]): void {
  for (const { what, why } of left) context.note(text`Left out: ${what} (${why}).`);
}
