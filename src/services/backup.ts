/**
 * A backup is one text, the same for both databases: a first line that says what it is, lines with rows, lines with
 * parts of blobs, and a last line with counts and the SHA-256 of all lines before. It is of one moment, taken while
 * the server works. What blobs the log speaks of were stored before the log spoke of them, so they are there.
 */
import { createHash } from 'node:crypto';
import type { Blobs, Dump } from '../store/port.ts';

export const BACKUP_FORMAT = 'mission-control-backup';
const FORMAT_VERSION = 1;

export interface BackupHeader {
  format: typeof BACKUP_FORMAT;
  version: number;
  /** Of the program that made it. */
  software: string;
  schema: number;
  at: number;
  /** The head of the log in it; what is restored from it leads through this head. */
  head: { seq: number; hash: string };
}

export interface BackupEnd {
  lines: number;
  rows: Record<string, number>;
  blobs: number;
  sha256: string;
}

export type BackupLine =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'rows'; table: string; rows: Record<string, string | number | null>[] }
  | { kind: 'blob'; sha256: string; part: number; parts: number; content: string }
  | { kind: 'end'; end: BackupEnd };

const LINE_BYTES = 256 * 1024;
const BLOB_PART_BYTES = 384 * 1024;

/** The lines of a backup, each with its line end. The dump is let go when they are over, or when nobody wants more. */
export async function* backupLines(
  dump: Dump,
  blobs: Pick<Blobs, 'list' | 'read'>,
  software: string,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const end: Omit<BackupEnd, 'sha256'> = { lines: 0, rows: {}, blobs: 0 };
  const line = (value: BackupLine): string => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    end.lines += 1;
    return text;
  };
  try {
    const { schema, at, head } = dump;
    const header: BackupHeader = {
      format: BACKUP_FORMAT,
      version: FORMAT_VERSION,
      software,
      schema,
      at,
      head,
    };
    yield line({ kind: 'header', header });
    for await (const { table, rows } of dump.pages()) {
      end.rows[table] = (end.rows[table] ?? 0) + rows.length;
      for (const part of inLines(rows)) yield line({ kind: 'rows', table, rows: part });
    }
    for (const sha256 of await blobs.list()) {
      const content = await blobs.read(sha256);
      // Between the list and now it may have been retired.
      if (content === null) continue;
      end.blobs += 1;
      const parts = Math.max(1, Math.ceil(content.length / BLOB_PART_BYTES));
      for (let part = 0; part < parts; part += 1) {
        const bytes = content.subarray(part * BLOB_PART_BYTES, (part + 1) * BLOB_PART_BYTES);
        yield line({
          kind: 'blob',
          sha256,
          part,
          parts,
          content: Buffer.from(bytes).toString('base64'),
        });
      }
    }
    yield `${JSON.stringify({ kind: 'end', end: { ...end, sha256: hash.digest('hex') } })}\n`;
  } finally {
    await dump.close();
  }
}

/** As many rows in a line as it holds well: one at least. */
function* inLines<T>(rows: readonly T[]): Generator<T[]> {
  let part: T[] = [];
  let size = 0;
  for (const row of rows) {
    const bytes = JSON.stringify(row).length;
    if (size + bytes > LINE_BYTES && part.length > 0) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(row);
    size += bytes;
  }
  if (part.length > 0) yield part;
}

/** What is wrong with a file that is to be restored, as a sentence for whoever wants to. */
export class BackupProblem extends Error {}

/**
 * Reads a backup to its end, and holds every line against the last: throws a `BackupProblem` for what is cut off,
 * changed, or of a later version, before the last line is handed on.
 */
export async function* readBackup(lines: AsyncIterable<string>): AsyncGenerator<BackupLine> {
  const hash = createHash('sha256');
  const counted: Omit<BackupEnd, 'sha256'> = { lines: 0, rows: {}, blobs: 0 };
  let header: BackupHeader | null = null;
  let ended = false;
  for await (const text of lines) {
    if (ended) throw new BackupProblem('was altered: something follows its last line');
    const line = parseLine(text, counted.lines);
    if (header === null) {
      if (line.kind !== 'header' || line.header.format !== BACKUP_FORMAT)
        throw new BackupProblem('is no backup of Mission Control');
      header = line.header;
      if (header.version > FORMAT_VERSION)
        throw new BackupProblem(
          `was made by Mission Control ${header.software} in a later format; restore it with that version or a newer one`,
        );
    } else if (line.kind === 'header') throw new BackupProblem('was altered: it begins twice');
    if (line.kind === 'end') {
      const { sha256, ...end } = line.end;
      if (sha256 !== hash.digest('hex') || JSON.stringify(end) !== JSON.stringify(counted))
        throw new BackupProblem('was altered: its content does not match the hash in its last line');
      ended = true;
    } else {
      hash.update(`${text}\n`);
      counted.lines += 1;
      if (line.kind === 'rows') counted.rows[line.table] = (counted.rows[line.table] ?? 0) + line.rows.length;
      if (line.kind === 'blob' && line.part === 0) counted.blobs += 1;
    }
    yield line;
  }
  if (!ended) throw new BackupProblem('is cut off: its last line is missing');
}

function parseLine(text: string, number: number): BackupLine {
  try {
    const line = JSON.parse(text) as BackupLine;
    if (typeof line === 'object' && line !== null && typeof line.kind === 'string') return line;
  } catch {
    // Told below.
  }
  throw new BackupProblem(
    number === 0
      ? 'is no backup of Mission Control'
      : `is cut off or was altered: line ${number + 1} is none`,
  );
}
