/**
 * What every field test does around its story: a Mission Control of its own with short leases, runners that are
 * processes of their own, and at the end the proof that no invariant was broken and that nothing runs on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from 'vitest';
import { ApiClient } from '../../../src/client/api-client.ts';
import type { Attempt, IssuedToken, Page, Runner } from '../../../src/contract/shapes.ts';
import { findStrayMarkers, ownerTag } from '../../../src/runner/processes/stray-processes.ts';
import { MissionControl, type MissionControlOptions } from '../../harness/mission-control.ts';

const runnerMain = fileURLToPath(new URL('../../../dist/runner/main.js', import.meta.url));

/** Makes the value good, and hands it in. */
export const GOOD =
  'echo good > value; git commit -qam "make it good"; mc-coord submit --summary "made it good"';

const started: { mc: MissionControl; runners: RunnerProcess[] }[] = [];

/** A running Mission Control with the sample project, ended and proved after the test. */
export async function missionControl(
  options: MissionControlOptions & { project?: object } = {},
): Promise<MissionControl> {
  const mc = new MissionControl(options);
  started.push({ mc, runners: [] });
  await mc.start();
  await mc.project(options.project);
  return mc;
}

afterEach(async () => {
  for (const { mc, runners } of started.splice(0)) {
    try {
      await expectProof(mc);
    } finally {
      for (const runner of runners) await runner.end();
      await mc.stop();
    }
  }
});

export async function expectProof(mc: MissionControl): Promise<void> {
  const { ok, invariants } = await mc.verify();
  expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
  expect(ok).toBe(true);
}

export async function newRunnerToken(mc: MissionControl, name: string): Promise<string> {
  return (await mc.api.post<IssuedToken>('/tokens', { role: 'runner', name })).token;
}

/** A real runner that no server started; a test may kill it with all that runs under it. */
export class RunnerProcess {
  readonly child: ChildProcess;
  readonly dataDir: string;
  readonly name: string;

  private constructor(child: ChildProcess, dataDir: string, name: string) {
    this.child = child;
    this.dataDir = dataDir;
    this.name = name;
  }

  static async start(
    mc: MissionControl,
    name: string,
    options: { server?: string; token?: string; slots?: number } = {},
  ): Promise<RunnerProcess> {
    const dataDir = join(mc.dir, `runner-${name}`);
    mkdirSync(dataDir, { recursive: true });
    const token = options.token ?? (await newRunnerToken(mc, `${name}-${Date.now()}`));
    const flags = ['--name', name, '--slots', String(options.slots ?? 1), '--kill-grace', '1'];
    const child = spawn(
      process.execPath,
      [runnerMain, '--data-dir', dataDir, '--server', options.server ?? mc.url, ...flags],
      { stdio: 'ignore', env: { PATH: process.env['PATH'], HOME: mc.dir, MC_RUNNER_TOKEN: token } },
    );
    const runner = new RunnerProcess(child, dataDir, name);
    started.find((entry) => entry.mc === mc)?.runners.push(runner);
    await mc.eventually(
      async () =>
        (await mc.api.get<Page<Runner>>('/runners')).items.find(
          (r) => r.name === name && r.pid === child.pid,
        ),
      `${name} registered`,
    );
    return runner;
  }

  /** kill -9, and whatever ran under it too, as when a machine loses its power. */
  async loseWithAll(mc: MissionControl, attempts: readonly Attempt[]): Promise<void> {
    await this.end('SIGKILL');
    for (const attempt of attempts) for (const { pid } of mc.processesOf(attempt.id)) kill(pid);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill(signal);
      await gone;
    }
    if (signal === 'SIGTERM') expect([...findStrayMarkers(ownerTag(this.dataDir))]).toEqual([]);
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has left by itself.
  }
}

/** The runner protocol by hand, for what no honest runner would do. */
export class RawRunner {
  readonly api: ApiClient;
  readonly name: string;
  id = '';
  instance = '';

  private constructor(api: ApiClient, name: string) {
    this.api = api;
    this.name = name;
  }

  static async register(
    mc: MissionControl,
    name: string,
    options: { token?: string; slots?: number; kinds?: string[] } = {},
  ): Promise<RawRunner> {
    const runner = new RawRunner(
      new ApiClient(mc.url, options.token ?? (await newRunnerToken(mc, name))),
      name,
    );
    const body = { name, slots: options.slots ?? 1, version: 'raw', kinds: options.kinds ?? ['attempt'] };
    const { id, instance } = await runner.api.post<{ id: string; instance: string }>('/runners', body);
    runner.id = id;
    runner.instance = instance;
    return runner;
  }

  async poll(more: object = {}): Promise<{ offers: RawOffer[]; stop: string[] }> {
    return this.api.post(`/runners/${this.id}/poll`, {
      freeSlots: 1,
      waitMs: 0,
      instance: this.instance,
      ...more,
    });
  }

  /** Polls until something is offered. */
  async offer(mc: MissionControl): Promise<RawOffer> {
    return mc.eventually(
      async () => (await this.poll({ waitMs: 500 })).offers[0],
      `${this.name} has an offer`,
    );
  }

  attempt<T>(id: string, verb: string, body: object): Promise<T> {
    return this.api.post<T>(`/attempts/${id}/${verb}`, body);
  }
}

export interface RawOffer {
  kind: string;
  attempt: string;
  work?: string;
  number: number;
  ticket: string;
  fence: number;
  token: string;
  evidence?: { id: string; kind: string }[];
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the dispatcher has ticked for so long after now: it had its chance, and did not take it. */
export async function dispatcherHadItsChance(mc: MissionControl, ms = 2500): Promise<void> {
  const from = Date.now() + ms;
  await mc.eventually(async () => {
    const { dispatcher } = await mc.api.get<{ dispatcher: { lastTick: { at: string } | null } }>('/overview');
    return dispatcher.lastTick !== null && Date.parse(dispatcher.lastTick.at) > from;
  }, 'the dispatcher ticked');
}

/** Without the local runner, and with leases that outlast a test: the runner is played by hand. */
export const NO_RUNNER = { env: { MC_RUNNER: 'none', MC_LEASE_SECONDS: '20', MC_OFFER_SECONDS: '20' } };

/** A ticket of the profile `worker` whose attempt this runner has taken. */
export async function runningAttempt(mc: MissionControl, runner: RawRunner) {
  const { key } = await mc.ticket('worker');
  const offer = await runner.offer(mc);
  await runner.attempt(offer.attempt, 'accept', { fence: offer.fence });
  await runner.attempt(offer.attempt, 'heartbeat', { fence: offer.fence, started: true });
  return { key, offer };
}

export async function statusOf(
  api: ApiClient,
  method: string,
  path: string,
  body?: unknown,
): Promise<number> {
  const response = await api.fetch(method, path, body === undefined ? {} : { body });
  await response.arrayBuffer();
  return response.status;
}
