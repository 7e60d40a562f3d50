/**
 * `mctl backup`, `mctl restore` and `mctl migrate-store`. A backup comes from the server, which goes on working; the
 * other two are done to an installation without a server, by a program of their own beside this one.
 */
import { spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { required, runs, type Context, type Io } from '../context.ts';
import { Unwell, UsageError } from '../failures.ts';
import { dataDirectory } from '../find-server.ts';
import { text } from '../terminal/safe-text.ts';

const HOUR_MS = 3_600_000;
const AT_ONCE = 'dispatch as soon as a server starts: nothing that was given out before can still run';

interface Accepted {
  unverified?: boolean;
  atOnce?: boolean;
}

export function defineBackup(program: Command, io: Io): void {
  const command = program
    .command('backup')
    .description('write all of the installation into one file, while it works; the file holds secrets')
    .argument('<file>', 'the file to write, or a folder to write one into that is named by its time');
  runs(command, io, async (context, _options, given) => {
    const named = resolve(required(given, 'The file'));
    const response = await context.api.client.download('GET', '/backup', {
      timeoutMs: HOUR_MS,
      signal: io.signal,
    });
    const file = isFolder(named) ? join(named, nameOf(response)) : named;
    if (existsSync(file)) {
      await response.body?.cancel();
      throw new UsageError(`${file} is there already.`, 'name another, or a folder.');
    }
    const partial = `${file}.partial`;
    rmSync(partial, { force: true });
    try {
      await write(response, partial);
      // What was written is read again, from the disk: a backup that cannot be read is none.
      await runOffline(context, ['check', partial], 'ignore');
      renameSync(partial, file);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
    const bytes = statSync(file).size;
    context.result({ file, bytes }, () => {
      context.print(text`${file} (${bytes} bytes) is written, and was read again to its end.`);
      context.note(
        context.style.dim(
          `It holds secrets: keep it as you keep the data directory. To restore it: mctl restore ${file} --data-dir NEW`,
        ),
      );
    });
  });
}

export function defineRestore(program: Command, io: Io): void {
  const command = program
    .command('restore')
    .description(
      'restore a backup where no server runs and nothing is yet (MC_DATABASE_URL: into PostgreSQL)',
    )
    .argument('<file>', 'what mctl backup has written')
    .option('--check', 'read it to its end, and restore nothing')
    .option('--unverified', 'restore also what does not verify')
    .option('--at-once', AT_ONCE);
  runs<Accepted & { check?: boolean }>(command, io, async (context, options, given) => {
    const file = resolve(required(given, 'The file'));
    if (options.check === true) return runOffline(context, ['check', file]);
    return runOffline(context, ['restore', file, ...placed(context), ...accepting(options)]);
  });
}

export function defineMigrateStore(program: Command, io: Io): void {
  const command = program
    .command('migrate-store')
    .description('move the installation to PostgreSQL at MC_DATABASE_URL, or back, while no server runs')
    .addOption(
      program
        .createOption('--to <store>', 'the database that it stands on from now on')
        .choices(['postgresql', 'sqlite']),
    )
    .option('--unverified', 'move also what does not verify')
    .option('--at-once', AT_ONCE);
  runs<Accepted & { to?: string }>(command, io, async (context, options) => {
    const to = required(options.to, 'Where to: --to postgresql or --to sqlite');
    if ((io.env['MC_DATABASE_URL'] ?? '') === '')
      throw new UsageError(
        'The address of the database is not known.',
        'MC_DATABASE_URL=postgres://user:password@host:5432/database mctl migrate-store --to postgresql',
      );
    return runOffline(context, ['migrate', to, ...placed(context), ...accepting(options)]);
  });
}

const placed = (context: Context): string[] => ['--data-dir', dataDirectory(context.flags, context.io.env)];
const accepting = ({ unverified, atOnce }: Accepted): string[] => [
  ...(unverified === true ? ['--unverified'] : []),
  ...(atOnce === true ? ['--at-once'] : []),
];

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

function nameOf(response: Response): string {
  const named = /filename="([A-Za-z0-9._-]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  return named ?? 'mission-control.backup';
}

/** For this user alone from its first byte on, and on the disk when it returns. */
async function write(response: Response, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of response.body ?? []) await file.write(chunk as Uint8Array);
    await file.sync();
  } catch (error) {
    throw new Unwell(
      `The backup broke off: ${error instanceof Error ? error.message : String(error)}. Nothing is kept of it; try again.`,
    );
  } finally {
    await file.close();
  }
}

/** The program for what is done without a server: it may see the database, which no command of ours does. */
async function runOffline(
  context: Context,
  args: string[],
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<void> {
  const program = fileURLToPath(new URL('../../offline.js', import.meta.url));
  if (!existsSync(program)) throw new Unwell(`${program} is missing; build it first: npm run build`);
  const json = context.json ? ['--json'] : [];
  const child = spawn(process.execPath, [program, ...args, ...json], {
    env: context.io.env as NodeJS.ProcessEnv,
    stdio: ['ignore', output, 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = (): void => void child.kill('SIGTERM');
  context.io.signal.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  context.io.signal.removeEventListener('abort', stop);
  if (code === 2) throw new UsageError(said.trim());
  if (code !== 0) throw new Unwell(said.trim() || `It ended with ${code ?? 'a signal'}.`);
}
