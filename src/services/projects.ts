/** Registering projects and profiles: defaults filled in, and each looked at live before it is believed. */
import type { Finding, Profile, Project, Stamped } from '../domain/config.ts';
import { type Refusal, refuse } from '../domain/refusal.ts';
import { needsLanding } from '../domain/ticket/landing.ts';
import type { Completion } from '../domain/ticket/state.ts';
import type { EvidenceKind } from '../domain/words.ts';
import { type DocumentOptions, changeDocument, createDocument } from './configuration.ts';
import { type Caller, type Deps, notFound } from './deps.ts';

export interface ProjectInput {
  name?: string | undefined;
  repository?: { path?: string | undefined; url?: string | undefined } | undefined;
  defaultBranch?: string | undefined;
  setup?: { command: string[]; timeoutSeconds?: number | undefined } | null | undefined;
  checks?: { name: string; command: string[]; timeoutSeconds?: number | undefined }[] | undefined;
  deploy?:
    | {
        environment: string;
        probe: { url?: string | undefined; command?: string[] | undefined };
        timeoutSeconds?: number | undefined;
      }
    | null
    | undefined;
  completion?: Partial<Completion> | undefined;
  protectedPaths?: string[] | undefined;
  defaultProfile?: string | null | undefined;
  runnerLabels?: string[] | undefined;
  limits?:
    | {
        maxAttempts?: number | undefined;
        maxWorkers?: number | null | undefined;
        backoffSeconds?: number | undefined;
      }
    | undefined;
  budget?: Project['budget'] | undefined;
}

const CHECK_TIMEOUT_SECONDS = 900;
const SETUP_TIMEOUT_SECONDS = 900;
const DEPLOY_TIMEOUT_SECONDS = 1800;

export async function registerProject(
  deps: Deps,
  caller: Caller,
  key: string,
  input: ProjectInput & { name: string; repository: { path?: string | undefined; url?: string | undefined } },
  options: DocumentOptions<Project> = {},
): Promise<(Project & Stamped) | Refusal> {
  const repository = await deps.inspect.repository(input.repository, input.defaultBranch);
  if (!repository.usable) {
    return refuse('repository_unusable', repository.message, {
      errors: [{ path: 'repository', message: repository.message }],
    });
  }
  const project = fillProject(key, input, null, repository.defaultBranch ?? 'main');
  const wrong = await checkProject(deps, project);
  if (wrong) return wrong;
  project.warnings = await inspectProject(deps, project, repository.message);
  return createDocument<Project>(deps, caller, 'project', key, project, options);
}

export async function editProject(
  deps: Deps,
  caller: Caller,
  key: string,
  input: ProjectInput,
  options: DocumentOptions<Project>,
): Promise<(Project & Stamped) | Refusal> {
  const before = await deps.store.document<Project>('project', key);
  if (!before) return notFound('project', key);
  const looked = {
    ...before.repository,
    ...(input.repository ? { path: undefined, url: undefined, ...input.repository } : {}),
  };
  const repository = await deps.inspect.repository(looked, input.defaultBranch ?? before.defaultBranch);
  if (!repository.usable && (input.repository !== undefined || input.defaultBranch !== undefined)) {
    return refuse('repository_unusable', repository.message, {
      errors: [{ path: 'repository', message: repository.message }],
    });
  }
  const next = fillProject(key, input, before, before.defaultBranch);
  const wrong = await checkProject(deps, next);
  if (wrong) return wrong;
  next.warnings = await inspectProject(deps, next, repository.message, repository.usable);
  const set = Object.fromEntries(
    Object.entries(next).filter(
      ([member, value]) => JSON.stringify(value) !== JSON.stringify(before[member as keyof Project]),
    ),
  );
  return changeDocument<Project>(deps, caller, 'project', key, () => set, {
    ifMatch: before.version,
    ...options,
  });
}

function fillProject(key: string, input: ProjectInput, before: Project | null, branch: string): Project {
  const withTimeout = <T extends { timeoutSeconds?: number | undefined }>(value: T, seconds: number) => ({
    ...value,
    timeoutSeconds: value.timeoutSeconds ?? seconds,
  });
  const checks =
    input.checks?.map((check) => withTimeout(check, CHECK_TIMEOUT_SECONDS)) ?? before?.checks ?? [];
  const requires: EvidenceKind[] = checks.length > 0 ? ['signal', 'commit', 'check'] : ['signal', 'commit'];
  const base: Completion = before?.completion ?? {
    requires,
    checks: checks.map((check) => check.name),
    decidedBy: 'human',
    onAccept: 'leave_branch',
    allowEmptyDiff: false,
  };
  // A policy that named all checks goes on naming all of them when checks are added or removed.
  const namedAll = before !== null && before.completion.checks.length === before.checks.length;
  const completion: Completion = {
    ...base,
    ...(before !== null && input.checks !== undefined && namedAll
      ? {
          checks: checks.map((check) => check.name),
          requires: before.checks.length === 0 ? requires : base.requires,
        }
      : {}),
    ...dropUndefined(input.completion ?? {}),
  };
  return {
    key,
    name: input.name ?? before?.name ?? key,
    repository: input.repository ?? before?.repository ?? {},
    defaultBranch: input.defaultBranch ?? branch,
    setup:
      input.setup === undefined
        ? (before?.setup ?? null)
        : input.setup && withTimeout(input.setup, SETUP_TIMEOUT_SECONDS),
    checks,
    deploy:
      input.deploy === undefined
        ? (before?.deploy ?? null)
        : input.deploy && withTimeout(input.deploy, DEPLOY_TIMEOUT_SECONDS),
    completion,
    protectedPaths: input.protectedPaths ?? before?.protectedPaths ?? [],
    defaultProfile:
      input.defaultProfile === undefined ? (before?.defaultProfile ?? null) : input.defaultProfile,
    runnerLabels: input.runnerLabels ?? before?.runnerLabels ?? [],
    limits: {
      maxAttempts: 3,
      maxWorkers: null,
      backoffSeconds: 30,
      ...before?.limits,
      ...dropUndefined(input.limits ?? {}),
    },
    budget: input.budget === undefined ? (before?.budget ?? null) : input.budget,
    warnings: [],
  };
}

function dropUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

async function checkProject(deps: Deps, project: Project): Promise<Refusal | null> {
  const names = project.checks.map((check) => check.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return wrong('checks', `There are two checks named ${twice}.`);
  const incomplete = checkCompletion(project, project.completion);
  if (incomplete) return incomplete;
  if (
    project.defaultProfile !== null &&
    !(await deps.store.document<Profile>('profile', project.defaultProfile))
  ) {
    return wrong('defaultProfile', `There is no profile ${project.defaultProfile}.`);
  }
  return null;
}

/** Whether this project can ever satisfy the policy; the same for the project's own and for a ticket's. */
export function checkCompletion(
  project: Pick<Project, 'checks' | 'deploy'>,
  completion: Completion,
): Refusal | null {
  const names = project.checks.map((check) => check.name);
  const unknown = completion.checks.find((name) => !names.includes(name));
  if (unknown !== undefined)
    return wrong(
      'completion.checks',
      `There is no check ${unknown}; the project has ${names.join(', ') || 'none'}.`,
    );
  if (completion.requires.includes('check') && completion.checks.length === 0) {
    return wrong(
      'completion.requires',
      'A required check needs completion.checks to name one of the project\'s checks; or leave "check" out of completion.requires.',
    );
  }
  if (completion.requires.includes('deploy') && !project.deploy) {
    return wrong('completion.requires', 'A required deploy needs the project to have a deploy with a probe.');
  }
  if (needsLanding(completion) && !completion.requires.includes('commit')) {
    return wrong(
      'completion.requires',
      `What lands or is deployed is a commit: add "commit" to completion.requires, or use onAccept leave_branch without "deploy".`,
    );
  }
  return null;
}

function wrong(path: string, message: string): Refusal {
  return refuse('reference_not_found', message, { errors: [{ path, message }] });
}

async function inspectProject(
  deps: Deps,
  project: Project,
  repository: string,
  usable = true,
): Promise<Finding[]> {
  return [
    { ok: usable, subject: 'repository', message: repository },
    ...(project.setup ? [await deps.inspect.command('setup', project.setup.command)] : []),
    ...(await Promise.all(
      project.checks.map((check) => deps.inspect.command(`check ${check.name}`, check.command)),
    )),
    ...(project.deploy?.probe.command
      ? [await deps.inspect.command(`deploy ${project.deploy.environment}`, project.deploy.probe.command)]
      : []),
  ];
}

export type ProfileInput = { [K in keyof Omit<Profile, 'id' | 'warnings'>]?: Profile[K] | undefined };

export async function registerProfile(
  deps: Deps,
  caller: Caller,
  id: string,
  input: ProfileInput & { adapter: Profile['adapter']; command: string[] },
  options: DocumentOptions<Profile> = {},
): Promise<(Profile & Stamped) | Refusal> {
  const profile: Profile = {
    id,
    role: 'worker',
    env: {},
    envAllow: [],
    home: 'isolated',
    files: {},
    model: null,
    acp: null,
    gateway: null,
    timeoutSeconds: 3600,
    stallSeconds: 900,
    holdSeconds: 60,
    maxWorkers: null,
    permissions: 'ask',
    budget: null,
    warnings: [],
    ...dropUndefined(input),
  } as Profile;
  profile.warnings = [await deps.inspect.command('command', profile.command)];
  return createDocument<Profile>(deps, caller, 'profile', id, profile, options);
}

export async function editProfile(
  deps: Deps,
  caller: Caller,
  id: string,
  input: ProfileInput,
  options: DocumentOptions<Profile>,
): Promise<(Profile & Stamped) | Refusal> {
  const before = await deps.store.document<Profile>('profile', id);
  if (!before) return notFound('profile', id);
  const set = dropUndefined(input) as Partial<Profile>;
  set.warnings = [await deps.inspect.command('command', set.command ?? before.command)];
  return changeDocument<Profile>(deps, caller, 'profile', id, () => set, options);
}
