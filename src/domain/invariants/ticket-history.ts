/**
 * What must hold in the history of one ticket: fed with its events in order, each with the state before and after it.
 * Written against the domain's words, not against the deciders, so that a wrong decider is found.
 */
import {
  evidenceOf,
  newestAttempt,
  openAttempt,
  openQuestions,
  type Attempt,
  type Completion,
  type Ticket,
} from '../ticket/state.ts';
import type { TicketEvent } from '../ticket/events.ts';
import { transitionRow } from '../ticket/transitions.ts';
import type { InvariantReport } from './report.ts';

/** The completion policy that was in force when an event was written; null where the project is unknown. */
export type PolicyAt = (seq: number, ticket: Ticket) => Completion | null;

export class TicketHistory {
  readonly #report: InvariantReport;
  readonly #policyAt: PolicyAt;
  readonly #hash: (text: string) => string;
  #highestFence = 0;

  constructor(report: InvariantReport, policyAt: PolicyAt, hash: (text: string) => string) {
    this.#report = report;
    this.#policyAt = policyAt;
    this.#hash = hash;
  }

  event(event: TicketEvent & { seq: number }, before: Ticket | null, after: Ticket): void {
    const { key } = after;
    const at = `${key} at seq ${event.seq}`;
    this.#report.expect(
      'I9',
      event.actor.kind !== 'operator',
      () => `${at}: the operator is the actor of ${event.type}`,
    );
    this.#oneOpenAttempt(after, at);
    if (event.type === 'ticket.transitioned') this.#transition(event, before, after, at);
    if (event.type === 'landing.recorded') this.#landingRecorded(event, before, after, at);
    if (event.type === 'landing.intended' && before) this.#intended(event, before, at);
    if (event.type === 'landing.pushed' && before) this.#pushed(event, before, at);
    if (event.type === 'attempt.offered') {
      const { fence } = event.data;
      this.#report.expect(
        'I2',
        fence > this.#highestFence,
        () => `${at}: fencing token ${fence} after ${this.#highestFence}`,
      );
      this.#highestFence = Math.max(this.#highestFence, fence);
      this.#answersDelivered(event.data, before, at);
    } else if (before && 'fence' in event.data && 'attempt' in event.data) {
      this.#workerWrite(event, before, at);
    }
  }

  /** What must hold for the state that the ticket has now. */
  final(ticket: Ticket): void {
    this.#report.expect(
      'I7',
      ticket.status !== 'needs_input' || ticket.questions.some((q) => q.state !== 'withdrawn'),
      () => `${ticket.key} is needs_input without a question`,
    );
    const { landing } = ticket;
    this.#report.expect(
      'I8',
      landing === null || isOver(landing.state) || ticket.status === 'in_review',
      () => `${ticket.key} is ${ticket.status}, and its landing goes on`,
    );
    if (ticket.status === 'in_progress') {
      const newest = newestAttempt(ticket);
      this.#report.expect(
        'I11',
        newest !== null &&
          (newest.state === 'offered' || newest.state === 'running' || newest.state === 'stopping'),
        () => `${ticket.key} is in_progress and its newest attempt is ${newest?.state ?? 'absent'}`,
      );
    }
  }

  #oneOpenAttempt(ticket: Ticket, at: string): void {
    const open = ticket.attempts.filter((attempt) => attempt.state !== 'ended');
    this.#report.expect(
      'I1',
      open.length === 0 || (open.length === 1 && open[0] === newestAttempt(ticket)),
      () => `${at}: open attempts ${open.map((attempt) => attempt.number).join(', ')}`,
    );
  }

  #workerWrite(event: TicketEvent & { seq: number }, before: Ticket, at: string): void {
    const { attempt: id, fence } = event.data as { attempt: string; fence: number };
    const attempt = before.attempts.find((candidate) => candidate.id === id);
    if (!attempt) {
      this.#report.violate('I2', `${at}: ${event.type} of the unknown attempt ${id}`);
      return;
    }
    // The end of a parked attempt is the control plane's, not a worker's.
    const byWorker = event.actor.kind === 'attempt' || event.actor.kind === 'runner';
    if (!byWorker) return;
    this.#report.expect(
      'I2',
      fence === before.fence && fence === attempt.fence,
      () => `${at}: ${event.type} under fencing token ${fence}, current is ${before.fence}`,
    );
    this.#report.expect(
      'I2',
      attempt.state !== 'ended' && attempt.state !== 'parked',
      () => `${at}: ${event.type} by attempt ${attempt.number}, which is ${attempt.state}`,
    );
  }

  #transition(
    event: Extract<TicketEvent, { type: 'ticket.transitioned' }>,
    before: Ticket | null,
    after: Ticket,
    at: string,
  ): void {
    const { transition, from, to } = event.data;
    const row = transitionRow(transition);
    this.#report.expect(
      'I5',
      before?.status === from &&
        row.from.includes(from) &&
        row.to === to &&
        row.by.includes(event.actor.kind),
      () => `${at}: ${transition} from ${before?.status ?? 'nothing'} to ${to} by ${event.actor.kind}`,
    );
    if (transition === 'claim' || transition === 'resume') {
      const open = before ? openAttempt(before) : null;
      this.#report.expect(
        'I1',
        open === null || (transition === 'resume' && open.state === 'parked'),
        () => `${at}: ${transition} while attempt ${open?.number} is ${open?.state}`,
      );
    }
    if (transition === 'resume' && before) {
      this.#report.expect(
        'I12',
        openQuestions(before).length === 0,
        () => `${at}: resumed with an open question`,
      );
    }
    if (to === 'done' && before) this.#done(event, before, after, at);
  }

  #done(
    event: Extract<TicketEvent, { type: 'ticket.transitioned' }> & { seq?: number },
    before: Ticket,
    after: Ticket,
    at: string,
  ): void {
    const attempt = newestAttempt(before);
    if (!attempt || attempt.outcome !== 'submitted') {
      this.#report.violate('I6', `${at}: done without a submitted attempt`);
      return;
    }
    const policy = this.#policyAt(event.seq ?? 0, before);
    if (!policy) {
      this.#report.violate(
        'I6',
        `${at}: done, and the completion policy of project ${before.project} is unknown`,
      );
      return;
    }
    const missing = unsatisfied(before, attempt, policy, event.at);
    this.#report.expect(
      'I6',
      missing.length === 0,
      () => `${at}: done without verified ${missing.join(', ')}`,
    );
    if (event.data.transition === 'land') {
      this.#landed(before, attempt, at);
      return;
    }
    this.#report.expect(
      'I6',
      policy.onAccept === 'leave_branch' && !policy.requires.includes('deploy'),
      () => `${at}: done by ${event.data.transition}, and its policy says that it has to land`,
    );
    this.#report.expect(
      'I6',
      event.actor.id !== attempt.submittedBy,
      () => `${at}: accepted by its own worker ${event.actor.id}`,
    );
    this.#report.expect(
      'I6',
      after.decision !== null &&
        after.decision.attempt === attempt.id &&
        after.decision.evidenceHash === this.#hash(fingerprint(before, attempt)),
      () => `${at}: the decision is not bound to the evidence that stood`,
    );
  }

  /** An accept that is recorded only: everything but the deploy was there, and somebody else decided. */
  #landingRecorded(
    event: Extract<TicketEvent, { type: 'landing.recorded' }> & { seq: number },
    before: Ticket | null,
    after: Ticket,
    at: string,
  ): void {
    const attempt = before ? newestAttempt(before) : null;
    const row = transitionRow('accept');
    this.#report.expect(
      'I5',
      before?.status === 'in_review' && after.status === 'in_review' && row.by.includes(event.actor.kind),
      () => `${at}: a landing was recorded from ${before?.status ?? 'nothing'} by ${event.actor.kind}`,
    );
    if (!before || !attempt || attempt.outcome !== 'submitted' || attempt.id !== event.data.attempt) {
      this.#report.violate('I6', `${at}: a landing of something that was not submitted`);
      return;
    }
    const policy = this.#policyAt(event.seq, before);
    const missing = policy
      ? unsatisfied(before, attempt, policy, event.at).filter((kind) => kind !== 'deploy')
      : ['policy'];
    this.#report.expect(
      'I6',
      missing.length === 0,
      () => `${at}: accepted for landing without verified ${missing.join(', ')}`,
    );
    this.#report.expect(
      'I6',
      event.actor.id !== attempt.submittedBy,
      () => `${at}: accepted by its own worker ${event.actor.id}`,
    );
    this.#report.expect(
      'I6',
      event.data.decision.attempt === attempt.id &&
        event.data.decision.evidenceHash === this.#hash(fingerprint(before, attempt)),
      () => `${at}: the decision is not bound to the evidence that stood`,
    );
    this.#report.expect(
      'I8',
      before.landing === null || before.landing.attempt !== attempt.id || isOver(before.landing.state),
      () => `${at}: a second landing of one submission`,
    );
  }

  /** What is about to be pushed has passed the checks that its policy requires, as merged. */
  #intended(
    event: Extract<TicketEvent, { type: 'landing.intended' }> & { seq: number },
    before: Ticket,
    at: string,
  ): void {
    const policy = this.#policyAt(event.seq, before);
    const attempt = newestAttempt(before);
    const isWaived = before.waivers.some(
      (w) => w.attempt === attempt?.id && w.kind === 'check' && w.expiresAt > event.at,
    );
    const wanted = policy?.requires.includes('check') && !isWaived ? policy.checks : [];
    const passed = new Set(event.data.checks.map((check) => check.name));
    this.#report.expect(
      'I6',
      policy !== null && wanted.every((name) => passed.has(name)),
      () => `${at}: ${event.data.commit} is to be pushed, and was not checked as merged`,
    );
  }

  /** What was pushed was announced before, or was part of the branch already. */
  #pushed(event: Extract<TicketEvent, { type: 'landing.pushed' }>, before: Ticket, at: string): void {
    const landing = before.landing;
    this.#report.expect(
      'I6',
      landing !== null &&
        landing.id === event.data.landing &&
        !isOver(landing.state) &&
        (landing.state !== 'pushing' ||
          landing.intents.some((intent) => intent.commit === event.data.commit)),
      () => `${at}: ${event.data.commit} was pushed without having been announced`,
    );
  }

  #landed(before: Ticket, attempt: Attempt, at: string): void {
    const { landing, decision } = before;
    this.#report.expect(
      'I6',
      landing !== null && landing.attempt === attempt.id && landing.result !== null && !isOver(landing.state),
      () => `${at}: done by land, and nothing of its submission has landed`,
    );
    this.#report.expect(
      'I6',
      decision !== null && decision.attempt === attempt.id && decision.by !== attempt.submittedBy,
      () => `${at}: landed without a decision of another than its worker`,
    );
  }

  #answersDelivered(
    offered: Extract<TicketEvent, { type: 'attempt.offered' }>['data'],
    before: Ticket | null,
    at: string,
  ): void {
    if (!before) return;
    for (const question of before.questions) {
      if (question.state !== 'answered') continue;
      const due = offered.resumed
        ? question.attempt === offered.attempt && question.deliveredTo.length === 0
        : offered.kind === 'agent';
      if (!due) continue;
      this.#report.expect(
        'I12',
        offered.answers.includes(question.id),
        () => `${at}: the answer to ${question.id} is not in what goes on`,
      );
    }
  }
}

