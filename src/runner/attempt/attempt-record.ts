/**
 * What the runner must still know about an attempt after a crash: `run/<attempt>.json`, written before each step that
 * would otherwise leave something behind that nobody knows of. Mode 0600: it holds the attempt's token while that is
 * of use.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptOffer } from '../../contract/runner-protocol.ts';
import type { Memory } from '../adapters/adapter.ts';
import { readJsonFile, writeFileAtomically } from '../atomic-file.ts';
import type { Metered } from '../gateway/meter.ts';
import type { ProcessId } from '../processes/process-table.ts';

/** `preparing` → `running` → `closing` → `parked` | `ended` */
export type RecordPhase = 'preparing' | 'running' | 'closing' | 'parked' | 'ended';

/** Why the agent was, or is being, stopped; decided once, and what is reported follows from it. */
export type Cause =
  | { kind: 'exited'; exitCode: number | null }
  | { kind: 'directive'; directive: 'park' | 'stop' }
  | { kind: 'timed_out'; reason: 'timeout' | 'stalled' }
  | { kind: 'failed'; reason: string }
  | { kind: 'rate_limited'; reason: string; notBefore: number }
  | { kind: 'stopped'; reason: string }
  | { kind: 'stale'; reason: string };

export interface AttemptRecord {
  attempt: string;
  number: number;
  ticket: string;
  project: string;
  fence: number;
  offer: AttemptOffer;
  phase: RecordPhase;
  /** In the environment of every process that runs for this attempt. */
  marker: string;
  /** Pids and start times mean nothing after the machine restarted. */
  bootId: string;
  keepers: ProcessId[];
  /** The one of them that keeps the agent itself. */
  agentKeeper: ProcessId | null;
  worktree: string | null;
  branch: string | null;
  base: string | null;
  /** The server's address in the agent's environment. */
  url: string | null;
  /** By the monotonic clock, which lives of the runner share. */
  startedAt: number | null;
  trustedUntil: number;
  leaseMs: number;
  session: string | null;
  /** What the adapter remembers: of its session, and of questions it asked. */
  memory: Memory;
  /** What its gateway has counted in this run; null without one. */
  metered: Metered | null;
  cause: Cause | null;
  /** Wall time. */
  endedAt: number | null;
}

/** Where the files of one attempt are. */
export class AttemptFiles {
  readonly dir: string;
  constructor(runDir: string, attempt: string) {
    this.dir = join(runDir, attempt);
  }
  create(): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
  }
  get prompt(): string {
    return join(this.dir, 'prompt.md');
  }
  get stdout(): string {
    return join(this.dir, 'stdout');
  }
  get stderr(): string {
    return join(this.dir, 'stderr');
  }
  /** JSON lines; see the contract. */
  get transcript(): string {
    return join(this.dir, 'transcript');
  }
  get setup(): string {
    return join(this.dir, 'setup');
  }
  /** What the runner itself has to say in the live output. */
  get notes(): string {
    return join(this.dir, 'notes');
  }
  get cursor(): string {
    return join(this.dir, 'cursor.json');
  }
  exit(of: 'agent' | 'setup'): string {
    return join(this.dir, `${of}.exit`);
  }
}

export class AttemptRecords {
  readonly dir: string;

  constructor(dataDir: string) {
    this.dir = join(dataDir, 'run');
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
  }

  files(attempt: string): AttemptFiles {
    return new AttemptFiles(this.dir, attempt);
  }

  load(attempt: string): AttemptRecord | undefined {
    return readJsonFile<AttemptRecord>(this.#path(attempt));
  }

  save(record: AttemptRecord): void {
    writeFileAtomically(this.#path(record.attempt), JSON.stringify(record));
  }

  remove(attempt: string): void {
    rmSync(this.#path(attempt), { force: true });
    rmSync(this.files(attempt).dir, { recursive: true, force: true });
  }

  list(): AttemptRecord[] {
    return readdirSync(this.dir)
      .filter((name) => /^[A-Za-z0-9_-]+\.json$/.test(name) && name !== 'runner.json')
      .map((name) => readJsonFile<AttemptRecord>(join(this.dir, name)))
      .filter((record): record is AttemptRecord => typeof record?.marker === 'string');
  }

  #path(attempt: string): string {
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(attempt)) throw new Error(`not an attempt id: ${attempt}`);
    return join(this.dir, `${attempt}.json`);
  }
}
