/** The runner's flags and environment, checked at the start; a wrong one is named with what it should be. */
import { homedir, cpus, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface RunnerFlags {
  dataDir: string;
  servers: string[];
  token: string | undefined;
  name: string;
  slots: number;
  labels: string[];
  /** What it does at all. */
  kinds: string[];
  exitWhenAlone: boolean;
  killGraceMs: number;
  /** How long what runs may finish after SIGTERM, before it is handed over. */
  finishMs: number;
  /** A PID namespace around each agent. */
  contain: boolean;
}

export class UsageError extends Error {}

export const USAGE = `Usage: node dist/runner/main.js [options]

  --data-dir DIR       where clones, worktrees and records are (default: MC_DATA_DIR, else ~/.local/share/mission-control)
  --server URL,…       the control plane, or several servers on one database, of which one that answers is used; without
                       it server.json in the data directory names it
  --name NAME          unique among runners (default: the name of this machine)
  --slots N            how many agents at a time (default: the number of cores)
  --labels a,b         what this runner can do; projects may require labels
  --kinds a,b          what it does: attempt, verify, land, session (default: all)
  --exit-when-alone    exit when no server answered for longer than any lease lasts
  --contain            run agents in PID namespaces, so that nothing they start can leave (or MC_CONTAIN=1)
  --kill-grace SECONDS between SIGTERM and SIGKILL (default 5)
  --finish SECONDS     how long agents may finish after SIGTERM, before their work is handed over (default 0)

The token is read from MC_RUNNER_TOKEN, else from the file runner.token in the data directory.
`;

export function parseFlags(args: string[], env: NodeJS.ProcessEnv): RunnerFlags {
  const { values } = parse(args);
  const dataDir =
    values['data-dir'] ??
    env['MC_DATA_DIR'] ??
    join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share'), 'mission-control');
  const name =
    values.name ??
    hostname()
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 64);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new UsageError(`--name ${name}: a name is 1 to 64 letters, digits, dots, dashes or underscores`);
  }
  return {
    dataDir: resolve(dataDir),
    servers: (values.server ?? '')
      .split(',')
      .map((address) => address.trim())
      .filter((address) => address !== '')
      .map(checkUrl),
    token: env['MC_RUNNER_TOKEN'] === '' ? undefined : env['MC_RUNNER_TOKEN'],
    name,
    slots:
      values.slots === undefined ? Math.max(1, cpus().length) : wholeNumber('--slots', values.slots, 0, 1000),
    labels: (values.labels ?? '')
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== ''),
    kinds: kindsOf(values.kinds),
    exitWhenAlone: values['exit-when-alone'] ?? false,
    contain: values.contain ?? (env['MC_CONTAIN'] ?? '') === '1',
    finishMs: 1000 * wholeNumber('--finish', values['finish'] ?? '0', 0, 86_400),
    killGraceMs: 1000 * wholeNumber('--kill-grace', values['kill-grace'] ?? '5', 0, 600),
  };
}

export const KINDS = ['attempt', 'verify', 'land', 'session'];

function kindsOf(given: string | undefined): string[] {
  if (given === undefined) return KINDS;
  const kinds = given.split(',').map((kind) => kind.trim());
  const wrong = kinds.find((kind) => !KINDS.includes(kind));
  if (wrong !== undefined)
    throw new UsageError(`--kinds ${given}: "${wrong}" is none of ${KINDS.join(', ')}`);
  return kinds;
}

function parse(args: string[]): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseOptions(args: string[]) {
  return parseArgs({
    args,
    options: {
      'data-dir': { type: 'string' },
      server: { type: 'string' },
      name: { type: 'string' },
      slots: { type: 'string' },
      labels: { type: 'string' },
      kinds: { type: 'string' },
      'exit-when-alone': { type: 'boolean' },
      'kill-grace': { type: 'string' },
      finish: { type: 'string' },
      contain: { type: 'boolean' },
    },
  });
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`${flag} ${text}: give a whole number from ${min} to ${max}`);
  }
  return value;
}

function checkUrl(text: string): string {
  try {
    const url = new URL(text);
    if (url.protocol === 'http:' || url.protocol === 'https:') return text.replace(/\/+$/, '');
  } catch {
    // Falls through to the same message.
  }
  throw new UsageError(`--server ${text}: give an address such as http://127.0.0.1:4831`);
}
