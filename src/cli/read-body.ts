/** The body of a request from `--file x.json|x.toml` (`-` is JSON on standard input), with the flags laid over it. */
import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import type { Io } from './context.ts';
import { UsageError } from './failures.ts';
import { withoutUndefined } from './values.ts';

type Body = Record<string, unknown>;

/** @param flags members given as flags; they win over the file, member by member */
export async function readBody(io: Io, file: string | undefined, flags: object): Promise<Body> {
  const fromFile = file === undefined ? {} : await readFile(io, file);
  return { ...fromFile, ...withoutUndefined(flags) };
}

async function readFile(io: Io, file: string): Promise<Body> {
  const text = file === '-' ? await io.readInput() : readOrExplain(file);
  let value: unknown;
  try {
    value = file.endsWith('.toml') ? parseToml(text) : JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file === '-' ? 'Standard input' : file} cannot be read: ${reason}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${file} must contain one object, with the members of the API’s request.`);
  }
  return value as Body;
}

/** A flag's long text: as it stands, or `-` for standard input, or `@file`. */
export async function readText(io: Io, value: string | undefined): Promise<string | undefined> {
  if (value === '-') return (await io.readInput()).trimEnd();
  if (value?.startsWith('@') === true && value.length > 1) return readOrExplain(value.slice(1)).trimEnd();
  return value;
}

function readOrExplain(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
}
