/** The judge of a world: the product's own proof, and what really happened against what the system made of it. */
import type { Project } from '../../src/domain/config.ts';
import { submittedCommit } from '../../src/domain/ticket/completion.ts';
import { evolveTicket } from '../../src/domain/ticket/evolve.ts';
import type { TicketEvent } from '../../src/domain/ticket/events.ts';
import type { Ticket } from '../../src/domain/ticket/state.ts';
import { isClosed } from '../../src/domain/ticket/transitions.ts';
import type { StoredEvent } from '../../src/store/port.ts';
import type { World } from './world.ts';

/** The whole log, and each ticket before and after its events. */
export type Log = readonly (
  | { event: StoredEvent; ticket: null }
  | { event: StoredEvent & TicketEvent; ticket: string; before: Ticket | null; after: Ticket }
)[];

export async function readLog(world: World): Promise<Log> {
  const log: Log[number][] = [];
  const states = new Map<string, Ticket>();
  for (let last = 0; ;) {
    const page = await world.store.eventsAfter(last, 1000);
    if (page.length === 0) return log;
    for (const event of page) {
      last = event.seq;
      if (!event.stream.startsWith('ticket:')) log.push({ event, ticket: null });
      else {
        const ticket = event.stream.slice('ticket:'.length);
        const before = states.get(ticket) ?? null;
        const own = event as StoredEvent & TicketEvent;
        const after = evolveTicket(before, own);
        states.set(ticket, after);
        log.push({ event: own, ticket, before, after });
      }
    }
  }
}

export async function judge(world: World, when: string): Promise<string[]> {
  const verified = await world.verify();
  return verified.invariants.flatMap((invariant) =>
    invariant.violations.map((violation) => `${when}: ${invariant.id} ${violation}`),
  );
}

export async function atRest(world: World, items: readonly Ticket[]): Promise<string[]> {
  const restless = items.filter((ticket) => !isClosed(ticket.status));
  const skips = await world.store.skipsOf(restless.map((ticket) => ticket.key));
  return restless.map(
    (ticket) =>
      `${ticket.key} never came to rest: ${ticket.status}, attempt ${ticket.attempts.at(-1)?.state ?? 'none'}, ${skips.get(ticket.key)?.detail ?? 'no reason'}`,
  );
}

/** What the world knows, against what the system made of it. */
export async function truths(world: World, items: readonly Ticket[]): Promise<string[]> {
  const found: string[] = [];
  for (const ticket of items) {
    for (const evidence of ticket.evidence) {
      const claimed =
        evidence.state === 'verified' && (evidence.kind === 'commit' || evidence.kind === 'check');
      if (claimed && !world.foundGood.has(evidence.id))
        found.push(`${evidence.id} of ${ticket.key} is verified, and no verifier found it good`);
    }
    if (ticket.status !== 'done') continue;
    const commit = submittedCommit(ticket);
    if (commit === null || !world.goodCommits.has(commit))
      found.push(`${ticket.key} is done on commit ${commit}, whose check fails`);
  }
  for (const [question, answer] of world.answers) {
    const later = world.prompts.filter(
      (prompt) => prompt.ticket === answer.ticket && prompt.seq > answer.seq,
    );
    const first = later[0];
    if (first && !later.some((prompt) => prompt.text.includes(answer.text))) {
      found.push(`the answer to ${question} of ${answer.ticket} is in no prompt of what went on`);
    }
  }
  // The audits that ran amid the faults saw a live system; only leases may look neglected there.
  for (const alert of (await world.store.alerts({ limit: 200 })).items) {
    if (alert.rule === 'invariant_violated' && alert.subject !== 'I11')
      found.push(`an audit said: ${alert.detail}`);
  }
  for (const open of await world.store
    .inbox({ states: ['pending', 'delivered'], limit: 200 })
    .then((page) => page.items)) {
    if (open.ticket !== null)
      found.push(
        `inbox item ${open.id} (${open.kind}) of ${open.ticket} is still ${open.state} although every ticket is closed`,
      );
  }
  return found;
}

/** Rules that are about the past: who was started when, how often it was tried, what a skip was called. */
export async function histories(world: World, items: readonly Ticket[], log: Log): Promise<string[]> {
  const found: string[] = [];
  const projects = new Map(
    (await world.store.documents<Project>('project')).map((project) => [project.key, project]),
  );
  const tries = new Map<string, number>();
  for (const entry of log) {
    if (entry.ticket === null) continue;
    const { event, ticket: key, before } = entry;
    if (event.type === 'attempt.offered' && event.data.kind === 'agent' && before !== null) {
      if (before.assignee === 'ada') found.push(`${key} was started although it is a person's`);
      if (before.campaign !== null && event.data.profile !== 'alpha')
        found.push(`${key} of alpha's campaign was started as ${event.data.profile}`);
    }
    if (event.type === 'ticket.transitioned') {
      if (event.data.retriesReset) tries.set(key, 0);
      const spent =
        event.data.transition === 'release' &&
        /fail|lost|lease|cannot|exited|timed/.test(event.data.reason ?? '');
      const count = (tries.get(key) ?? 0) + (spent ? 1 : 0);
      tries.set(key, count);
      if (spent && count >= (projects.get(before?.project ?? '')?.limits.maxAttempts ?? 3))
        found.push(`${key} was released for try ${count + 1}`);
    }
    if (event.type === 'question.answered') tries.set(key, 0);
  }
  for (const { key } of items) {
    for (const skip of await world.store.skipHistory(key)) {
      if (skip.code === 'claim_conflict' && !skip.detail.startsWith('Lost the race'))
        found.push(`${key}: a policy skip is called a claim conflict: ${skip.detail}`);
    }
  }
  return found;
}
