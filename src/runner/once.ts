/** A value that is settled once and may be awaited by many; later values are ignored. */
export class Once<T> {
  readonly promise: Promise<T>;
  value: T | undefined;
  #settled = false;
  #resolve!: (value: T) => void;

  constructor() {
    this.promise = new Promise<T>((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  /** @returns whether this value is the one that stands */
  settle(value: T): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.value = value;
    this.#resolve(value);
    return true;
  }
}
