/** Runs one command line to its exit code. No process is touched here, so that tests can run whole commands. */
import { CommanderError } from 'commander';
import type { Io } from './context.ts';
import { describeFailure, EXIT } from './failures.ts';
import { createProgram } from './program.ts';

/** @param args what stands after `mctl` */
export async function runMctl(args: string[], io: Io): Promise<number> {
  const program = createProgram(io);
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return EXIT.usage;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has said what is wrong already; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (io.signal.aborted) return EXIT.ok;
    const failure = describeFailure(error, args.includes('--json'));
    io.err(`${failure.text}\n`);
    return failure.exitCode;
  }
}
