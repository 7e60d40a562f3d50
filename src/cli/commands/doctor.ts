/** `mctl doctor`: looks at everything that has to be well for work to get done; each line says what to type next. */
import type { Command } from 'commander';
import { ApiClient } from '../../client/api-client.ts';
import type { Profile, Project, Runner } from '../../contract/shapes.ts';
import { runs, type Context, type Io } from '../context.ts';
import { NotConnected, Unwell } from '../failures.ts';
import { dataDirectory, type Connection } from '../find-server.ts';
import { text } from '../terminal/safe-text.ts';
import { fail, type DoctorFinding } from './doctor/finding.ts';
import { checkContainment, checkDataDirectory, checkGit, checkNode } from './doctor/machine.ts';
import { checkProfiles, checkProjects, checkRunners, checkServer, checkState } from './doctor/server.ts';

export function defineDoctor(program: Command, io: Io): void {
  const command = program
    .command('doctor')
    .description('look at everything that has to be well; exit code 3 if something is not');
  runs(command, io, async (context) => {
    const findings: DoctorFinding[] = [];
    const add = (...found: DoctorFinding[]): void => {
      findings.push(...found);
      if (!context.json) found.forEach((finding) => printFinding(context, finding));
    };
    add(checkNode(process.version), await checkGit());
    add(...checkDataDirectory(dataDirectory(context.flags, io.env)));
    add(await checkContainment());
    await checkRemote(context, add);
    const failed = findings.filter((finding) => finding.level === 'fail').length;
    const warned = findings.filter((finding) => finding.level === 'warn').length;
    if (context.json) context.printJson({ ok: failed === 0, findings });
    if (failed > 0) throw new Unwell(`${failed} of ${findings.length} failed.`);
    if (!context.json) {
      context.print(
        warned === 0
          ? context.style.green('All is well.')
          : context.style.yellow(`Works, with ${warned} to look at.`),
      );
    }
  });
}

async function checkRemote(context: Context, add: (...found: DoctorFinding[]) => void): Promise<void> {
  const connection = connect(context, add);
  if (connection === null) return;
  const { now } = context.io;
  const reachable = await checkServer(new ApiClient(connection.url), now);
  add(...reachable);
  if (reachable.some((finding) => finding.subject === 'Server' && finding.level === 'fail')) return;
  if (connection.token === undefined) {
    add(
      fail('Token', `none is known for ${connection.url}`, 'give --token, or the --data-dir of this server'),
    );
    return;
  }
  const state = await checkState(context.api, now());
  add(...state);
  if (state.some((finding) => finding.subject === 'Token')) return;
  const all = async <T>(path: string): Promise<T[]> => (await context.api.list<T>(path, {}, 1000)).items;
  add(...checkRunners(await all<Runner>('/runners'), now()));
  add(...checkProjects(await all<Project>('/projects')));
  add(...checkProfiles(await all<Profile>('/profiles')));
}

function connect(context: Context, add: (finding: DoctorFinding) => void): Connection | null {
  try {
    return context.connection;
  } catch (error) {
    if (!(error instanceof NotConnected)) throw error;
    add(fail('Server', error.message, error.advice));
    return null;
  }
}

function printFinding(context: Context, finding: DoctorFinding): void {
  const { style } = context;
  const mark = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('FAIL') }[
    finding.level
  ];
  context.print(text`${mark} ${style.bold(finding.subject)} ${finding.message}`);
  if (finding.next !== undefined) context.print(text`     ${style.dim(`→ ${finding.next}`)}`);
}
