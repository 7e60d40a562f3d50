import { describe, expect, test } from 'vitest';
import { createProgram } from '../program.ts';
import { candidatesFor } from './completion.ts';

const program = createProgram({
  out: () => {},
  err: () => {},
  readInput: () => Promise.resolve(''),
  env: {},
  columns: null,
  now: () => 0,
  signal: new AbortController().signal,
});
const names = (what: string) => Promise.resolve([{ word: `${what}-1`, about: 'one' }]);
const complete = async (...typed: string[]): Promise<string[]> =>
  (await candidatesFor(program, typed, names)).map(({ word }) => word);

describe('completion', () => {
  test('knows the commands, and not the hidden one', async () => {
    expect(await complete('pro')).toEqual(['project', 'profile']);
    expect(await complete('')).not.toContain('__complete');
    expect(await complete('ticket', 'mo')).toEqual(['move']);
    expect(await complete('ba')).toEqual(['backup']);
    expect(await complete('migrate-store', '--to', '')).toEqual(['postgresql', 'sqlite']);
    expect(await complete('restore', 'x.backup', '--c')).toEqual(['--check']);
  });

  test('knows transitions, decisions and kinds', async () => {
    expect(await complete('move', 'MC-1', 're')).toEqual(['ready', 'request_changes', 'reopen']);
    expect(await complete('inbox', 'act', 'MC-1', 'acc')).toEqual(['accept']);
    expect(await complete('waive', 'MC-1', 'c')).toEqual(['commit', 'check']);
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  test('asks the server for keys and names', async () => {
    expect(await complete('show', '')).toEqual(['tickets-1']);
    expect(await complete('project', 'show', '')).toEqual(['projects-1']);
    expect(await complete('logs', 'tick')).toEqual(['tickets-1']);
    expect(await complete('job', 'enable', '')).toEqual(['jobs-1']);
    expect(await complete('create', 'Title', '')).toEqual([]);
  });

  test('knows flags, their values, and that a value is no argument', async () => {
    expect(await complete('list', '--st')).toEqual(['--status']);
    expect(await complete('list', '--js')).toEqual(['--json']);
    expect(await complete('list', '--status', 'in_')).toEqual(['in_progress', 'in_review']);
    expect(await complete('list', '--project', '')).toEqual(['projects-1']);
    expect(await complete('move', '--reason', 'because', 'MC-1', 'def')).toEqual(['defer']);
    expect(await complete('--json', 'ticket', 'wh')).toEqual(['why']);
  });
});
