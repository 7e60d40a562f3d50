/**
 * Finds connections that the network has forgotten (a NAT, a firewall, a proxy that failed over): they stand, what is sent
 * is swallowed, and new ones pass. Nothing ends such a connection, so its query would hang until its time limit.
 *
 *     nothing came for two seconds, though an answer is waited for
 *       └─▶ ask the database on a new connection: what does that one's backend do?
 *             it is gone                                   ─▶ lost
 *             it waits for its client, a second later too  ─▶ lost: either the question or the answer was swallowed
 *             it works, or waits for a lock                ─▶ left alone
 *             nobody answers                               ─▶ nothing is known: the time limits hold, as always
 *
 * A lost connection is destroyed, so that what waits on it fails as on any that was cut, and is tried again elsewhere. Its
 * backend is ended: it holds locks, and would stand for hours. One timer looks after all; it asks only when one is silent.
 */
import type { Socket } from 'node:net';
import pg from 'pg';

const LOOK_MS = 1000;
/** How many looks in a row nothing came while an answer is waited for. */
const SILENT_LOOKS = 2;
/** Between two looks that say the same; less than LOOK_MS, as one may be late and the next one not. */
const LEAST_BETWEEN_MS = 700;
/** A large change on a slow way is not silence: it gets a look more for each of these that were sent. */
const BYTES_PER_LOOK = 8192;
const ASK_MS = 2000;

/** The start tells a backend from a later one of the same number. */
const BACKEND = `pid || ' ' || extract(epoch from backend_start)`;
const WHO = `select pg_backend_pid() as pid, ${BACKEND} as backend from pg_stat_activity where pid = pg_backend_pid()`;
/** A backend that nobody may look into says null, and is left alone. */
const WHAT = `select ${BACKEND} as backend, wait_event_type as "waitsFor", state_change::text as since from pg_stat_activity where ${BACKEND} = any($1)`;
const END = `select pg_terminate_backend(pid) from pg_stat_activity where ${BACKEND} = any($1)`;

/** What `pg` knows of a connection, and does not declare on all of its clients. */
type WatchedClient = pg.ClientBase & {
  readonly connection: { readonly stream: Socket };
  readonly processID: number | null;
  /** False from a question to its whole answer. */
  readonly readyForQuery: boolean;
};

/** What a backend does, as the database says. */
interface Sight {
  waitsFor: string | null;
  since: string | null;
}

type Seen = Sight & { atMs: number };

/** A backend that is idle waits for its client, and so does one that has got or sent a part of something. */
function isForgotten(before: Seen | null, now: Sight, nowMs: number): boolean {
  if (before === null || nowMs - before.atMs < LEAST_BETWEEN_MS) return false;
  return isSame(before, now) && now.waitsFor === 'Client' && now.since !== null;
}

const isSame = (before: Seen | null, now: Sight): boolean =>
  before?.waitsFor === now.waitsFor && before.since === now.since;

class Watched {
  readonly client: WatchedClient;
  readonly backend: string;
  #read = 0;
  #written = 0;
  #writtenWhenRead = 0;
  #silentLooks = 0;
  /** The look that saw something come at last. */
  heardAt = 0;
  /** The look that saw something come or go at last, while an answer is waited for; null where none is. */
  askedAt: number | null = null;
  seen: Seen | null = null;

  constructor(client: WatchedClient, backend: string, look: number) {
    this.client = client;
    this.backend = backend;
    this.look(look);
  }

  /** Whether something has come or gone since the last look, or no answer is waited for. */
  get hasStirred(): boolean {
    const { bytesRead, bytesWritten } = this.client.connection.stream;
    return bytesRead !== this.#read || bytesWritten !== this.#written || this.client.readyForQuery;
  }

