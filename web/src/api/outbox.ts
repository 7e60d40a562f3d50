/**
 * What a person wrote while the server could not be reached: comments and answers, kept in IndexedDB until they went
 * out. Each carries an Idempotency-Key, so that sending twice is harmless, and the version of the ticket it was written
 * against. An answer goes out with that version as If-Match: when the ticket moved meanwhile, the person decides. An
 * entry leaves the outbox by being accepted, or by the hand of its writer; never otherwise.
 */
import { createStore, del, entries, set } from 'idb-keyval';
import type { Problem } from '../../../src/contract/shapes.ts';
import { api, ApiProblem, newKey, Unreachable } from './client.ts';

interface EntryBase {
  /** Also the Idempotency-Key. */
  id: string;
  ticket: string;
  ticketVersion: number;
  writtenAt: string;
  writtenBy: string;
  state: 'waiting' | 'sending' | 'conflict' | 'refused';
  problem: Problem | null;
  /** Set when the writer has seen the conflict and wants it sent all the same. */
  force: boolean;
}
export interface OutboxComment extends EntryBase {
  kind: 'comment';
  body: { text: string };
}
export interface OutboxAnswer extends EntryBase {
  kind: 'answer';
  question: string;
  questionText: string;
  body: { text: string } | { choice: string };
  /** What the person sees: the choice's label, or the text. */
  shown: string;
}
export type OutboxEntry = OutboxComment | OutboxAnswer;
type Draft = Omit<OutboxComment, keyof DraftDefaults> | Omit<OutboxAnswer, keyof DraftDefaults>;
type DraftDefaults = Pick<EntryBase, 'id' | 'writtenAt' | 'state' | 'problem' | 'force'>;

const store = createStore('mission-control-outbox', 'entries');
let snapshot: readonly OutboxEntry[] = [];
const listeners = new Set<() => void>();
/** Called after something went out, so that the caches can be read again. */
let onSent: (entry: OutboxEntry) => void = () => {};

export const outbox = {
  get entries(): readonly OutboxEntry[] {
    return snapshot;
  },
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  onSent(handler: (entry: OutboxEntry) => void): void {
    onSent = handler;
  },

  async load(): Promise<void> {
    const all = await entries<string, OutboxEntry>(store);
    // A tab that was closed in the middle of sending left `sending` behind; the key makes a second try harmless.
    publish(
      all.map(([, entry]) => (entry.state === 'sending' ? { ...entry, state: 'waiting' as const } : entry)),
    );
  },

  /** Sends now when that is possible, else keeps it. @returns what became of it; a refusal is thrown */
  async send(draft: Draft): Promise<'sent' | 'kept'> {
    const entry = {
      ...draft,
      id: newKey(),
      writtenAt: new Date().toISOString(),
      state: 'sending',
      problem: null,
      force: true,
    } as OutboxEntry;
    try {
      await post(entry);
      onSent(entry);
      return 'sent';
    } catch (error) {
      if (!(error instanceof Unreachable) && !(error instanceof ApiProblem && error.problem.retryable))
        throw error;
      await keep({ ...entry, state: 'waiting', force: false });
      return 'kept';
    }
  },

  /** Keeps without trying: the connection is known to be down. */
  async hold(draft: Draft): Promise<void> {
    await keep({
      ...draft,
      id: newKey(),
      writtenAt: new Date().toISOString(),
      state: 'waiting',
      problem: null,
      force: false,
    } as OutboxEntry);
  },

  async flush(): Promise<void> {
    // One tab at a time where the browser has locks; elsewhere the idempotency keys have to do.
    if ('locks' in navigator) await navigator.locks.request('mc-outbox', flushAll);
    else await flushAll();
  },

  async sendAnyway(id: string): Promise<void> {
    const entry = snapshot.find((e) => e.id === id);
    if (!entry) return;
    // The refused answer was kept under the old key, so the new try needs a new one.
    await remove(id);
    await keep({ ...entry, id: newKey(), state: 'waiting', problem: null, force: true });
    await outbox.flush();
  },

  discard: (id: string): Promise<void> => remove(id),

  async clear(): Promise<void> {
    for (const entry of snapshot) await remove(entry.id);
  },
};

async function flushAll(): Promise<void> {
  await outbox.load();
  for (const entry of [...snapshot].sort((a, b) => a.writtenAt.localeCompare(b.writtenAt))) {
    if (entry.state !== 'waiting') continue;
    await keep({ ...entry, state: 'sending' });
    try {
      await post(entry);
      await remove(entry.id);
      onSent(entry);
    } catch (error) {
      if (error instanceof ApiProblem && !error.problem.retryable && error.status !== 401) {
        const isConflict = error.status === 412 || error.status === 409;
        await keep({ ...entry, state: isConflict ? 'conflict' : 'refused', problem: error.problem });
      } else {
        await keep({ ...entry, state: 'waiting' });
        return;
      }
    }
  }
}

function post(entry: OutboxEntry): Promise<unknown> {
  const ticket = encodeURIComponent(entry.ticket);
  if (entry.kind === 'comment')
    return api.post(`/tickets/${ticket}/comments`, entry.body, { idempotencyKey: entry.id });
  return api.post(`/tickets/${ticket}/questions/${encodeURIComponent(entry.question)}/answer`, entry.body, {
    idempotencyKey: entry.id,
    ifMatch: entry.force ? undefined : entry.ticketVersion,
  });
}

async function keep(entry: OutboxEntry): Promise<void> {
  await set(entry.id, entry, store);
  publish([...snapshot.filter((e) => e.id !== entry.id), entry]);
}

async function remove(id: string): Promise<void> {
  await del(id, store);
  publish(snapshot.filter((e) => e.id !== id));
}

function publish(next: readonly OutboxEntry[]): void {
  snapshot = [...next].sort((a, b) => a.writtenAt.localeCompare(b.writtenAt));
  for (const listener of listeners) listener();
}
