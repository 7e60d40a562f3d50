/** Thrown inside a plan: the caller rolls back this plan alone, and answers with what it collided with. */
import type { CommitResult } from '../port.ts';

export type Conflict = Extract<CommitResult, { committed: false }>['conflict'];

export class PlanRejected extends Error {
  readonly conflict: Conflict;
  constructor(conflict: Conflict) {
    super(`plan rejected: ${JSON.stringify(conflict)}`);
    this.conflict = conflict;
  }
}
