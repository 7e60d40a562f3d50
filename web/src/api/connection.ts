/**
 * Whether the server can be reached, as seen by the one event stream that the app holds open. `navigator.onLine` is
 * only a hint: a laptop without a network still reaches the server that runs on it.
 */
export type ConnectionState = 'connecting' | 'live' | 'offline' | 'signed_out';

export interface ConnectionSnapshot {
  state: ConnectionState;
  /** When the state began. */
  since: number;
  /** When the next try starts, while offline. */
  nextTryAt: number | null;
}

type Listener = () => void;

class Connection {
  #snapshot: ConnectionSnapshot = { state: 'connecting', since: Date.now(), nextTryAt: null };
  readonly #listeners = new Set<Listener>();
  /** Set by the stream: drops what it has and tries again now. */
  retry: () => void = () => {};
  /** Set by the stream: a request failed; look whether the stream still lives. */
  doubt: () => void = () => {};

  get snapshot(): ConnectionSnapshot {
    return this.#snapshot;
  }
  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  set(state: ConnectionState, nextTryAt: number | null = null): void {
    const before = this.#snapshot;
    if (before.state === state && before.nextTryAt === nextTryAt) return;
    this.#snapshot = { state, nextTryAt, since: before.state === state ? before.since : Date.now() };
    for (const listener of this.#listeners) listener();
  }
  signedOut(): void {
    this.set('signed_out');
  }
}

export const connection = new Connection();
