/**
 * The runner's process: `node dist/runner/main.js --data-dir DIR`. It speaks the runner protocol over HTTP and knows
 * nothing else of the server: a local runner is a remote runner that happens to be near.
 *
 * Exit codes: 0 drained, or alone and told to go then; 2 usage; 3 a newer process runs under this name; 7 another runner
 * has this data directory; 8 the server takes neither this name nor this version from it, and says why.
 */
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AttemptRecords } from './attempt/attempt-record.ts';
import { ADAPTERS } from './adapters/adapters.ts';
import { systemClock } from './clock.ts';
import { HttpControlPlane } from './control-plane.ts';
import { openGateway } from './gateway/open-gateway.ts';
import { installShim } from './environment.ts';
import { HandOver } from './hand-over.ts';
import { Clones } from './git/clones.ts';
import { Worktrees } from './git/worktrees.ts';
import { acquireLock, LockHeld } from './instance-lock.ts';
import { stderrLog } from './log.ts';
import { hasProc } from './processes/process-table.ts';
import { ownerTag } from './processes/stray-processes.ts';
import { findCgroups } from './processes/cgroup.ts';
import { findNamespace } from './processes/namespace.ts';
import { readBootId, systemProcesses } from './processes/system-processes.ts';
import { Runner } from './runner.ts';
import { parseFlags, type RunnerFlags, USAGE, UsageError } from './settings.ts';

const EXIT_USAGE = 2;
const EXIT_SUPERSEDED = 3;
const EXIT_ALREADY_RUNNING = 7;
const EXIT_REFUSED = 8;

function readVersion(): string {
  const file = fileURLToPath(new URL('../../package.json', import.meta.url));
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return '0.0.0';
  }
}

function readFlags(): RunnerFlags {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  try {
    return parseFlags(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
}

async function main(): Promise<void> {
  const flags = readFlags();
  mkdirSync(flags.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(flags.dataDir);
  const bootId = readBootId();
  let release: () => void;
  try {
    release = acquireLock(dataDir, flags.name, bootId);
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_ALREADY_RUNNING);
  }
  const log = stderrLog;
  if (!hasProc) {
    log('this platform has no /proc: only process groups are stopped; what leaves its group is not found', {
      platform: process.platform,
    });
  }
  installShim(dataDir, fileURLToPath(new URL('../cli/mc-coord.js', import.meta.url)));
  const controlPlane = new HttpControlPlane({ dataDir, servers: flags.servers, token: flags.token });
  // Not even a child that inherits by accident shall see it.
  delete process.env['MC_RUNNER_TOKEN'];
  const clock = systemClock;
  const cgroups = findCgroups(ownerTag(dataDir), join(dataDir, 'cgroups.json'));
  const namespace = flags.contain ? await findNamespace() : null;
  if (flags.contain && namespace === null) log('no PID namespace can be made here', {});
  const processes = systemProcesses(clock, { cgroups, namespace });
  const clones = new Clones(dataDir);
  const worktrees = new Worktrees(dataDir, clones);
  const handOver = new HandOver(dataDir, clones, controlPlane);
  const shared = {
    clock,
    log,
    controlPlane,
    handOver,
    processes,
    dataDir,
    ownerTag: ownerTag(dataDir),
    environment: process.env,
    killGraceMs: flags.killGraceMs,
  };
  const gateway = await openGateway(dataDir);
  const runner = new Runner(
    {
      name: flags.name,
      slots: flags.slots,
      labels: flags.labels,
      kinds: flags.kinds,
      version: readVersion(),
      containment: [
        ...(cgroups ? (['cgroups'] as const) : []),
        ...(namespace ? (['pid_namespaces'] as const) : []),
      ],
      exitWhenAlone: flags.exitWhenAlone,
      drainMs: flags.killGraceMs + 15_000,
    },
    {
      ...shared,
      workspaces: worktrees,
      records: new AttemptRecords(dataDir),
      adapters: ADAPTERS,
      gateway,
      bootId,
      courtesyMs: 2000,
    },
    { ...shared, clones, worktrees },
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => runner.drain(flags.finishMs));
  // A terminal or a server that goes away takes the pipe of our messages with it; the agents are worth more.
  process.on('SIGHUP', () => undefined);
  process.stderr.on('error', () => undefined);
  const reason = await runner.run();
  release();
  if (reason === 'refused')
    process.stderr.write(`${runner.refusal ?? 'The server does not take this runner.'}\n`);
  process.exit(reason === 'superseded' ? EXIT_SUPERSEDED : reason === 'refused' ? EXIT_REFUSED : 0);
}

await main();
