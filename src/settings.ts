/**
 * Settings: flags win over environment, environment over `mission-control.toml`, file over defaults. All are checked
 * at the start; a wrong one is named with where it stands and what it should be, and the server does not start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parse as parseToml } from 'smol-toml';

export interface Settings {
  dataDir: string;
  host: string;
  port: number;
  databaseUrl: string | null;
  adminToken: string | null;
  adminTokenFile: string | null;
  maxWorkers: number;
  runner: 'local' | 'none';
  runnerSlots: number;
  tickSeconds: number;
  leaseSeconds: number;
  graceSeconds: number;
  offerSeconds: number;
  /** How long a machine may be silent that alone has a parked session, or commits, before the work goes on without it. */
  silenceSeconds: number;
  /** That each attempt's token may make; 0 is no limit. */
  attemptRequestsPerSecond: number;
  /** That each other token may make; 0 is no limit. */
  requestsPerSecond: number;
  artifactMaxBytes: number;
  bundleMaxBytes: number;
  /** What the local runner is called: several servers on one database each need another. */
  runnerName: string;
  /** Further `host:port` values that requests may name, e.g. behind a proxy. */
  hosts: string[];
  /** Hosts, or `host:port`, that notifications may go to although they are private or speak plain http. */
  notifyHosts: string[];
  /** Whom a push service may write to: `mailto:…` or `https://…`. */
  pushContact: string;
}

export class SettingsError extends Error {}

interface Option {
  flag: string;
  env: string;
  file: string;
  what: string;
  read: (text: string) => unknown;
}

const text = (value: string): string => value;
const whole =
  (min: number, max: number) =>
  (value: string): number => {
    if (!/^\d+$/.test(value) || Number(value) < min || Number(value) > max)
      throw new Error(`a whole number from ${min} to ${max}`);
    return Number(value);
  };
const seconds =
  (min: number) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number) || number < min || number > 86_400)
      throw new Error(`a number of seconds, at least ${min}`);
    return number;
  };

