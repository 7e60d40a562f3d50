/** `mctl runner …`: the machines that execute work. `mctl runner start` makes this machine one of them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Runner } from '../../contract/shapes.ts';
import { required, runs, type Io } from '../context.ts';
import { Unwell, UsageError } from '../failures.ts';
import { dataDirectory } from '../find-server.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';
import { gather, words } from '../values.ts';

interface StartOptions {
  name?: string;
  slots?: string;
  label?: string[];
  finish?: string;
  kind?: string[];
}

export function defineRunner(program: Command, io: Io): void {
  const runner = program
    .command('runner')
    .description('runners, the machines that work: list, show, start, drain, release');

  const start = runner
    .command('start', { isDefault: true })
    .description('work on this machine for a server: mctl runner --server URL --token TOKEN')
    .option('--name <name>', 'how it is called; else the name of this machine')
    .option('--slots <n>', 'attempts at once; else the number of cores')
    .option('--kind <kind>', 'what it does: attempt, verify, land, session (repeatable; else all)', gather)
    .option('--finish <seconds>', 'how long agents may finish after SIGTERM before their work is handed over')
    .option('--label <label>', 'what it offers, for projects that ask for it (repeatable)', gather);
  runs<StartOptions>(start, io, async (context, options) => {
    const program = fileURLToPath(new URL('../../runner/main.js', import.meta.url));
    if (!existsSync(program)) throw new Unwell(`${program} is missing; build it first: npm run build`);
    const { server, token } = context.flags;
    const url = server ?? io.env['MC_URL'];
    if (url !== undefined && token === undefined && (io.env['MC_RUNNER_TOKEN'] ?? '') === '') {
      throw new UsageError(
        `A runner needs a token for ${url}.`,
        'on the server: mctl token create --role runner --name this-machine; here: --token TOKEN',
      );
    }
    const labels = words(options.label) ?? [];
    const kinds = words(options.kind) ?? [];
    const args = [
      ['--data-dir', dataDirectory(context.flags, io.env)],
      ...(url === undefined ? [] : [['--server', url]]),
      ...(options.name === undefined ? [] : [['--name', options.name]]),
      ...(options.slots === undefined ? [] : [['--slots', options.slots]]),
      ...(labels.length === 0 ? [] : [['--labels', labels.join(',')]]),
      ...(kinds.length === 0 ? [] : [['--kinds', kinds.join(',')]]),
      ...(options.finish === undefined ? [] : [['--finish', options.finish]]),
    ].flat();
    // By the environment, so that no process list shows it.
    const env = token === undefined ? io.env : { ...io.env, MC_RUNNER_TOKEN: token };
    await runUntilDone(program, args, env, io.signal);
  });

  const list = runner.command('list').alias('ls').description('list the runners');
  runs(list, io, async (context) => {
    const page = await context.api.list<Runner>('/runners', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          {
            title: 'Name',
            value: (each) => each.name,
            paint: (shown) => context.style.bold(shown),
            flexible: true,
          },
          wordColumn(context, 'State', (each) => each.state),
          { title: 'Busy', value: (each) => `${each.busy}/${each.slots}`, align: 'right' },
          { title: 'Labels', value: (each) => each.labels.join(', '), flexible: true },
          { title: 'Does', value: (each) => each.kinds.join(', ') },
          { title: 'Version', value: (each) => each.version },
          { title: 'Pid', value: (each) => each.pid, align: 'right' },
          { title: 'Seen', value: (each) => context.age(each.lastSeenAt), align: 'right' },
        ],
        'No runners: nothing can be worked on. Start one: mctl runner start',
      );
    });
  });

  const show = runner.command('show').description('show one runner').argument('<name>', 'its name or id');
  runs(show, io, async (context, _options, given) => {
    const name = required(given, 'The name');
    const { items } = await context.api.list<Runner>('/runners', {}, 1000);
    const found = items.find((each) => each.name === name || each.id === name);
    if (found === undefined) {
      const names = items.map((each) => each.name).join(', ');
      throw new UsageError(
        `There is no runner "${name}".`,
        names === '' ? 'mctl runner start' : `there are ${names}.`,
      );
    }
    context.result(found, () => {
      context.print(text`${context.style.bold(found.name)} ${context.word(found.state)}`);
      context.printCard([
        ['Id', found.id],
        ['Busy', `${found.busy} of ${found.slots} slots`],
        ['Labels', found.labels.join(', ')],
        ['Does', found.kinds.join(', ')],
        ['Pid', found.pid],
        ['Version', found.version],
        ['Seen', context.age(found.lastSeenAt)],
      ]);
    });
  });

  const drain = runner
    .command('drain')
    .description(
      'give a runner nothing more; it leaves when nothing runs any more, to be updated and started again',
    )
    .argument('<name>', 'its name or id')
    .option('--hand-over', 'stop what runs there now, for others to go on with, at no retry’s cost')
    .option('--off', 'give it work again')
    .option('--reason <text>', 'why, for the record');
  runs<{ handOver?: boolean; off?: boolean; reason?: string }>(drain, io, async (context, options, given) => {
    const id = runnerId(required(given, 'The name'));
    const body = {
      draining: options.off !== true,
      handOver: options.handOver === true,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    };
    const found = await context.api.post<Runner>(`/runners/${encodeURIComponent(id)}/drain`, body);
    context.result(found, () => {
      context.print(
        options.off === true
          ? text`${found.name} is given work again.`
          : text`${found.name} drains: ${found.busy} of ${found.slots} slots are busy. It leaves when nothing runs there any more.`,
      );
    });
  });

  const release = runner
    .command('release')
    .description('free the name of a runner, so that another token can register it; who has it stops')
    .argument('<name>', 'its name or id');
  runs(release, io, async (context, _options, given) => {
    const id = runnerId(required(given, 'The name'));
    const found = await context.api.post<Runner>(`/runners/${encodeURIComponent(id)}/release`, {});
    context.result(found, () => {
      context.print(text`${found.name} is free: the next runner that registers under this name has it.`);
    });
  });
}

const runnerId = (given: string): string => (given.startsWith('run_') ? given : `run_${given}`);

/** The runner in the foreground: what it says is seen, and Ctrl-C lets it stop its agents before it goes. */
async function runUntilDone(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: 'inherit' });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  signal.removeEventListener('abort', stop);
  if (code !== 0 && !signal.aborted) throw new Unwell(`The runner ended with exit code ${code ?? 'none'}.`);
}