  /** @param number of looks so far: what came and what went since the last one cannot be told apart by time */
  look(number: number): void {
    const { bytesRead, bytesWritten } = this.client.connection.stream;
    if (this.hasStirred) {
      this.#silentLooks = 0;
      this.seen = null;
      this.askedAt = this.client.readyForQuery ? null : number;
    } else this.#silentLooks += 1;
    if (this.client.readyForQuery) this.#writtenWhenRead = bytesWritten;
    // Of what went since the last look none may be answered by what came.
    else if (bytesRead !== this.#read) this.#writtenWhenRead = this.#written;
    if (bytesRead !== this.#read) this.heardAt = number;
    this.#read = bytesRead;
    this.#written = bytesWritten;
  }

  isSilentFor(looks: number): boolean {
    const unanswered = this.#written - this.#writtenWhenRead;
    return this.#silentLooks >= looks + Math.floor(unanswered / BYTES_PER_LOOK);
  }
}

export class ConnectionWatch {
  readonly #config: pg.ClientConfig;
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;
  #line: pg.Client | null = null;
  #looks = 0;
  #asking = false;
  #closed = false;

  constructor(config: pg.ClientConfig) {
    this.#config = config;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Awaited before anything else is asked on it. One whose backend cannot be told, as behind a pooler, is left alone. */
  async add(client: pg.ClientBase): Promise<void> {
    const limit = { query_timeout: this.#config.connectionTimeoutMillis };
    const { rows } = await client.query<{ pid: number; backend: string }>({ text: WHO, ...limit });
    const known = client as WatchedClient;
    const [row] = rows;
    if (row === undefined || row.pid !== known.processID) return;
    const watched = new Watched(known, row.backend, this.#looks);
    this.#watched.add(watched);
    client.on('end', () => this.#watched.delete(watched));
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#hangUp();
  }

  #look(): void {
    this.#looks += 1;
    for (const watched of this.#watched) watched.look(this.#looks);
    if (this.#asking) return;
    const all = [...this.#watched];
    if (!all.some((watched) => watched.isSilentFor(SILENT_LOOKS))) {
      this.#hangUp();
      return;
    }
    this.#asking = true;
    // Also about those that are silent for a shorter time: where one was forgotten, others were.
    void this.#ask(all.filter((watched) => watched.isSilentFor(1))).finally(() => {
      this.#asking = false;
    });
  }

  async #ask(silent: readonly Watched[]): Promise<void> {
    try {
      this.#line ??= await this.#connect();
      const { rows } = await this.#line.query<{ backend: string } & Sight>(WHAT, [
        silent.map(({ backend }) => backend),
      ]);
      const sights = new Map(rows.map(({ backend, ...sight }) => [backend, sight]));
      const nowMs = performance.now();
      const lost: Watched[] = [];
      for (const watched of silent) {
        // Its answer may have come while this was asked.
        if (!this.#watched.has(watched) || watched.hasStirred) continue;
        const now = sights.get(watched.backend) ?? null;
        if (now === null || isForgotten(watched.seen, now, nowMs)) lost.push(watched);
        else if (!isSame(watched.seen, now)) watched.seen = { ...now, atMs: nowMs };
      }
      if (lost.length > 0) await this.#giveUp([...lost, ...this.#doubted(lost)]);
    } catch {
      for (const watched of silent) watched.seen = null;
      this.#hangUp();
    }
  }

  /** Those at rest on which nothing came after a lost one was asked: the next questions would find out one by one. */
  #doubted(lost: readonly Watched[]): Watched[] {
    const since = Math.max(...lost.map(({ askedAt }) => askedAt ?? 0));
    return [...this.#watched].filter(
      ({ client, heardAt, askedAt }) =>
        askedAt === null && heardAt <= since && client.readyForQuery && client.getTransactionStatus() === 'I',
    );
  }

  async #giveUp(lost: readonly Watched[]): Promise<void> {
    try {
      await this.#line?.query(END, [lost.map(({ backend }) => backend)]);
    } finally {
      for (const { client } of lost)
        client.connection.stream.destroy(new Error('connection terminated: nothing arrives there any more'));
    }
  }

  async #connect(): Promise<pg.Client> {
    const limits = { connectionTimeoutMillis: ASK_MS, query_timeout: ASK_MS, statement_timeout: ASK_MS };
    const client = new pg.Client({ ...this.#config, ...limits });
    client.on('error', () => undefined);
    try {
      await client.connect();
      if (this.#closed) throw new Error('closed');
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  #hangUp(): void {
    const line = this.#line;
    this.#line = null;
    void line?.end().catch(() => undefined);
  }
}
