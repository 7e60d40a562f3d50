/** A small world for tests of the runner: a repository, a control plane, and a runner in this process or in its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttemptRecords } from '../../../src/runner/attempt/attempt-record.ts';
import { ADAPTERS } from '../../../src/runner/adapters/adapters.ts';
import { systemClock } from '../../../src/runner/clock.ts';
import { HttpControlPlane } from '../../../src/runner/control-plane.ts';
import { Clones } from '../../../src/runner/git/clones.ts';
import { HandOver } from '../../../src/runner/hand-over.ts';
import { KINDS } from '../../../src/runner/settings.ts';
import { Worktrees } from '../../../src/runner/git/worktrees.ts';
import { ownerTag } from '../../../src/runner/processes/stray-processes.ts';
import { readBootId, systemProcesses } from '../../../src/runner/processes/system-processes.ts';
import { type EndReason, Runner, type RunnerSettings } from '../../../src/runner/runner.ts';
import type { AttemptOffer, LandOffer, VerifyOffer } from '../../../src/contract/runner-protocol.ts';
import { FakeControlPlane } from './fake-control-plane.ts';

export interface LiveRunner {
  runner: Runner;
  ended: Promise<EndReason>;
  log: string[];
}

export class World {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'mc-runner-')));
  readonly dataDir = join(this.dir, 'data');
  readonly repo = join(this.dir, 'repo');
  readonly controlPlane = new FakeControlPlane();
  readonly #live: LiveRunner[] = [];
  #fence = 0;

  async start(): Promise<void> {
    mkdirSync(this.dataDir);
    mkdirSync(this.repo);
    this.git(this.repo, 'init', '-q', '-b', 'main');
    writeFileSync(join(this.repo, 'README.md'), '# Sample\n');
    this.commit('first');
    await this.controlPlane.start();
    this.announce();
  }

  /** What a server writes when it listens. */
  announce(): void {
    writeFileSync(join(this.dataDir, 'server.json'), JSON.stringify({ url: this.controlPlane.url, pid: 1 }));
    writeFileSync(join(this.dataDir, 'runner.token'), 'mcr_test\n');
  }

  async stop(): Promise<void> {
    for (const { runner } of this.#live) runner.drain();
    await Promise.all(this.#live.map(({ ended }) => ended));
    await this.controlPlane.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  git(cwd: string, ...args: string[]): string {
    return execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args], {
      cwd,
      stdio: 'pipe',
    })
      .toString()
      .trim();
  }

  commit(message: string): string {
    this.git(this.repo, 'add', '.');
    this.git(this.repo, 'commit', '-q', '--allow-empty', '-m', message);
    return this.git(this.repo, 'rev-parse', 'HEAD');
  }

  get clone(): string {
    return join(this.dataDir, 'clones/MC.git');
  }

  read(name: string): string {
    try {
      return readFileSync(join(this.dir, name), 'utf8');
    } catch {
      return '';
    }
  }

  runner(
    settings: Partial<RunnerSettings> & {
      courtesyMs?: number;
      killGraceMs?: number;
      outputCapBytes?: number;
    } = {},
  ): LiveRunner {
    const log: string[] = [];
    const clones = new Clones(this.dataDir);
    const worktrees = new Worktrees(this.dataDir, clones);
    const controlPlane = new HttpControlPlane({ dataDir: this.dataDir });
    const shared = {
      clock: systemClock,
      log: (message: string, facts?: Record<string, unknown>) =>
        void log.push(`${message} ${JSON.stringify(facts ?? {})}`),
      controlPlane,
      handOver: new HandOver(this.dataDir, clones, controlPlane),
      processes: systemProcesses(systemClock),
      dataDir: this.dataDir,
      ownerTag: ownerTag(this.dataDir),
      environment: { ...process.env, SECRET_OF_SERVER: 'no', ALLOWED: 'yes', MC_ADMIN_TOKEN: 'never' },
      killGraceMs: settings.killGraceMs ?? 300,
    };
    const runner = new Runner(
      {
        name: 'local',
        slots: 2,
        labels: [],
        kinds: KINDS,
        version: '0',
        containment: [],
        exitWhenAlone: false,
        drainMs: 10_000,
        ...settings,
      },
      {
        ...shared,
        workspaces: worktrees,
        records: new AttemptRecords(this.dataDir),
        adapters: ADAPTERS,
        bootId: readBootId(),
        gateway: null,
        courtesyMs: settings.courtesyMs ?? 300,
        ...(settings.outputCapBytes === undefined ? {} : { outputCapBytes: settings.outputCapBytes }),
      },
      { ...shared, clones, worktrees },
    );
    const live = { runner, log, ended: runner.run() };
    this.#live.push(live);
    return live;
  }

  /** An offer whose agent is a shell script; `$OUT` in it is this world's folder. */
  attempt(
    script: string,
    more: Partial<AttemptOffer> = {},
    profile: Partial<AttemptOffer['profile']> = {},
  ): AttemptOffer {
    const fence = ++this.#fence;
    return {
      kind: 'attempt',
      attempt: `att_${fence}`,
      number: 1,
      ticket: `MC-${fence}`,
      fence,
      token: `mca_token_of_attempt_${fence}`,
      project: { key: 'MC', repository: { path: this.repo }, defaultBranch: 'main', setup: null },
      profile: {
        id: 'scripted',
        adapter: 'command',
        command: ['/bin/sh', '-c', script],
        env: { OUT: this.dir },
        envAllow: ['ALLOWED', 'MC_ADMIN_TOKEN'],
        home: 'isolated',
        files: {},
        model: null,
        acp: null,
        gateway: null,
        timeoutSeconds: 60,
        stallSeconds: 60,
        holdSeconds: 60,
        permissions: 'ask',
        ...profile,
      },
      prompt: 'Do the work.\n',
      resume: null,
      startAt: null,
      continues: null,
      ...more,
    };
  }

  landing(commit: string, more: Partial<LandOffer> = {}): LandOffer {
    const fence = ++this.#fence;
    return {
      kind: 'land',
      work: `wrk_${fence}`,
      landing: `lnd_${fence}`,
      ticket: 'MC-1',
      attempt: 'att_1',
      attemptNumber: 1,
      fence,
      project: { key: 'MC', repository: { path: this.repo }, defaultBranch: 'main', setup: null },
      step: 'push',
      mode: 'merge',
      commit,
      base: null,
      landed: null,
      branch: 'mc/MC-1/1',
      intents: [],
      announced: false,
      message: 'Merge MC-1: A ticket\n',
      at: '2026-11-22T12:00:00.000Z',
      checks: [],
      probe: null,
      ...more,
    };
  }

  verification(commit: string | null, more: Partial<VerifyOffer> = {}): VerifyOffer {
    const fence = ++this.#fence;
    return {
      kind: 'verify',
      work: `wrk_${fence}`,
      ticket: 'MC-1',
      attempt: 'att_1',
      attemptNumber: 1,
      personal: false,
      fence,
      project: { key: 'MC', repository: { path: this.repo }, defaultBranch: 'main', setup: null },
      branch: 'mc/MC-1/1',
      base: this.git(this.repo, 'rev-parse', 'main'),
      commit,
      allowEmptyDiff: false,
      protectedPaths: [],
      evidence: [],
      ...more,
    };
  }
}

export async function until<T>(
  look: () => T | undefined | null | false | '',
  what: string,
  ms = 12_000,
): Promise<T> {
  const ends = Date.now() + ms;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > ends) throw new Error(`it never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
