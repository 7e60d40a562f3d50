/** `mctl pause`: the one switch. Nothing new starts, nothing is accepted by policy, nothing lands. */
import type { Command } from 'commander';
import type { Policy } from '../../contract/shapes.ts';
import { runs, type Io } from '../context.ts';
import { text } from '../terminal/safe-text.ts';
import { withoutUndefined } from '../values.ts';

interface PauseOptions {
  stop?: boolean;
  off?: boolean;
  reason?: string;
}

export function definePause(program: Command, io: Io): void {
  const command = program
    .command('pause')
    .description('start nothing new until mctl pause --off')
    .option('--stop', 'stop what runs, too; no retry is spent')
    .option('--off', 'go on')
    .option('-r, --reason <text>', 'why; it is shown everywhere');
  runs<PauseOptions>(command, io, async (context, options) => {
    const policy = await context.api.post<Policy>(
      '/pause',
      withoutUndefined({ paused: options.off !== true, stop: options.stop, reason: options.reason }),
    );
    if (context.json) return context.printJson(policy);
    const { paused } = policy;
    if (paused === null)
      context.print(text`${context.style.green('Running')}: work starts as slots are free.`);
    else {
      context.print(
        text`${context.style.yellow('Paused')} by ${paused.by}${paused.reason === '' ? '' : `: ${paused.reason}`}. Go on with: mctl pause --off`,
      );
    }
  });
}
