/** What a program said last on its standard error: mostly why it ended. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

const MOST = 4096;
const LINES = 5;

export function readTail(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return '';
  const fd = openSync(file, 'r');
  try {
    const length = Math.min(size, MOST);
    const buffer = Buffer.alloc(length);
    readSync(fd, buffer, 0, length, size - length);
    return buffer.toString().trim().split('\n').slice(-LINES).join('\n');
  } finally {
    closeSync(fd);
  }
}
