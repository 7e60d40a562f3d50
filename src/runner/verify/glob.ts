/**
 * Matches repository paths against the globs of `protectedPaths`: `*` and `?` within a folder, `**` across folders,
 * `{a,b}` alternatives, `[ab]` and `[!ab]` sets, `\` before a character that means itself. A pattern without a slash
 * matches at any depth, and one that names a folder matches all below it, as in a .gitignore: a protection that
 * silently misses is worse than one too many.
 *
 * Worst cases are polynomial: paths come from agents, and must not be able to stop the verifier with a clever name.
 */

export function matchesAny(path: string, globs: readonly string[]): boolean {
  const parts = path.split('/');
  return globs.some((glob) => {
    const alternatives = parseGlob(glob);
    // More alternatives than anyone means to write: everything counts as protected.
    return alternatives === null || alternatives.some((segments) => matchSegments(segments, parts));
  });
}

const parsed = new Map<string, string[][] | null>();

function parseGlob(glob: string): string[][] | null {
  let result = parsed.get(glob);
  if (result === undefined) {
    const alternatives = expandBraces(glob);
    result =
      alternatives?.map((alternative) => {
        const plain = alternative.replace(/^\.?\//, '').replace(/\/+$/, '');
        const segments = plain.split(/\/+/);
        return segments.length === 1 && !alternative.startsWith('/') ? ['**', ...segments] : segments;
      }) ?? null;
    parsed.set(glob, result);
  }
  return result;
}

const MOST_ALTERNATIVES = 1000;

/** `a{b,c{d,e}}` → `ab`, `acd`, `ace`; null when there are too many. An unbalanced brace is an ordinary character. */
export function expandBraces(glob: string): string[] | null {
  const open = indexOfUnescaped(glob, '{');
  if (open < 0) return [glob];
  const close = closingBrace(glob, open);
  if (close < 0)
    return expandBraces(glob.slice(open + 1))?.map((rest) => `${glob.slice(0, open)}\\{${rest}`) ?? null;
  const rest = expandBraces(glob.slice(close + 1));
  if (rest === null) return null;
  const result: string[] = [];
  for (const part of splitAlternatives(glob.slice(open + 1, close))) {
    const inner = expandBraces(part);
    if (inner === null || result.length + inner.length * rest.length > MOST_ALTERNATIVES) return null;
    for (const middle of inner) for (const end of rest) result.push(`${glob.slice(0, open)}${middle}${end}`);
  }
  return result;
}

function indexOfUnescaped(text: string, character: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === character) return at;
  }
  return -1;
}

function closingBrace(glob: string, open: number): number {
  let depth = 0;
  for (let at = open; at < glob.length; at++) {
    if (glob[at] === '\\') at++;
    else if (glob[at] === '{') depth++;
    else if (glob[at] === '}' && --depth === 0) return at;
  }
  return -1;
}

function splitAlternatives(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

/** Whether the pattern matches the path, or a folder that holds it. */
function matchSegments(segments: readonly string[], path: readonly string[]): boolean {
  // `reached` holds how many parts of the path may be consumed by the segments so far.
  let reached = new Set([0]);
  for (const segment of segments) {
    const next = new Set<number>();
    if (segment === '**') {
      for (let at = Math.min(...reached); at <= path.length; at++) next.add(at);
    } else {
      for (const at of reached) if (at < path.length && matchName(segment, path[at] ?? '')) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return true;
}

/** One segment against one name; the usual walk with one step back to the last star. */
function matchName(pattern: string, name: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let starFrom = 0;
  while (from < name.length) {
    const step = at < pattern.length && pattern[at] !== '*' ? matchOne(pattern, at, name[from] ?? '') : 0;
    if (step > 0) {
      at += step;
      from++;
    } else if (pattern[at] === '*') {
      star = at++;
      starFrom = from;
    } else if (star >= 0) {
      at = star + 1;
      from = ++starFrom;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at >= pattern.length;
}

/** @returns how much of the pattern matched this character, or 0 */
function matchOne(pattern: string, at: number, character: string): number {
  const token = pattern[at];
  if (token === '?') return 1;
  if (token === '\\' && at + 1 < pattern.length) return pattern[at + 1] === character ? 2 : 0;
  if (token === '[') {
    const close = pattern.indexOf(']', at + 2);
    if (close > 0) {
      const negated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
      const isIn = isInSet(pattern.slice(at + (negated ? 2 : 1), close), character);
      return isIn === negated ? 0 : close - at + 1;
    }
  }
  return token === character ? 1 : 0;
}

function isInSet(set: string, character: string): boolean {
  for (let at = 0; at < set.length; at++) {
    if (set[at + 1] === '-' && at + 2 < set.length) {
      if (character >= (set[at] ?? '') && character <= (set[at + 2] ?? '')) return true;
      at += 2;
    } else if (set[at] === character) return true;
  }
  return false;
}
