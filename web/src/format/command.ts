/** Commands between the wire (an argv array) and a field that people type into (a line for the shell). */

/** `["/bin/sh", "-c", s]` reads as `s`; another argv as a line that the shell would split the same way. */
export function commandLine(argv: readonly string[]): string {
  if (argv.length === 3 && argv[0] === '/bin/sh' && argv[1] === '-c') return argv[2] ?? '';
  return argv
    .map((part) => (/^[\w@%+=:,./${}-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** A plain line of words becomes argv, so that no shell is between; anything that only a shell understands stays a line. */
export function parseCommand(line: string): string[] | string {
  const text = line.trim();
  return /^[\w@%+=:,./ ${}-]+$/.test(text) ? text.split(/ +/) : text;
}

export const splitWords = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

export const splitLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