function isOver(state: string): boolean {
  return state === 'landed' || state === 'ended' || state === 'withdrawn';
}

/** Written anew here on purpose: the completion room's own function is what this checks. */
function unsatisfied(ticket: Ticket, attempt: Attempt, policy: Completion, at: number): string[] {
  const waived = new Set(
    ticket.waivers.filter((w) => w.attempt === attempt.id && w.expiresAt > at).map((w) => w.kind),
  );
  return policy.requires.filter((kind) => {
    if (kind === 'review' || waived.has(kind)) return false;
    const evidence = evidenceOf(ticket, attempt.id).filter((e) => e.kind === kind && e.required);
    if (evidence.length === 0) return !(kind === 'check' && policy.checks.length === 0);
    if (evidence.some((e) => e.state !== 'verified')) return true;
    return kind === 'check' && policy.checks.some((name) => !evidence.some((e) => e.claim['name'] === name));
  });
}

function fingerprint(ticket: Ticket, attempt: Attempt): string {
  const evidence = evidenceOf(ticket, attempt.id);
  const commit = evidence.find((e) => e.kind === 'commit')?.claim['commit'];
  const lines = evidence.map((e) => `${e.id} ${e.kind} ${e.state} ${JSON.stringify(e.claim)}`).sort();
  return [attempt.id, typeof commit === 'string' ? commit : (attempt.head ?? ''), ...lines].join('\n');
}
