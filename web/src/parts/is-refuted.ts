/** What was handed in is a claim. Whether it held is in the evidence of that attempt, which the ticket has. */
import type { Attempt, Evidence } from '../../../src/contract/shapes.ts';

export const isRefuted = (
  attempt: Pick<Attempt, 'id' | 'outcome'>,
  evidence: readonly Pick<Evidence, 'attempt' | 'required' | 'state'>[],
): boolean =>
  attempt.outcome === 'submitted' &&
  evidence.some((each) => each.attempt === attempt.id && each.required && each.state === 'refuted');
