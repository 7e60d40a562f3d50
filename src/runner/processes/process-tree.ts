/**
 * The whole process tree of one attempt (or of one check), and how it is stopped.
 *
 * Agents start tools in sessions of their own, dev servers that daemonise, shells that outlive their parent. So a
 * process belongs to the tree when any of these says so:
 *
 *     its environment carries the marker        survives double forks, new groups, new sessions
 *     its parent belongs to the tree            survives a cleared environment
 *     its session or group is led by a member   survives a cleared environment and a dead parent
 *     it was seen to belong before              survives all of that, if a sweep came in between
 *     it is in the tree's cgroup                survives all of that, where the machine has cgroups
 *
 * The runner sweeps every second while the attempt runs, so that the last row is seldom needed and mostly there.
 *
 * The keeper (the small shell that records output and exit code, see agent-process.ts) carries another marker and is
 * left alone until all others are gone, so that the last words of an agent that is stopped are kept.
 */
import { type Clock, sleep } from '../clock.ts';
import type { Cgroup } from './cgroup.ts';
import {
  hasEnvironmentEntry,
  hasProc,
  isAlive,
  type ProcessId,
  type ProcessRow,
  readEnvironment,
  readLiving,
  readProcessTable,
  sendSignal,
} from './process-table.ts';

export const MARKER_VARIABLE = 'MC_ATTEMPT_MARKER';
export const KEEPER_VARIABLE = 'MC_KEEPER_MARKER';

export interface StopOptions {
  /** Between SIGTERM and SIGKILL. */
  graceMs: number;
  /** How long to go on killing before the answer is "not gone"; default 15 s. */
  killMs?: number;
}

export class ProcessTree {
  readonly #marker: string;
  readonly #clock: Clock;
  readonly #roots: ProcessId[];
  /** Start times of all that were ever seen to belong, by pid. */
  readonly #known = new Map<number, number>();
  readonly #cgroup: Cgroup | null;

  /** @param roots the keeper's identity, where one was started */
  constructor(marker: string, roots: ProcessId[], clock: Clock, cgroup: Cgroup | null = null) {
    this.#marker = marker;
    this.#cgroup = cgroup;
    this.#roots = roots;
    this.#clock = clock;
    for (const root of roots) this.#known.set(root.pid, root.startTime);
  }

  addRoot(root: ProcessId): void {
    this.#roots.push(root);
    this.#known.set(root.pid, root.startTime);
  }

  /** A cheap sweep without environments, for every second: it remembers who descends from whom. */
  track(): void {
    if (hasProc) this.#members(() => null);
  }

