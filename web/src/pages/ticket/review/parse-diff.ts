/** A unified diff as rows to show: the text is git's, the line numbers are counted here. */
export interface DiffRow {
  kind: 'add' | 'remove' | 'same' | 'hunk' | 'note';
  before: number | null;
  after: number | null;
  text: string;
}
export interface DiffFile {
  path: string;
  rows: DiffRow[];
}

export function parseDiff(patch: string): DiffFile[] {
  const files: DiffFile[] = [];
  let file: DiffFile | null = null;
  let before = 0;
  let after = 0;
  // How many lines the hunk still has: a removed line may itself begin with `-- `.
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of patch.split('\n')) {
    if (oldLeft === 0 && newLeft === 0) {
      const head = /^diff --git (?:"?a\/.*"?) "?b\/(.*?)"?$/.exec(line);
      if (head) {
        file = { path: head[1] ?? '', rows: [] };
        files.push(file);
        continue;
      }
      const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
      if (hunk && file) {
        before = Number(hunk[1]);
        oldLeft = Number(hunk[2] ?? 1);
        after = Number(hunk[3]);
        newLeft = Number(hunk[4] ?? 1);
        file.rows.push({ kind: 'hunk', before: null, after: null, text: line });
        continue;
      }
      if (
        file &&
        /^(Binary files|GIT binary patch|rename |new file|deleted file|old mode|new mode|\\ )/.test(line)
      )
        file.rows.push({ kind: 'note', before: null, after: null, text: line });
      continue;
    }
    if (!file) continue;
    const text = line.slice(1);
    if (line.startsWith('+')) {
      file.rows.push({ kind: 'add', before: null, after: after++, text });
      newLeft--;
    } else if (line.startsWith('-')) {
      file.rows.push({ kind: 'remove', before: before++, after: null, text });
      oldLeft--;
    } else if (line.startsWith('\\')) {
      file.rows.push({ kind: 'note', before: null, after: null, text: line });
    } else {
      file.rows.push({ kind: 'same', before: before++, after: after++, text });
      oldLeft--;
      newLeft--;
    }
  }
  return files;
}
