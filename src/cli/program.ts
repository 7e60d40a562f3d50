/** All of `mctl` as one tree of commands. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { defineAgents } from './commands/agents.ts';
import { defineAlert } from './commands/alert.ts';
import { defineAttempt } from './commands/attempt.ts';
import { defineLogs } from './commands/attempt/logs.ts';
import { defineBackup, defineMigrateStore, defineRestore } from './commands/backup.ts';
import { defineCampaign } from './commands/campaign.ts';
import { defineCompletion } from './commands/completion.ts';
import { defineDoctor } from './commands/doctor.ts';
import { defineEvidence } from './commands/evidence.ts';
import { defineInbox } from './commands/inbox.ts';
import { defineJob } from './commands/job.ts';
import { defineMcp } from './commands/mcp.ts';
import { defineNotify } from './commands/notify.ts';
import { definePause } from './commands/pause.ts';
import { definePolicy } from './commands/policy.ts';
import { defineProfile } from './commands/profile.ts';
import { defineProject } from './commands/project.ts';
import { defineRunner } from './commands/runner.ts';
import { defineSchedule } from './commands/schedule.ts';
import { defineSignIn } from './commands/sign-in.ts';
import { defineTicket, defineTicketVerbs } from './commands/ticket.ts';
import { defineToken } from './commands/token.ts';
import { defineTop } from './commands/top.ts';
import { defineExport, defineImport } from './commands/transfer.ts';
import { defineVerify } from './commands/verify.ts';
import { defineWatch } from './commands/watch.ts';
import type { Io } from './context.ts';

const AFTER = `
Exit codes:
  0 done   2 wrong usage   3 refused, or something is not well   4 the attempt is no longer current
  5 Mission Control cannot be reached   1 a bug

mctl finds the server of this machine by itself; MC_DATA_DIR, MC_URL and MC_ADMIN_TOKEN name another.
Under --json standard output is exactly what the API answered.`;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export function createProgram(io: Io): Command {
  const program = new Command('mctl')
    .description('Mission Control from the command line, for people and scripts')
    .option('--json', 'print exactly what the API answered')
    .option('--data-dir <folder>', 'the data directory of the server')
    .option('--server <url>', 'the address of the server')
    .option('--token <token>', 'the token to speak to it with')
    .option('--idempotency-key <key>', 'the same key with the same request has its effect once')
    .configureHelp({ showGlobalOptions: true, helpWidth: Math.min(io.columns ?? 100, 120) })
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showSuggestionAfterError(true)
    .showHelpAfterError('Next: the same with --help says what it takes.')
    .exitOverride()
    .helpCommand(false)
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', AFTER);

  program.commandsGroup('Tickets:');
  defineTicketVerbs(program, io);
  defineLogs(program, io);
  program.commandsGroup('What needs you, and what happens:');
  defineInbox(program, io);
  defineNotify(program, io);
  defineWatch(program, io);
  defineTop(program, io);
  definePause(program, io);
  defineVerify(program, io);
  defineDoctor(program, io);
  program.commandsGroup('The installation itself:');
  defineBackup(program, io);
  defineRestore(program, io);
  defineMigrateStore(program, io);
  defineExport(program, io);
  defineImport(program, io);
  program.commandsGroup('Everything else, by noun:');
  defineTicket(program, io);
  defineAttempt(program, io);
  defineEvidence(program, io);
  defineProject(program, io);
  defineProfile(program, io);
  defineAgents(program, io);
  defineCampaign(program, io);
  defineRunner(program, io);
  defineJob(program, io);
  defineSchedule(program, io);
  definePolicy(program, io);
  defineAlert(program, io);
  defineToken(program, io);
  defineMcp(program, io);
  defineSignIn(program, io);
  defineCompletion(program, io);
  return program;
}
