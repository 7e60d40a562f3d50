/**
 * Reads the import statements of a TypeScript source without a compiler: static imports and re-exports, dynamic
 * `import()`, and `import('…').Type`. Comments are taken out first, so that an example in prose is no import.
 */

export interface ImportStatement {
  from: string;
  line: number;
  typeOnly: boolean;
}

/** Blanks comments with spaces, keeping strings and line numbers as they are. */
export function withoutComments(text: string): string {
  const pattern =
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`)|(\/\/[^\n]*|\/\*[\s\S]*?\*\/)/g;
  return text.replace(pattern, (whole, string: string | undefined) =>
    string === undefined ? whole.replaceAll(/[^\n]/g, ' ') : whole,
  );
}

const STATIC = /(?:^|[;\n}])\s*(import|export)\s+(type\s+)?(?:[\w$*\s{},]*?\s*from\s*)?['"]([^'"\n]+)['"]/g;
const DYNAMIC = /\bimport\s*\(\s*['"]([^'"\n]+)['"]\s*\)(\s*\.\s*[A-Z])?/g;

export function importsOf(text: string): ImportStatement[] {
  const code = withoutComments(text);
  const lineAt = (index: number): number => code.slice(0, index).split('\n').length;
  const found: ImportStatement[] = [];
  for (const match of code.matchAll(STATIC)) {
    const [whole, , type, from = ''] = match;
    // `import { type A }` is not erased under verbatimModuleSyntax: only `import type` is.
    found.push({ from, line: lineAt(match.index + whole.length), typeOnly: type !== undefined });
  }
  for (const match of code.matchAll(DYNAMIC)) {
    // `import('x').Name` in a type position is erased; a value is awaited, so a dot does not follow directly.
    found.push({ from: match[1] ?? '', line: lineAt(match.index), typeOnly: match[2] !== undefined });
  }
  return found;
}
