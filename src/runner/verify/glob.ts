/**
 * Matches repository paths against the globs of `protectedPaths`: `*` and `?` within a folder, `**` across folders,
 * `{a,b}` alternatives, `[ab]` and `[!ab]` sets. A pattern without a slash matches at any depth, and one that names a
 * folder matches all below it, as in a .gitignore: a protection that silently misses is worse than one too many.
 */

export function matchesAny(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => compileGlob(glob).test(path));
}

const compiled = new Map<string, RegExp>();

export function compileGlob(glob: string): RegExp {
  let expression = compiled.get(glob);
  if (!expression) {
    const plain = glob.replace(/^\.?\//, '').replace(/\/+$/, '');
    const anchored = plain.includes('/') ? '' : '(?:.*/)?';
    const alternatives = expandBraces(plain).map(translate).join('|');
    expression = new RegExp(`^${anchored}(?:${alternatives})(?:/.*)?$`, 's');
    compiled.set(glob, expression);
  }
  return expression;
}

const MOST_ALTERNATIVES = 1000;

/** `a{b,c{d,e}}` → `ab`, `acd`, `ace`. An unbalanced brace is an ordinary character. */
export function expandBraces(glob: string): string[] {
  const open = glob.indexOf('{');
  if (open < 0) return [glob];
  let depth = 0;
  let from = open + 1;
  const parts: string[] = [];
  for (let at = open; at < glob.length; at++) {
    const character = glob[at];
    if (character === '{') depth++;
    else if (character === ',' && depth === 1) {
      parts.push(glob.slice(from, at));
      from = at + 1;
    } else if (character === '}' && --depth === 0) {
      parts.push(glob.slice(from, at));
      const before = glob.slice(0, open);
      const rest = expandBraces(glob.slice(at + 1));
      const all = parts.flatMap(expandBraces).flatMap((part) => rest.map((end) => `${before}${part}${end}`));
      return all.slice(0, MOST_ALTERNATIVES);
    }
  }
  return expandBraces(glob.slice(open + 1)).map((rest) => `${glob.slice(0, open)}\\{${rest}`);
}

function translate(glob: string): string {
  let expression = '';
  for (let at = 0; at < glob.length; at++) {
    const character = glob[at] ?? '';
    if (character === '*') {
      const isDouble = glob[at + 1] === '*';
      if (!isDouble) {
        expression += '[^/]*';
        continue;
      }
      while (glob[at + 1] === '*') at++;
      if (
        glob[at + 1] === '/' &&
        (at < 2 || glob.slice(0, at).replace(/\*+$/, '').endsWith('/') || /^\*+$/.test(glob.slice(0, at + 1)))
      ) {
        at++;
        expression += '(?:.*/)?';
      } else expression += '.*';
    } else if (character === '?') expression += '[^/]';
    else if (character === '[') {
      const close = glob.indexOf(']', at + 2);
      if (close < 0) {
        expression += '\\[';
        continue;
      }
      const set = glob.slice(at + 1, close).replace(/[\\\]]/g, '\\$&');
      expression += `(?!/)[${set.startsWith('!') ? `^${set.slice(1)}` : set}]`;
      at = close;
    } else if (character === '\\' && at + 1 < glob.length) {
      expression += escape(glob[++at] ?? '');
    } else expression += escape(character);
  }
  return expression;
}

function escape(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