const OPTIONS: Record<keyof Settings, Option> = {
  dataDir: { flag: 'data-dir', env: 'MC_DATA_DIR', file: 'data_dir', what: 'a folder', read: text },
  host: { flag: 'host', env: 'MC_HOST', file: 'host', what: 'an address', read: loopback },
  port: { flag: 'port', env: 'MC_PORT', file: 'port', what: 'a port', read: whole(0, 65_535) },
  databaseUrl: {
    flag: 'database-url',
    env: 'MC_DATABASE_URL',
    file: 'database_url',
    what: 'postgres://…',
    read: postgres,
  },
  adminToken: {
    flag: 'admin-token',
    env: 'MC_ADMIN_TOKEN',
    file: 'admin_token',
    what: 'a token',
    read: token,
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    env: 'MC_ADMIN_TOKEN_FILE',
    file: 'admin_token_file',
    what: 'a file',
    read: text,
  },
  maxWorkers: {
    flag: 'max-workers',
    env: 'MC_MAX_WORKERS',
    file: 'max_workers',
    what: 'a limit',
    read: whole(0, 10_000),
  },
  runner: { flag: 'runner', env: 'MC_RUNNER', file: 'runner', what: 'local or none', read: localOrNone },
  runnerSlots: {
    flag: 'runner-slots',
    env: 'MC_RUNNER_SLOTS',
    file: 'runner_slots',
    what: 'a limit',
    read: whole(1, 1000),
  },
  tickSeconds: {
    flag: 'tick-seconds',
    env: 'MC_TICK_SECONDS',
    file: 'tick_seconds',
    what: 'seconds',
    read: seconds(1),
  },
  leaseSeconds: {
    flag: 'lease-seconds',
    env: 'MC_LEASE_SECONDS',
    file: 'lease_seconds',
    what: 'seconds',
    read: seconds(2),
  },
  graceSeconds: {
    flag: 'grace-seconds',
    env: 'MC_GRACE_SECONDS',
    file: 'grace_seconds',
    what: 'seconds',
    read: seconds(1),
  },
  offerSeconds: {
    flag: 'offer-seconds',
    env: 'MC_OFFER_SECONDS',
    file: 'offer_seconds',
    what: 'seconds',
    read: seconds(1),
  },
  silenceSeconds: {
    flag: 'silence-seconds',
    env: 'MC_SILENCE_SECONDS',
    file: 'silence_seconds',
    what: 'seconds',
    read: seconds(1),
  },
  attemptRequestsPerSecond: {
    flag: 'attempt-requests-per-second',
    env: 'MC_ATTEMPT_REQUESTS_PER_SECOND',
    file: 'attempt_requests_per_second',
    what: 'requests a second',
    read: whole(0, 100_000),
  },
  requestsPerSecond: {
    flag: 'requests-per-second',
    env: 'MC_REQUESTS_PER_SECOND',
    file: 'requests_per_second',
    what: 'requests a second',
    read: whole(0, 1_000_000),
  },
  artifactMaxBytes: {
    flag: 'artifact-max-bytes',
    env: 'MC_ARTIFACT_MAX_BYTES',
    file: 'artifact_max_bytes',
    what: 'bytes',
    read: whole(1, 268_435_456),
  },
  bundleMaxBytes: {
    flag: 'bundle-max-bytes',
    env: 'MC_BUNDLE_MAX_BYTES',
    file: 'bundle_max_bytes',
    what: 'bytes',
    read: whole(0, 1_073_741_824),
  },
  runnerName: {
    flag: 'runner-name',
    env: 'MC_RUNNER_NAME',
    file: 'runner_name',
    what: 'a name of letters, digits, dots, dashes or underscores',
    read: (text) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text))
        throw new Error('1 to 64 letters, digits, dots, dashes or underscores');
      return text;
    },
  },
  hosts: {
    flag: 'hosts',
    env: 'MC_HOSTS',
    file: 'hosts',
    what: 'host:port, comma-separated',
    read: hostList,
  },
  notifyHosts: {
    flag: 'notify-hosts',
    env: 'MC_NOTIFY_HOSTS',
    file: 'notify_hosts',
    what: 'host or host:port, comma-separated',
    read: hostList,
  },
  pushContact: {
    flag: 'push-contact',
    env: 'MC_PUSH_CONTACT',
    file: 'push_contact',
    what: 'mailto:somebody@example.org or https://…',
    read: contact,
  },
};

function localOrNone(value: string): string {
  if (value !== 'local' && value !== 'none') throw new Error('"local" or "none"');
  return value;
}
function postgres(value: string): string {
  if (!/^postgres(ql)?:\/\/\S+$/.test(value))
    throw new Error('an address like postgres://user:password@host:5432/database');
  return value;
}
function token(value: string): string {
  if (!/^[A-Za-z0-9_.~+/=-]{16,500}$/.test(value)) throw new Error('at least 16 letters, digits or _.~+/=-');
  return value;
}
/** There is no TLS of our own yet, so only loopback is bound; a proxy on this machine may stand before it. */
function loopback(value: string): string {
  if (!/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(value))
    throw new Error(
      'a loopback address (127.0.0.1, ::1 or localhost); put a TLS proxy before it to serve others',
    );
  return value;
}
function contact(value: string): string {
  if (!/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/.test(value))
    throw new Error('mailto:somebody@example.org or https://…');
  return value;
}
function hostList(value: string): string[] {
  return value
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '');
}

export function defaultDataDir(env: NodeJS.ProcessEnv): string {
  const base =
    env['XDG_DATA_HOME'] && isAbsolute(env['XDG_DATA_HOME'])
      ? env['XDG_DATA_HOME']
      : join(homedir(), '.local', 'share');
  return join(base, 'mission-control');
}

