/**
 * Lives of one server, each ended by SIGKILL at a named point of a transaction while stories go on through the API.
 * After each: nothing that was answered is lost, what was not has happened once or not at all, and the proof is clean.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient, Unreachable } from '../../src/client/api-client.ts';
import type { Verification } from '../../src/contract/shapes.ts';
import { MissionControl } from '../harness/mission-control.ts';
import { type Clients, Story } from './story.ts';

/** A point that is not passed while so many tickets go their whole way is not there. */
const STORIES_PER_LIFE = 4;

export class Lives {
  readonly mc = new MissionControl({
    env: { MC_RUNNER: 'none', MC_MAX_WORKERS: '50', MC_LEASE_SECONDS: '60', MC_OFFER_SECONDS: '2' },
  });
  kills = 0;
  /** How long each server took from being started to being there, in milliseconds. */
  readonly starts: number[] = [];
  readonly wrong: string[] = [];
  #stories: Story[] = [];
  #count = 0;

  /** The first start, with what the stories need. */
  async begin(): Promise<void> {
    await this.mc.start();
    await this.mc.project({
      checks: [],
      completion: { requires: ['signal', 'commit'], checks: [], decidedBy: 'human' },
    });
    await this.mc.profile('worker', 'true');
    await this.mc.endServer('SIGTERM');
  }

  /** One life: until the failpoint ends it. */
  async live(failpoint: string): Promise<void> {
    try {
      if (!(await this.#start({ MC_FAILPOINT: failpoint }))) return;
      const clients = this.#clients();
      await this.#check(clients);
      for (let i = 0; i < STORIES_PER_LIFE; i += 1) {
        const story = this.#current();
        while (!story.isOver) await story.step(clients);
      }
    } catch (error) {
      if (!isGone(error)) throw error;
      await this.#gone(failpoint);
      return;
    }
    // The last of it may still be under way, as a loop does it after the answer.
    await this.#gone(failpoint);
  }

  /** The last start, and the last look. */
  async end(): Promise<void> {
    await this.#start({});
    await this.#check(this.#clients());
    const story = this.#current();
    while (!story.isOver) await story.step(this.#clients());
    await this.#check(this.#clients());
    await this.mc.endServer('SIGTERM');
  }

  async #start(env: Record<string, string>): Promise<boolean> {
    const started = performance.now();
    try {
      await this.mc.start(env);
    } catch (error) {
      if (this.mc.server?.signalCode !== 'SIGKILL') throw error;
      this.kills += 1;
      return false;
    }
    this.starts.push(performance.now() - started);
    return true;
  }

  async #gone(failpoint: string): Promise<void> {
    const { server } = this.mc;
    const isDead = (): boolean => server?.signalCode !== null || server.exitCode !== null;
    await this.mc.until(isDead, `the server is killed at ${failpoint}`, 15_000);
    if (server?.signalCode !== 'SIGKILL')
      throw new Error(`${failpoint}: the server left with ${server?.exitCode} ${server?.signalCode}`);
    this.kills += 1;
  }

  #clients(): Clients {
    const runner = readFileSync(join(this.mc.dataDir, 'runner.token'), 'utf8').trim();
    return { url: this.mc.url, person: this.mc.api, runner: new ApiClient(this.mc.url, runner) };
  }

  #current(): Story {
    const last = this.#stories.at(-1);
    if (last && !last.isOver) return last;
    this.#count += 1;
    const story = new Story(`Story ${this.#count}`);
    // Those before the last few have been looked at after their own kills, and nothing writes to them any more.
    this.#stories = [...this.#stories.slice(-5), story];
    return story;
  }

  async #check(clients: Clients): Promise<void> {
    for (const story of this.#stories) this.wrong.push(...(await story.check(clients)));
    const { ok, invariants } = await clients.person.get<Verification>('/verify', { timeoutMs: 60_000 });
    if (!ok) for (const { violations } of invariants) this.wrong.push(...violations);
    if (this.wrong.length > 0) throw new Error(this.wrong.join('\n'));
  }
}

function isGone(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  // The answer broke off in its middle.
  return error instanceof TypeError && /terminated|fetch failed/.test(error.message);
}
