/** Named wake-ups for long polls on this server; a poll that is not woken looks again by itself. */
export class Wakeups {
  readonly #waiting = new Map<string, Set<() => void>>();
  closing = false;

  wait(name: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const set = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, set);
      const done = (): void => {
        clearTimeout(timer);
        set.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      set.add(done);
    });
  }

  wake(name: string): void {
    for (const done of this.#waiting.get(name) ?? []) done();
  }

  wakeAll(): void {
    for (const set of this.#waiting.values()) for (const done of set) done();
  }

  /** Every poll answers at once from now on: the server is stopping. */
  close(): void {
    this.closing = true;
    this.wakeAll();
  }
}
