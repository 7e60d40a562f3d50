/** Folds an event into a ticket's state. Thin: every decision was made before the event was written. */
import type { TicketEvent, TransitionedData } from './events.ts';
import { VERSIONLESS } from './events.ts';
import { evolveLanding } from './evolve-landing.ts';
import type { Attempt, Evidence, Question, Ticket } from './state.ts';

export function evolveTicket(state: Ticket | null, event: TicketEvent): Ticket {
  if (event.type === 'ticket.created') {
    if (state) throw new Error(`ticket ${state.key} was created twice`);
    const { key, project, number, status, createdBy, ...fields } = event.data;
    return {
      ...fields,
      key,
      project,
      number,
      status,
      createdBy,
      version: 1,
      fence: 0,
      statusSince: event.at,
      createdAt: event.at,
      updatedAt: event.at,
      retriesSpent: 0,
      freeReleases: 0,
      earlierRounds: 0,
      attempts: [],
      questions: [],
      evidence: [],
      waivers: [],
      feedback: [],
      decision: null,
      landing: null,
    };
  }
  if (!state) throw new Error(`${event.type} before ticket.created`);
  const applied = apply(state, event);
  // Nobody else has seen a new state yet: copying it again would be most of an event's cost.
  const next = applied === state ? { ...state } : applied;
  next.updatedAt = event.at;
  if (!VERSIONLESS.has(event.type)) next.version = state.version + 1;
  return next;
}

function apply(state: Ticket, event: Exclude<TicketEvent, { type: 'ticket.created' }>): Ticket {
  const { at } = event;
  switch (event.type) {
    case 'ticket.changed':
      return { ...state, ...event.data.set };
    case 'ticket.commented':
      return state;
    case 'ticket.transitioned':
      return applyTransition(state, event.data, event.actor.id, at);
    case 'attempt.offered': {
      const d = event.data;
      const questions = state.questions.map((q) =>
        d.answers.includes(q.id) ? { ...q, deliveredTo: [...q.deliveredTo, `${d.attempt}#${d.fence}`] } : q,
      );
      if (d.resumed) {
        const attempts = change(state.attempts, d.attempt, (a) => ({
          ...a,
          state: 'offered' as const,
          fence: d.fence,
          runner: d.runner,
          parkedAt: null,
          offeredAt: at,
        }));
        return { ...state, questions, fence: d.fence, attempts };
      }
      const attempt: Attempt = {
        id: d.attempt,
        kind: d.kind,
        number: d.number,
        profile: d.profile,
        runner: d.runner,
        state: 'offered',
        outcome: null,
        reason: null,
        stoppingTo: null,
        fence: d.fence,
        branch: d.branch,
        base: null,
        head: null,
        session: null,
        summary: null,
        exitCode: null,
        cost: { usd: 0, inputTokens: 0, outputTokens: 0 },
        lastProgress: null,
        startAt: d.startAt,
        continues: d.continues,
        submittedBy: null,
        offeredAt: at,
        startedAt: null,
        parkedAt: null,
        endedAt: null,
      };
      return { ...state, questions, fence: d.fence, attempts: [...state.attempts, attempt] };
    }
    case 'attempt.started': {
      const d = event.data;
      return withAttempt(state, d.attempt, (a) => ({
        ...a,
        state: 'running',
        base: a.base ?? d.base,
        branch: d.branch ?? a.branch,
        startedAt: a.startedAt ?? at,
      }));
    }
    case 'attempt.progressed': {
      const d = event.data;
      return withAttempt(state, d.attempt, (a) => ({
        ...a,
        lastProgress: { text: d.text, percent: d.percent, at },
      }));
    }
    case 'attempt.stopping': {
      const d = event.data;
      return withAttempt(state, d.attempt, (a) => ({
        ...a,
        state: 'stopping',
        stoppingTo: d.to,
        outcome: d.outcome,
        reason: d.reason,
        session: d.session ?? a.session,
        summary: d.summary ?? a.summary,
        head: d.head ?? a.head,
        exitCode: d.exitCode ?? a.exitCode,
        submittedBy: d.submittedBy ?? a.submittedBy,
      }));
    }
    case 'attempt.parked': {
      const d = event.data;
      return withAttempt(state, d.attempt, (a) => ({
        ...a,
        state: 'parked',
        stoppingTo: null,
        session: d.session ?? a.session,
        cost: d.cost ?? a.cost,
        parkedAt: at,
      }));
    }
    case 'attempt.ended':
      return applyEnded(state, event.data, at);
    case 'question.opened': {
      const d = event.data;
      const question: Question = {
        id: d.question,
        kind: d.kind,
        text: d.text,
        context: d.context,
        choices: d.choices,
        state: 'open',
        answer: null,
        choice: null,
        answeredBy: null,
        attempt: d.attempt,
        askedAt: at,
        answeredAt: null,
        deliveredTo: [],
      };
      return { ...state, questions: [...state.questions, question] };
    }
    case 'question.answered': {
      const d = event.data;
      const exhausted = state.questions.some((q) => q.id === d.question && q.kind === 'attempts_exhausted');
      // An answered exhaustion starts the count of retries anew.
      const counted = exhausted ? { ...state, retriesSpent: 0, freeReleases: 0 } : state;
      return withQuestion(counted, d.question, (q) => ({
        ...q,
        state: 'answered',
        answer: d.answer,
        choice: d.choice,
        answeredBy: d.by,
        answeredAt: at,
      }));
    }
    case 'question.withdrawn':
      return withQuestion(state, event.data.question, (q) => ({ ...q, state: 'withdrawn', answeredAt: at }));
    case 'evidence.claimed': {
      const d = event.data;
      const evidence: Evidence = {
        id: d.evidence,
        attempt: d.attempt,
        kind: d.kind,
        claim: d.claim,
        state: 'unverified',
        reason: null,
        verifiedAt: null,
        required: d.required,
        tries: 0,
        givenUp: false,
        retryAt: null,
        reverify: false,
        details: {},
      };
      return { ...state, evidence: [...state.evidence, evidence] };
    }
    case 'evidence.required':
      return withEvidence(state, event.data.evidence, (e) => ({ ...e, required: true }));
    case 'evidence.verified': {
      const d = event.data;
      return withEvidence(state, d.evidence, (e) => ({
        ...e,
        state: 'verified',
        reason: d.reason,
        details: d.details,
        claim: d.claim ?? e.claim,
        verifiedAt: at,
        givenUp: false,
        retryAt: null,
        reverify: false,
      }));
    }
    case 'evidence.refuted': {
      const d = event.data;
      return withEvidence(state, d.evidence, (e) => ({
        ...e,
        state: 'refuted',
        reason: d.reason,
        details: d.details,
        verifiedAt: at,
        givenUp: false,
        retryAt: null,
        reverify: false,
      }));
    }
    case 'evidence.unverifiable': {
      const d = event.data;
      return withEvidence(state, d.evidence, (e) => ({
        ...e,
        // Another look that could not be taken leaves what was found before.
        state: e.reverify ? e.state : 'unverified',
        reason: d.reason,
        details: d.details,
        tries: d.tries,
        givenUp: d.givenUp,
        retryAt: d.retryAt,
        reverify: false,
      }));
    }
    case 'evidence.reverifying':
      return withEvidence(state, event.data.evidence, (e) => ({
        ...e,
        tries: 0,
        givenUp: false,
        retryAt: null,
        reverify: true,
      }));
    case 'waiver.granted': {
      const { waiver, ...rest } = event.data;
      return { ...state, waivers: [...state.waivers, { id: waiver, ...rest, createdAt: at }] };
    }
    case 'landing.recorded':
      return {
        ...state,
        landing: evolveLanding(state.landing, event),
        decision: { ...event.data.decision, by: event.actor.id, at },
      };
    case 'landing.started':
    case 'landing.intended':
    case 'landing.pushed':
    case 'landing.merged':
    case 'landing.waited':
    case 'landing.requeued':
    case 'landing.ended':
    case 'landing.retried':
    case 'landing.withdrawn':
      return { ...state, landing: evolveLanding(state.landing, event) };
  }
}

