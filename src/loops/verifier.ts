/**
 * Brings submissions to their decision, and what was accepted to where it has to land: hands due evidence to a
 * verifier, applies the completion policy to what is settled, and moves landings on. Level-based: it reads which tickets are in review and compares, so nothing is lost with a message.
 */
import { isRefusal } from '../domain/refusal.ts';
import type { Ticket } from '../domain/ticket/state.ts';
import { verifyArtifacts } from '../services/artifacts.ts';
import { advanceLanding, inLandingOrder } from '../services/landing.ts';
import { applyPolicy, createVerifyWork } from '../services/verification.ts';
import type { Deps } from '../services/deps.ts';

const AT_A_TIME = 32;

/** @param all looks at everything in review: after a start, and when a project's policy has changed under its tickets */
export async function runVerifier(deps: Deps, all = false): Promise<number> {
  let created = 0;
  const keys = all ? await everythingInReview(deps) : await deps.store.ticketsToVerify(1000);
  const tickets: Ticket[] = [];
  // Some at a time: what is committed in one turn of the event loop shares one flush of the disk.
  for (let from = 0; from < keys.length; from += AT_A_TIME) {
    const settled = await Promise.allSettled(
      keys.slice(from, from + AT_A_TIME).map((key) => bring(deps, key)),
    );
    for (const result of settled) {
      if (result.status === 'rejected') throw result.reason;
      if (result.value === null) continue;
      tickets.push(result.value.ticket);
      if (result.value.hasWork) created += 1;
    }
  }
  for (const { key } of inLandingOrder(tickets)) if (await advanceLanding(deps, key)) created += 1;
  return created;
}

/** @returns whether a runner has to look at something now, and the ticket as it is then; null where there is none */
async function bring(deps: Deps, key: string): Promise<{ hasWork: boolean; ticket: Ticket } | null> {
  const record = await deps.store.ticket(key);
  if (!record) return null;
  const ticket = await verifyArtifacts(deps, record.state);
  if (await createVerifyWork(deps, ticket)) return { hasWork: true, ticket };
  const decided = await applyPolicy(deps, key);
  return { hasWork: false, ticket: isRefusal(decided) ? ticket : decided.ticket };
}

async function everythingInReview(deps: Deps): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await deps.store.tickets({ statuses: ['in_review'], sort: 'age', limit: 200, cursor });
    keys.push(...page.items.map((ticket) => ticket.key));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return keys;
}