/** @param args what stands behind the script's name; unknown flags are refused */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Settings {
  const problems: string[] = [];
  const flags = readFlags(args, problems);
  const file = flags.get('config') ?? env['MC_CONFIG'] ?? join(cwd, 'mission-control.toml');
  const fromFile = readFile(file, flags.has('config') || env['MC_CONFIG'] !== undefined, problems);
  const values: Partial<Record<keyof Settings, unknown>> = {};
  for (const [name, option] of Object.entries(OPTIONS) as [keyof Settings, Option][]) {
    const found = [
      { where: `--${option.flag}`, value: flags.get(option.flag) },
      { where: option.env, value: env[option.env] === '' ? undefined : env[option.env] },
      fromFile.get(option.file) ?? { where: '', value: undefined },
    ].find((candidate) => candidate.value !== undefined);
    if (found?.value === undefined) continue;
    try {
      values[name] = option.read(found.value);
    } catch (error) {
      const shown =
        name === 'adminToken' || name === 'databaseUrl' ? 'the given value' : JSON.stringify(found.value);
      problems.push(
        `${found.where}: ${shown} should be ${error instanceof Error ? error.message : option.what}`,
      );
    }
  }
  const settings: Settings = {
    dataDir: defaultDataDir(env),
    host: '127.0.0.1',
    port: 4831,
    databaseUrl: null,
    adminToken: null,
    adminTokenFile: null,
    maxWorkers: availableParallelism(),
    runner: 'local',
    runnerSlots: 0,
    tickSeconds: 5,
    leaseSeconds: 30,
    graceSeconds: 10,
    offerSeconds: 10,
    silenceSeconds: 600,
    attemptRequestsPerSecond: 20,
    requestsPerSecond: 0,
    artifactMaxBytes: 16 * 1024 * 1024,
    bundleMaxBytes: 64 * 1024 * 1024,
    runnerName: 'local',
    hosts: [],
    notifyHosts: [],
    // A name that is nobody's: push services refuse a message without one.
    pushContact: 'mailto:operator@mission-control.invalid',
    ...(values as Partial<Settings>),
  };
  settings.dataDir = resolve(cwd, settings.dataDir);
  if (settings.runnerSlots === 0) settings.runnerSlots = Math.max(settings.maxWorkers, 1);
  if (settings.adminToken !== null && settings.adminTokenFile !== null) {
    problems.push('MC_ADMIN_TOKEN and MC_ADMIN_TOKEN_FILE: give one of them');
  }
  if (problems.length > 0) {
    throw new SettingsError(
      `Mission Control does not start, because of its settings:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
  }
  return settings;
}

function readFlags(args: readonly string[], problems: string[]): Map<string, string> {
  const known = new Set([...Object.values(OPTIONS).map((option) => option.flag), 'config']);
  const flags = new Map<string, string>();
  for (let i = 0; i < args.length; i += 1) {
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[i] ?? '');
    const name = match?.[1];
    if (name === undefined || !known.has(name)) {
      problems.push(
        `${args[i]}: there is no such flag; the flags are ${[...known].map((flag) => `--${flag}`).join(' ')}`,
      );
      continue;
    }
    const value = match?.[2] ?? args[(i += 1)];
    if (value === undefined) problems.push(`--${name}: a value is missing`);
    else flags.set(name, value);
  }
  return flags;
}

function readFile(
  path: string,
  wanted: boolean,
  problems: string[],
): Map<string, { where: string; value: string }> {
  const found = new Map<string, { where: string; value: string }>();
  if (!existsSync(path)) {
    if (wanted) problems.push(`${path}: there is no such file`);
    return found;
  }
  const source = readFileSync(path, 'utf8');
  let parsed: Record<string, unknown>;
  try {
    parsed = parseToml(source);
  } catch (error) {
    problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    return found;
  }
  const known = new Set(Object.values(OPTIONS).map((option) => option.file));
  for (const [name, value] of Object.entries(parsed)) {
    const line =
      source
        .split('\n')
        .findIndex((l) =>
          new RegExp(`^\\s*["']?${name.replace(/[^\w-]/g, '.')}["']?\\s*[=.\\]]|^\\s*\\[${name}`).test(l),
        ) + 1;
    const where = `${path} line ${line}, ${name}`;
    if (!known.has(name)) {
      problems.push(`${where}: there is no such setting; the settings are ${[...known].join(', ')}`);
    } else if (Array.isArray(value)) found.set(name, { where, value: value.join(',') });
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
      found.set(name, { where, value: String(value) });
    else problems.push(`${where}: should be ${Object.values(OPTIONS).find((o) => o.file === name)?.what}`);
  }
  return found;
}