function applyTransition(state: Ticket, d: TransitionedData, by: string, at: number): Ticket {
  const next: Ticket = { ...state, status: d.to, statusSince: at };
  if (d.notBefore !== undefined) next.notBefore = d.notBefore;
  if (d.retriesReset) {
    next.retriesSpent = 0;
    next.freeReleases = 0;
  }
  if (d.newRound) {
    next.earlierRounds = state.attempts.at(-1)?.number ?? 0;
    next.feedback = [];
  }
  if (d.retrySpent) {
    next.retriesSpent = state.retriesSpent + 1;
    next.freeReleases = 0;
  } else if (d.transition === 'release') {
    next.freeReleases = state.freeReleases + 1;
  }
  if (d.feedback !== undefined) {
    next.feedback = [...state.feedback, { attempt: d.attempt ?? null, text: d.feedback, by, at }];
  }
  if (d.decision) next.decision = { ...d.decision, by, at };
  if (d.transition === 'reopen' || d.transition === 'request_changes') next.decision = null;
  if (d.transition === 'land' && state.landing)
    next.landing = { ...state.landing, state: 'landed', reason: null };
  return next;
}

function applyEnded(
  state: Ticket,
  d: Extract<TicketEvent, { type: 'attempt.ended' }>['data'],
  at: number,
): Ticket {
  const next = withAttempt(state, d.attempt, (a) => ({
    ...a,
    state: 'ended',
    stoppingTo: null,
    outcome: d.outcome,
    reason: d.reason,
    head: d.head ?? a.head,
    exitCode: d.exitCode ?? a.exitCode,
    session: d.session ?? a.session,
    cost: d.cost ?? a.cost,
    summary: d.summary ?? a.summary,
    submittedBy: d.submittedBy ?? a.submittedBy,
    endedAt: at,
  }));
  if (d.outcome !== 'submitted') return next;
  // A submit without a commit stands for the head that the runner reports at the end.
  const head = next.attempts.find((a) => a.id === d.attempt)?.head ?? null;
  if (head === null) return next;
  return {
    ...next,
    evidence: next.evidence.map((e) =>
      e.attempt === d.attempt && e.kind === 'commit' && (e.claim['commit'] ?? null) === null
        ? { ...e, claim: { ...e.claim, commit: head } }
        : e,
    ),
  };
}

function change<T extends { id: string }>(list: T[], id: string, map: (item: T) => T): T[] {
  let found = false;
  const next = list.map((item) => {
    if (item.id !== id) return item;
    found = true;
    return map(item);
  });
  if (!found) throw new Error(`an event names ${id}, which its ticket does not have`);
  return next;
}

const withAttempt = (state: Ticket, id: string, map: (attempt: Attempt) => Attempt): Ticket => ({
  ...state,
  attempts: change(state.attempts, id, map),
});
const withQuestion = (state: Ticket, id: string, map: (question: Question) => Question): Ticket => ({
  ...state,
  questions: change(state.questions, id, map),
});
const withEvidence = (state: Ticket, id: string, map: (evidence: Evidence) => Evidence): Ticket => ({
  ...state,
  evidence: change(state.evidence, id, map),
});
