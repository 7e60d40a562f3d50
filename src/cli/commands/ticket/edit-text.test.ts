import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { editText, readText, textOf } from './edit-text.ts';

const before = { title: 'Fix the login', description: 'It fails.\n\n- on Tuesdays' };

function editorThat(script: string): Record<string, string> {
  const file = join(mkdtempSync(join(tmpdir(), 'editor-')), 'editor');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return { EDITOR: `${file} --wait` };
}

describe('editing a ticket in an editor', () => {
  test('reads what it wrote', () => {
    expect(readText(textOf(before))).toEqual(before);
    expect(readText('Only a title\r\n')).toEqual({ title: 'Only a title', description: '' });
  });

  test('changes only what the person changed', async () => {
    expect(await editText(before, editorThat('true'))).toEqual({});
    expect(await editText(before, editorThat('printf "Fix the login\\n\\nOtherwise.\\n" > "$2"'))).toEqual({
      description: 'Otherwise.',
    });
    expect(await editText(before, editorThat('sed -i "1s/.*/Renamed/" "$2"'))).toEqual({ title: 'Renamed' });
  });

  test('changes nothing when the editor fails or the title is gone', async () => {
    await expect(editText(before, editorThat('exit 1'))).rejects.toThrow(/nothing was changed/);
    await expect(editText(before, editorThat(': > "$2"'))).rejects.toThrow(/title is empty/);
  });
});
