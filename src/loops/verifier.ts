/**
 * Brings submissions to their decision: hands due evidence to a verifier and applies the completion policy to what is
 * settled. Level-based: it reads which tickets are in review and compares, so nothing is lost with a message.
 */
import { applyPolicy, createVerifyWork } from '../services/verification.ts';
import type { Deps } from '../services/deps.ts';

export async function runVerifier(deps: Deps): Promise<number> {
  let created = 0;
  for (const key of await deps.store.ticketsToVerify(1000)) {
    if (await createVerifyWork(deps, key)) created += 1;
    else await applyPolicy(deps, key);
  }
  return created;
}
