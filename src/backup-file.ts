/** A backup as a file: gzip around its lines. What is wrong with it is told by its name. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { BackupProblem, type BackupEnd, type BackupHeader, readBackup } from './services/backup.ts';

/** No line of ours is half as long; a file that is none of ours must not fill the memory. */
const MOST_LINE = 32 * 1024 * 1024;

/** @throws BackupProblem where the file ends early or is no gzip */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const unzipped = file.pipe(createGunzip());
  file.on('error', (error) => unzipped.destroy(error));
  let failed: unknown = null;
  unzipped.on('error', (error) => (failed = error));
  try {
    for await (const line of createInterface({ input: unzipped, crlfDelay: Infinity })) {
      if (line.length > MOST_LINE) throw new BackupProblem('is no backup of Mission Control');
      yield line;
    }
  } catch (error) {
    failed ??= error;
  } finally {
    file.destroy();
    unzipped.destroy();
  }
  if (failed === null) return;
  if (failed instanceof BackupProblem) throw failed;
  const { code } = failed as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') throw new BackupProblem('is cut off: the end of the file is missing');
  if (code?.startsWith('Z_')) throw new BackupProblem('was altered, or is no backup: it cannot be unpacked');
  throw failed;
}

/** Reads all of it, changes nothing. @throws BackupProblem, with the name of the file */
export async function checkBackup(path: string): Promise<{ header: BackupHeader; end: BackupEnd }> {
  let header: BackupHeader | null = null;
  let end: BackupEnd | null = null;
  try {
    for await (const line of readBackup(linesOf(path))) {
      if (line.kind === 'header') header = line.header;
      if (line.kind === 'end') end = line.end;
    }
  } catch (error) {
    if (error instanceof BackupProblem) throw new BackupProblem(`${path} ${error.message}.`);
    throw error;
  }
  if (header === null || end === null) throw new BackupProblem(`${path} is no backup of Mission Control.`);
  return { header, end };
}
