/** Several servers on one PostgreSQL, with runners of machines of their own; the end of every test is that all is proven. */
import { expect } from 'vitest';
import { ApiClient } from '../../../src/client/api-client.ts';
import { MissionControl } from '../../harness/mission-control.ts';
import { PostgresServer, whyNoPostgres } from '../../harness/postgres-server.ts';
import { RemoteRunner } from './remote-runner.ts';

export const problem = whyNoPostgres();
if (problem !== null) console.warn(problem);

/** An agent that says every now and then that it lives, so that two at once would be seen. */
export const LIVING = `while :; do date +%s%N > $OUT/alive-$MC_TICKET-$MC_ATTEMPT; sleep 0.05; done & `;
export const GOOD = 'echo good > value; git commit -qam "make it good"; mc-coord submit --summary done';

export class Fleet {
  readonly servers: MissionControl[] = [];
  readonly runners: RemoteRunner[] = [];
  readonly database: PostgresServer;
  readonly url: string;
  readonly #closing: (() => void | Promise<void>)[] = [];

  private constructor(database: PostgresServer, url: string) {
    this.database = database;
    this.url = url;
  }

  static async on(database: PostgresServer): Promise<Fleet> {
    return new Fleet(database, await database.schema());
  }

  /** @param env `MC_DATABASE_URL` leads it another way to the database */
  async server(env: Record<string, string> = {}): Promise<MissionControl> {
    const all = { MC_DATABASE_URL: this.url, MC_RUNNER: 'none', MC_MAX_WORKERS: '20', ...env };
    const mc = new MissionControl({ env: all });
    this.servers.push(mc);
    await mc.start();
    return mc;
  }

  /** @param to the addresses that it knows, in their order */
  async runner(name: string, to: string[], ...flags: string[]): Promise<RemoteRunner> {
    const [mc] = this.servers;
    if (!mc) throw new Error('no server yet');
    const runner = new RemoteRunner(mc, name);
    this.runners.push(runner);
    return runner.start(to.join(','), ...flags);
  }

  closes(close: () => void | Promise<void>): void {
    this.#closing.push(close);
  }

  /** Which of the servers dispatches, when one says that it does. */
  async leader(among: readonly MissionControl[] = this.servers): Promise<MissionControl> {
    const [any] = among;
    if (!any) throw new Error('no server');
    return any.eventually(
      async () => {
        for (const mc of among) if ((await dispatcherOf(mc)) === 'leader') return mc;
        return null;
      },
      'one of the servers leads',
      60_000,
    );
  }

  async prove(): Promise<void> {
    const mc = this.servers.find(({ server }) => server?.exitCode === null && server.signalCode === null);
    if (!mc) throw new Error('no server is left to prove it');
    const { ok, invariants } = await mc.verify();
    expect(invariants.filter((invariant) => !invariant.ok)).toEqual([]);
    expect(ok).toBe(true);
  }

  async stop(): Promise<void> {
    try {
      await this.prove();
    } finally {
      for (const runner of this.runners) await runner.stop();
      for (const mc of this.servers) {
        mc.server?.kill('SIGCONT');
        await mc.stop();
      }
      for (const close of this.#closing) await close();
    }
  }

  describe(): string {
    return [...this.servers, ...this.runners].map((each) => each.describe()).join('\n');
  }
}

/** As another client of the same server, which gives up early where that does not answer. */
export async function dispatcherOf(mc: MissionControl): Promise<string> {
  try {
    const api = new ApiClient(mc.url, mc.token);
    const { dispatcher } = await api.get<{ dispatcher: { state: string } }>('/overview', { timeoutMs: 2000 });
    return dispatcher.state;
  } catch {
    return 'silent';
  }
}

/** When the agent of this attempt last said that it lives; nanoseconds. */
export function lastAlive(mc: MissionControl, key: string, attempt: number): bigint | null {
  const said = mc.read(`alive-${key}-${attempt}`);
  return said === '' ? null : BigInt(said);
}
