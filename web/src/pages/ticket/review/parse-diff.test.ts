import { describe, expect, it } from 'vitest';
import { parseDiff } from './parse-diff.ts';

const PATCH = `diff --git a/src/a.sql b/src/a.sql
index 111..222 100644
--- a/src/a.sql
+++ b/src/a.sql
@@ -3,3 +3,3 @@ context
 select 1;
--- a comment in SQL
+++ plus signs
 select 2;
diff --git a/new file.txt b/new file.txt
new file mode 100644
--- /dev/null
+++ b/new file.txt
@@ -0,0 +1 @@
+hello
\\ No newline at end of file
`;

describe('a unified diff', () => {
  it('counts lines on both sides', () => {
    const [file] = parseDiff(PATCH);
    expect(file?.path).toBe('src/a.sql');
    expect(file?.rows.filter((r) => r.kind === 'same').map((r) => [r.before, r.after])).toEqual([
      [3, 3],
      [5, 5],
    ]);
  });
  it('does not take a removed line for a file head', () => {
    const rows = parseDiff(PATCH)[0]?.rows ?? [];
    expect(rows.find((r) => r.kind === 'remove')?.text).toBe('-- a comment in SQL');
    expect(rows.find((r) => r.kind === 'add')?.text).toBe('++ plus signs');
  });
  it('reads new files, and paths with spaces', () => {
    const file = parseDiff(PATCH)[1];
    expect(file?.path).toBe('new file.txt');
    expect(file?.rows.map((r) => r.kind)).toEqual(['note', 'hunk', 'add', 'note']);
  });
  it('survives a patch that was cut off', () => {
    expect(parseDiff(PATCH.slice(0, 120))).toHaveLength(1);
    expect(parseDiff('')).toEqual([]);
  });
});
