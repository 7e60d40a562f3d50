/**
 * Title and description in the person's own editor, laid out like a commit message: the first line is the title, what
 * follows after an empty line is the description.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../failures.ts';

export interface TicketText {
  title: string;
  description: string;
}

/** @returns only what the person changed */
export async function editText(
  before: TicketText,
  env: Record<string, string | undefined>,
): Promise<Partial<TicketText>> {
  const folder = mkdtempSync(join(tmpdir(), 'mctl-edit-'));
  try {
    const file = join(folder, 'TICKET.md');
    writeFileSync(file, textOf(before), { mode: 0o600 });
    await runEditor(env['VISUAL'] || env['EDITOR'] || 'vi', file);
    const after = readText(readFileSync(file, 'utf8'));
    if (after.title === '') throw new UsageError('The title is empty, so nothing was changed.');
    return {
      ...(after.title === before.title ? {} : { title: after.title }),
      ...(after.description === before.description.trim() ? {} : { description: after.description }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function textOf({ title, description }: TicketText): string {
  return `${title}\n\n${description.trim()}\n`;
}

export function readText(text: string): TicketText {
  const [title = '', ...rest] = text.replaceAll('\r\n', '\n').trimStart().split('\n');
  return { title: title.trim(), description: rest.join('\n').trim() };
}

/** Through the shell, since an editor is often given with arguments (`code --wait`). */
async function runEditor(editor: string, file: string): Promise<void> {
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'editor', file], { stdio: 'inherit' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0)
    throw new UsageError(
      `The editor (${editor}) ended with exit code ${code ?? 'none'}; nothing was changed.`,
    );
}
