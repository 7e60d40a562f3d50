/** The server, seen from outside: reachable, its database ready, its clock like ours, its dispatcher leading. */
import { ApiProblem, type ApiClient } from '../../../client/api-client.ts';
import type { Profile, Project, Runner } from '../../../contract/shapes.ts';
import type { Api } from '../../api.ts';
import { spanOf } from '../../terminal/age.ts';
import { fail, ok, warn, type DoctorFinding } from './finding.ts';

const START = 'npm start, or give --server with the address of one that runs';

export interface Overview {
  version: string;
  paused: { by: string; reason: string; at: string; stop: boolean } | null;
  dispatcher: {
    state: 'leader' | 'standby' | 'unknown';
    epoch: number | null;
    lastTick: { at: string; outcome: string; detail: string } | null;
  };
  workers: { active: number | null; max: number };
  runners: { ready: number; silent: number };
  counts: Record<string, number>;
  openQuestions: number;
  openReviews: number;
  openAlerts: number;
}

/** Reachable, its database, its clock. A server that does not answer is one finding, and nothing more can be asked. */
export async function checkServer(client: ApiClient, now: () => number): Promise<DoctorFinding[]> {
  let live: Response;
  const sent = now();
  try {
    live = await client.fetch('GET', '//livez', { timeoutMs: 10_000 });
  } catch (error) {
    return [fail('Server', error instanceof Error ? error.message : String(error), START)];
  }
  const received = now();
  if (!live.ok) return [fail('Server', `${client.url} answers ${live.status} to /livez`, START)];
  return [checkClock(live.headers.get('date'), sent, received), await checkDatabase(client)];
}

/** The Date header has whole seconds, so a difference below two seconds is none. */
export function checkClock(header: string | null, sent: number, received: number): DoctorFinding {
  const at = header === null ? Number.NaN : Date.parse(header);
  if (Number.isNaN(at))
    return warn(
      'Clock',
      'the server does not say what time it is',
      'look for a proxy that drops the Date header',
    );
  const early = sent - (at + 999);
  const late = at - received;
  const skewMs = Math.max(early, late, 0);
  if (skewMs < 2000) return ok('Clock', 'the server’s and this machine’s agree');
  const way = late > early ? 'ahead of' : 'behind';
  const message = `the server’s clock is ${spanOf(skewMs / 1000)} ${way} this machine’s`;
  const next = 'set both by NTP (timedatectl set-ntp true); leases are safe, ages and schedules are off';
  return skewMs > 60_000 ? fail('Clock', message, next) : warn('Clock', message, next);
}

async function checkDatabase(client: ApiClient): Promise<DoctorFinding> {
  const response = await client.fetch('GET', '//readyz', { timeoutMs: 10_000 });
  if (response.ok) {
    const { store } = (await response.json()) as { store?: string };
    return ok('Database', `${store === 'postgresql' ? 'PostgreSQL' : 'SQLite'}, ready`);
  }
  const reason = (await response.text()).slice(0, 300);
  return fail(
    'Database',
    `not ready (${response.status}): ${reason}`,
    'see what the server says on standard error',
  );
}

export async function checkState(api: Api, now: number): Promise<DoctorFinding[]> {
  let overview: Overview;
  try {
    overview = await api.get<Overview>('/overview');
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    return [
      fail(
        'Token',
        `${error.problem.title} (${error.code})`,
        'give --token, or the --data-dir of this server',
      ),
    ];
  }
  return [ok('Server', `${api.client.url}, version ${overview.version}`), ...checkDispatcher(overview, now)];
}

export function checkDispatcher(overview: Overview, now: number): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const { dispatcher, paused, workers } = overview;
  const tick = dispatcher.lastTick;
  if (dispatcher.state === 'unknown') {
    findings.push(
      fail(
        'Dispatcher',
        'nobody holds the dispatch lease, so nothing starts',
        'restart the server, and see what it says on standard error',
      ),
    );
  } else if (tick !== null && now - Date.parse(tick.at) > 60_000) {
    const silent = spanOf((now - Date.parse(tick.at)) / 1000);
    findings.push(
      fail(
        'Dispatcher',
        `${dispatcher.state}, but its last tick was ${silent} ago (${tick.outcome}: ${tick.detail})`,
        'see what the server says on standard error',
      ),
    );
  } else {
    findings.push(ok('Dispatcher', dispatcher.state === 'leader' ? 'leads' : 'stands by for another server'));
  }
  if (workers.active === null) {
    findings.push(fail('Workers', 'cannot be counted, so every slot counts as taken', 'mctl verify'));
  }
  if (paused !== null) {
    findings.push(warn('Pause', `paused by ${paused.by}: ${paused.reason}`, 'mctl pause --off'));
  }
  return findings;
}

export function checkRunners(runners: Runner[], now: number): DoctorFinding[] {
  if (runners.length === 0)
    return [fail('Runner', 'there is none, so nothing can be worked on', 'mctl runner start')];
  const findings = runners.map((runner) => {
    const seen =
      runner.lastSeenAt === null ? 'never' : `${spanOf((now - Date.parse(runner.lastSeenAt)) / 1000)} ago`;
    return runner.state === 'silent'
      ? warn(
          `Runner ${runner.name}`,
          `silent, last seen ${seen}`,
          `on its machine: mctl runner start --name ${runner.name}`,
        )
      : ok(
          `Runner ${runner.name}`,
          `${runner.state}, ${runner.busy} of ${runner.slots} slots busy, process trees found ${held(runner)}`,
        );
  });
  const isAlive = runners.some((runner) => runner.state === 'ready');
  return isAlive
    ? findings
    : [...findings, fail('Runners', 'none is ready, so nothing can be worked on', 'mctl runner start')];
}

function held({ containment }: Runner): string {
  const words = { cgroups: 'held in cgroups', pid_namespaces: 'in PID namespaces' };
  return ['in /proc', ...containment.map((kind) => words[kind])].join(', ');
}

export function checkProjects(projects: Project[]): DoctorFinding[] {
  return projects.map((project) => {
    const trouble = project.warnings.filter((finding) => !finding.ok);
    const subject = `Project ${project.key}`;
    if (trouble.length === 0) {
      const checks = project.checks.map((check) => check.name).join(', ');
      return ok(
        subject,
        checks === '' ? 'repository found; it has no checks' : `repository and checks found (${checks})`,
      );
    }
    const message = trouble.map((finding) => `${finding.subject}: ${finding.message}`).join('; ');
    return fail(subject, message, `mctl project edit ${project.key} --help`);
  });
}

export function checkProfiles(profiles: Profile[]): DoctorFinding[] {
  return profiles.map((profile) => {
    const trouble = profile.warnings.filter((finding) => !finding.ok);
    const subject = `Profile ${profile.id}`;
    if (trouble.length > 0) {
      const message = trouble.map((finding) => `${finding.subject}: ${finding.message}`).join('; ');
      return fail(subject, message, `install the program, or mctl profile edit ${profile.id} -- PROGRAM`);
    }
    return profile.rateLimitedUntil === null
      ? ok(subject, `${profile.adapter}: ${profile.command[0] ?? ''}`)
      : warn(
          subject,
          `rate limited until ${profile.rateLimitedUntil}`,
          'wait, or give its tickets another profile',
        );
  });
}
