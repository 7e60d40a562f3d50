/** `mctl sign-in`: prints a new one-time link into the web app. */
import type { Command } from 'commander';
import { runs, type Io } from '../context.ts';
import { line } from '../terminal/safe-text.ts';

export function defineSignIn(program: Command, io: Io): void {
  const command = program.command('sign-in').description('print a new link that signs a browser in, once');
  runs(command, io, async (context) => {
    const link = await context.api.post<{ url: string; expiresAt: string }>('/sign-in-links');
    context.result(link, () => {
      context.print(line(link.url));
      context.note(context.style.dim(`It works once, and ends ${context.age(link.expiresAt)}.`));
    });
  });
}
