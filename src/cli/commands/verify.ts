/** `mctl verify`: has the server recompute its log and check every invariant; exit code 3 when one is violated. */
import type { Command } from 'commander';
import type { Verification } from '../../contract/shapes.ts';
import { runs, type Io } from '../context.ts';
import { Unwell } from '../failures.ts';
import { text } from '../terminal/safe-text.ts';

export function defineVerify(program: Command, io: Io): void {
  const command = program
    .command('verify')
    .description('recompute the log and check every invariant; exit code 3 if one is violated')
    .option('--head <seq:hash>', 'a head that was written down earlier; the log must still lead through it');
  runs<{ head?: string }>(command, io, async (context, { head }) => {
    const found = await context.api.get<Verification>('/verify', { query: { head }, timeoutMs: 600_000 });
    const { style } = context;
    context.result(found, () => {
      for (const invariant of found.invariants) {
        const mark = invariant.ok ? style.green('ok  ') : style.red('FAIL');
        context.print(
          text`${mark} ${invariant.id.padStart(2)} ${invariant.name} ${style.dim(`(${invariant.checked} checked)`)}`,
        );
        for (const violation of invariant.violations) context.printBlock(violation, 8);
      }
      const head = `${found.head.seq}:${found.head.hash.slice(0, 16)}`;
      context.print(
        text`${found.events} events, head ${head} ${style.dim(`(write it down; to check it later: mctl verify --head ${head})`)}`,
      );
    });
    const broken = found.invariants.filter((invariant) => !invariant.ok).map((invariant) => invariant.id);
    if (!found.ok || broken.length > 0) {
      throw new Unwell(
        broken.length > 0
          ? `Violated: ${broken.join(', ')}. Please report this, with the data directory kept.`
          : 'The log does not verify.',
      );
    }
    if (!context.json) context.print(style.green('Every invariant holds.'));
  });
}