  /** One sweep: every living process of the tree, remembered for the next sweep. */
  find(): { agents: ProcessRow[]; keepers: ProcessRow[] } {
    if (!hasProc) return this.#findByGroup();
    const agents: ProcessRow[] = [];
    const keepers: ProcessRow[] = [];
    const environments = new Map<number, Buffer | null>();
    const members = this.#members((pid) => {
      const environment = readEnvironment(pid);
      environments.set(pid, environment);
      return environment;
    });
    for (const row of members) (this.#isKeeper(environments.get(row.pid)) ? keepers : agents).push(row);
    return { agents, keepers };
  }

  #isKeeper(environment: Buffer | null | undefined): boolean {
    return (
      environment !== null &&
      environment !== undefined &&
      hasEnvironmentEntry(environment, `${KEEPER_VARIABLE}=${this.#marker}`) &&
      !hasEnvironmentEntry(environment, `${MARKER_VARIABLE}=${this.#marker}`)
    );
  }

  #members(environmentOf: (pid: number) => Buffer | null): Iterable<ProcessRow> {
    const table = readProcessTable();
    const members = new Map<number, ProcessRow>();
    const kin = kinOf(table);
    const pending: ProcessRow[] = [];
    const add = (row: ProcessRow): void => {
      if (row.pid === process.pid || row.pid === 1 || members.has(row.pid)) return;
      members.set(row.pid, row);
      pending.push(row);
    };
    for (const row of table.values()) {
      const environment = environmentOf(row.pid);
      if (this.#known.get(row.pid) === row.startTime) add(row);
      else if (environment && hasEnvironmentEntry(environment, `${MARKER_VARIABLE}=${this.#marker}`))
        add(row);
      else if (environment && hasEnvironmentEntry(environment, `${KEEPER_VARIABLE}=${this.#marker}`))
        add(row);
    }
    for (const pid of this.#cgroup?.pids() ?? []) {
      const row = table.get(pid) ?? readLiving(pid);
      if (row) add(row);
    }
    for (const root of this.#roots) {
      // A session or group outlives its leader. Its number is ours as long as the pid was not given to another.
      const holder = table.get(root.pid);
      if (holder && holder.startTime !== root.startTime) continue;
      for (const row of kin.led.get(root.pid) ?? []) if (row.startTime >= root.startTime) add(row);
    }
    for (let row = pending.pop(); row; row = pending.pop()) {
      for (const child of kin.children.get(row.pid) ?? []) add(child);
      if (row.pid === row.sid || row.pid === row.pgid)
        for (const other of kin.led.get(row.pid) ?? []) add(other);
    }
    for (const row of members.values()) this.#known.set(row.pid, row.startTime);
    return members.values();
  }

  isGone(): boolean {
    const { agents, keepers } = this.find();
    return agents.length === 0 && keepers.length === 0;
  }

  /**
   * SIGTERM, a grace, then SIGKILL until nothing is left. Answers false when something could not be ended (a process
   * of another user, or one stuck in the kernel): the caller goes on trying, and holds the slot.
   */
  async stop(options: StopOptions): Promise<boolean> {
    if (!hasProc) return this.#stopGroup(options);
    const first = this.find();
    for (const row of first.agents) {
      sendSignal(row, 'SIGTERM');
      // A stopped process gets its SIGTERM only when it goes on.
      sendSignal(row, 'SIGCONT');
    }
    const graceEnds = this.#clock.monotonic() + options.graceMs;
    while (this.find().agents.length > 0 && this.#clock.monotonic() < graceEnds) await sleep(this.#clock, 50);
    const killEnds = this.#clock.monotonic() + (options.killMs ?? 15_000);
    let quiet = 0;
    do {
      quiet = this.#killSweep() ? 0 : quiet + 1;
      if (quiet >= 2) break;
      await sleep(this.#clock, 15);
    } while (this.#clock.monotonic() < killEnds);
    const isOver = (await this.#endKeepers()) && quiet >= 2;
    if (isOver) this.#cgroup?.remove();
    return isOver;
  }

  /** Freezes first, so that a fork storm cannot outrun the sweep, then kills. @returns whether there was any */
  #killSweep(): boolean {
    let found = this.find().agents;
    if (found.length === 0) return false;
    this.#cgroup?.kill();
    for (let round = 0; round < 20; round++) {
      for (const row of found) sendSignal(row, 'SIGSTOP');
      const again = this.find().agents;
      const frozen = new Set(found.map((row) => row.pid));
      const isComplete = again.every((row) => frozen.has(row.pid));
      found = again;
      if (isComplete) break;
    }
    for (const row of found) sendSignal(row, 'SIGKILL');
    return true;
  }

  /** The keepers end by themselves when nobody writes to them any more. */
  async #endKeepers(): Promise<boolean> {
    const ends = this.#clock.monotonic() + 1000;
    while (this.#clock.monotonic() < ends) {
      if (this.find().keepers.length === 0) return true;
      await sleep(this.#clock, 20);
    }
    for (let round = 0; round < 50; round++) {
      const { keepers } = this.find();
      if (keepers.length === 0) return true;
      for (const row of keepers) sendSignal(row, 'SIGKILL');
      await sleep(this.#clock, 20);
    }
    return false;
  }

  #findByGroup(): { agents: ProcessRow[]; keepers: ProcessRow[] } {
    const agents = this.#roots
      .filter((root) => groupExists(root.pid))
      .map((root) => ({ ...root, ppid: 0, pgid: root.pid, sid: root.pid, state: '?' }));
    return { agents, keepers: [] };
  }

  async #stopGroup(options: StopOptions): Promise<boolean> {
    const graceEnds = this.#clock.monotonic() + options.graceMs;
    for (const root of this.#roots) signalGroup(root, 'SIGTERM');
    while (this.find().agents.length > 0 && this.#clock.monotonic() < graceEnds) await sleep(this.#clock, 50);
    const killEnds = this.#clock.monotonic() + (options.killMs ?? 15_000);
    while (this.find().agents.length > 0 && this.#clock.monotonic() < killEnds) {
      for (const root of this.#roots) signalGroup(root, 'SIGKILL');
      await sleep(this.#clock, 50);
    }
    return this.find().agents.length === 0;
  }
}

interface Kin {
  children: Map<number, ProcessRow[]>;
  /** By the number of a session or process group: all in it. */
  led: Map<number, ProcessRow[]>;
}

function kinOf(table: Map<number, ProcessRow>): Kin {
  const children = new Map<number, ProcessRow[]>();
  const led = new Map<number, ProcessRow[]>();
  const put = (map: Map<number, ProcessRow[]>, key: number, row: ProcessRow): void => {
    const list = map.get(key);
    if (list) list.push(row);
    else map.set(key, [row]);
  };
  for (const row of table.values()) {
    put(children, row.ppid, row);
    put(led, row.sid, row);
    if (row.pgid !== row.sid) put(led, row.pgid, row);
  }
  return { children, led };
}

function groupExists(pgid: number): boolean {
  try {
    process.kill(-pgid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function signalGroup(root: ProcessId, signal: NodeJS.Signals): void {
  try {
    process.kill(-root.pid, signal);
  } catch {
    if (isAlive(root)) sendSignal(root, signal);
  }
}
