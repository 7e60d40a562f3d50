import { describe, expect, it } from 'vitest';
import { commandLine, parseCommand, splitLines, splitWords } from './command.ts';

describe('commands', () => {
  it('reads a shell command as its line', () => {
    expect(commandLine(['/bin/sh', '-c', 'npm ci && npm test'])).toBe('npm ci && npm test');
  });
  it('keeps a plain argv free of a shell, there and back', () => {
    const argv = ['claude', '--model', 'opus', '${MC_URL}'];
    expect(parseCommand(commandLine(argv))).toEqual(argv);
  });
  it('leaves to the shell what only the shell understands', () => {
    expect(parseCommand("echo 'a b' | cat")).toBe("echo 'a b' | cat");
    expect(commandLine(['echo', "it's"])).toBe("echo 'it'\\''s'");
  });
  it('splits lists without empty members', () => {
    expect(splitWords(' a, b ,,c ')).toEqual(['a', 'b', 'c']);
    expect(splitLines('one\n\n two \n')).toEqual(['one', 'two']);
  });
});
