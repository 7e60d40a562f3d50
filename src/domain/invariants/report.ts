/** The thirteen invariants by name, and the tally that a verification keeps of each. */

export const INVARIANTS = {
  I1: 'at most one open attempt per ticket, and it is the newest',
  I2: 'no event of a worker under another fencing token than the current one; tokens rise strictly',
  I3: 'every claim and resume carries the current dispatch epoch; epochs rise strictly',
  I4: 'at each claim and resume every limit was kept',
  I5: 'every status change is a row of the transition table, by an actor that it allows',
  I6: 'done only with verified evidence or an unexpired waiver for every required kind, decided by another than the worker',
  I7: 'every ticket in needs_input has a question, open or answered and not yet resumed',
  I8: 'acted inbox items have exactly one result; every ticket in review has one open item or a landing',
  I9: 'the operator acts on no ticket; the system changes no job without the maintenance policy',
  I10: 'at most one alert per fingerprint',
  I11: 'a ticket in progress has an attempt that is offered, running or stopping, and none outlives its lease and grace',
  I12: 'no answer is lost: it is in the prompt or session of the attempt that went on',
  I13: 'replaying the log gives the rows; every hash matches; seq has no gap',
} as const;
export type InvariantId = keyof typeof INVARIANTS;

export interface InvariantResult {
  id: InvariantId;
  name: string;
  ok: boolean;
  /** How much was looked at. */
  checked: number;
  violations: string[];
}

/** Violations kept per invariant; the count goes on. */
const KEPT = 50;

export class InvariantReport {
  readonly #checked = new Map<InvariantId, number>();
  readonly #violations = new Map<InvariantId, string[]>();
  #bad = 0;

  look(id: InvariantId, count = 1): void {
    this.#checked.set(id, (this.#checked.get(id) ?? 0) + count);
  }

  violate(id: InvariantId, what: string): void {
    this.#bad += 1;
    const list = this.#violations.get(id) ?? [];
    if (list.length < KEPT) list.push(what);
    this.#violations.set(id, list);
  }

  /** Looks at one thing, and records it as a violation unless it holds. */
  expect(id: InvariantId, holds: boolean, what: () => string): void {
    this.look(id);
    if (!holds) this.violate(id, what());
  }

  get ok(): boolean {
    return this.#bad === 0;
  }

  results(): InvariantResult[] {
    return (Object.keys(INVARIANTS) as InvariantId[]).map((id) => {
      const violations = this.#violations.get(id) ?? [];
      return {
        id,
        name: INVARIANTS[id],
        ok: violations.length === 0,
        checked: this.#checked.get(id) ?? 0,
        violations,
      };
    });
  }
}
