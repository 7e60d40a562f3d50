/**
 * What the plans of one batch stand on: read once, for all of them together where that is worth a journey, and kept true by
 * what each of them writes. Only for whoever alone writes until the commit.
 */
import type { CommitPlan, Guard } from '../port.ts';
import type { ResultRow } from '../program.ts';
import { StreamHeads } from './stream-heads.ts';

/** The resources whose version a plan can be guarded by. */
export const CONFIG_KINDS: ReadonlySet<string> = new Set(['project', 'profile', 'campaign', 'policy', 'job']);

/** The name of the row that a guard looks at. */
export function rowOf(guard: Guard): string {
  switch (guard.guard) {
    case 'config_version':
      return 'config';
    case 'ticket_version':
      return `ticket:${guard.ticket}`;
    default:
      return `lease:${guard.name}`;
  }
}

const answerOf = ({ scope, key }: { scope: string; key: string }): string => JSON.stringify([scope, key]);

export class BatchGround {
  readonly heads = new StreamHeads();
  readonly #rows = new Map<string, ResultRow | null>();
  readonly #answered = new Map<string, boolean>();

  /** @returns undefined where it is not known, null where there is no such row */
  row(guard: Guard): ResultRow | null | undefined {
    return this.#rows.get(rowOf(guard));
  }

  keepRow(guard: Guard, row: ResultRow | null): void {
    this.#rows.set(rowOf(guard), row);
  }

  /** Whether the request has been answered before; undefined where that is not known. */
  isAnswered(request: { scope: string; key: string }): boolean | undefined {
    return this.#answered.get(answerOf(request));
  }

  keepAnswered(request: { scope: string; key: string }, is: boolean): void {
    this.#answered.set(answerOf(request), is);
  }

  /** What the plan has changed is no longer as it was read. */
  hasWritten(plan: CommitPlan): void {
    if (plan.idempotency) this.keepAnswered(plan.idempotency, true);
    for (const row of plan.rows) {
      if (row.row === 'ticket') this.#rows.delete(`ticket:${row.state.key}`);
      else if (row.row === 'document' && CONFIG_KINDS.has(row.kind)) this.#rows.delete('config');
    }
    for (const effect of plan.effects ?? []) {
      if (effect.effect === 'lease_set' || effect.effect === 'lease_drop')
        this.#rows.delete(`lease:${effect.name}`);
      else if (effect.effect === 'work_finish') this.#rows.delete(`lease:work:${effect.id}`);
    }
  }

  /** Something else has been written in between: only the streams, which plans alone write, are still as they were. */
  forgetRows(): void {
    this.#rows.clear();
    this.#answered.clear();
  }

  /** What was written has been taken back. */
  forget(): void {
    this.forgetRows();
    this.heads.forget();
  }
}
