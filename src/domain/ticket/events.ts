/**
 * What can have happened to a ticket: past tense, JSON, and enough that `evolve` needs nothing else.
 * The names are those that the event stream shows to the outside.
 */
import type {
  Actor,
  EvidenceKind,
  LandingCause,
  OnAccept,
  Outcome,
  QuestionKind,
  TicketStatus,
  Transition,
} from '../words.ts';
import type { ReviewComment } from './review-comments.ts';
import type { Cost, LandingCheck, TicketFields } from './state.ts';

export interface TransitionedData {
  transition: Transition;
  from: TicketStatus;
  to: TicketStatus;
  attempt?: string;
  reason?: string;
  feedback?: string;
  /** Of a review at lines of the diff: its own words, and what stands at which line; `feedback` renders both. */
  review?: { summary: string; comments: ReviewComment[] };
  notBefore?: number | null;
  /** True when this transition spends a retry. */
  retrySpent?: boolean;
  /** True when it starts the count of retries anew. */
  retriesReset?: boolean;
  /** True when it begins a new round of recurring work: what earlier attempts did and heard is over. */
  newRound?: boolean;
  /** The epoch of the dispatch lease under which a claim or resume was made. */
  epoch?: number;
  /** What an accept decided on. */
  decision?: { attempt: string; commit: string | null; evidenceHash: string };
}

export interface TicketEventData {
  'ticket.created': TicketFields & {
    key: string;
    project: string;
    number: number;
    status: 'backlog' | 'todo';
    createdBy: string;
  };
  'ticket.changed': { set: Partial<TicketFields> };
  'ticket.commented': { text: string; attempt?: string };
  'ticket.transitioned': TransitionedData;
  'attempt.offered': {
    attempt: string;
    number: number;
    kind: 'agent' | 'person';
    profile: string | null;
    runner: string | null;
    fence: number;
    branch: string | null;
    startAt: string | null;
    continues: string | null;
    resumed: boolean;
    /** The questions whose answers go into this prompt or session. */
    answers: string[];
    epoch: number;
    /** The campaign and project whose limits it counts against. */
    campaign: string | null;
  };
  'attempt.started': { attempt: string; fence: number; base: string | null; branch: string | null };
  'attempt.progressed': { attempt: string; fence: number; text: string; percent: number | null };
  'attempt.stopping': {
    attempt: string;
    fence: number;
    to: 'parked' | 'ended';
    outcome: Outcome | null;
    reason: string | null;
    session?: string | null;
    summary?: string;
    head?: string | null;
    exitCode?: number | null;
    submittedBy?: string;
  };
  'attempt.parked': { attempt: string; fence: number; session: string | null; cost?: Cost };
  'attempt.ended': {
    attempt: string;
    fence: number;
    outcome: Outcome;
    reason: string | null;
    head?: string | null;
    exitCode?: number | null;
    session?: string | null;
    cost?: Cost;
    summary?: string;
    submittedBy?: string;
  };
  'question.opened': {
    question: string;
    kind: QuestionKind;
    text: string;
    context: string | null;
    choices: { id: string; label: string }[];
    attempt: string | null;
  };
  'question.answered': { question: string; answer: string; choice: string | null; by: string };
  'question.withdrawn': { question: string; reason: string };
  'evidence.claimed': {
    evidence: string;
    attempt: string;
    kind: EvidenceKind;
    claim: Record<string, unknown>;
    required: boolean;
  };
  'evidence.required': { evidence: string };
  'evidence.verified': {
    evidence: string;
    reason: string | null;
    details: Record<string, unknown>;
    claim?: Record<string, unknown>;
  };
  'evidence.refuted': { evidence: string; reason: string; details: Record<string, unknown> };
  'evidence.unverifiable': {
    evidence: string;
    reason: string;
    details: Record<string, unknown>;
    tries: number;
    givenUp: boolean;
    retryAt: number | null;
  };
  'evidence.reverifying': { evidence: string };
  'waiver.granted': {
    waiver: string;
    attempt: string;
    kind: EvidenceKind;
    reason: string;
    by: string;
    expiresAt: number;
  };
  /** An accept where something has to land: recorded, and the ticket stays in review until it has landed. */
  'landing.recorded': {
    landing: string;
    attempt: string;
    mode: OnAccept;
    commit: string;
    decision: { attempt: string; commit: string | null; evidenceHash: string };
    reason: string | null;
  };
  'landing.started': { landing: string; runner: string };
  /** The push that comes next; nothing is pushed unless this was written before. */
  'landing.intended': {
    landing: string;
    commit: string;
    onto: string;
    branch: string;
    checks: LandingCheck[];
    runner: string;
    fence: number;
  };
  'landing.pushed': { landing: string; commit: string; waitsFor: 'merge' | 'deploy' | null };
  'landing.merged': { landing: string; commit: string; waitsFor: 'deploy' | null };
  /** What it waits for has something new to say. */
  'landing.waited': { landing: string; reason: string };
  'landing.requeued': {
    landing: string;
    reason: string;
    tries: number;
    retryAt: number | null;
    /** The announced push may have arrived: somebody has to look before anything else. */
    unknown: boolean;
  };
  'landing.ended': { landing: string; cause: LandingCause; reason: string };
  'landing.retried': { landing: string; reason: string };
  'landing.withdrawn': { landing: string; reason: string };
}

export type TicketEventType = keyof TicketEventData;

export type TicketEvent = {
  [T in TicketEventType]: { type: T; actor: Actor; at: number; data: TicketEventData[T] };
}[TicketEventType];

export function ticketEvent<T extends TicketEventType>(
  type: T,
  actor: Actor,
  at: number,
  data: TicketEventData[T],
): TicketEvent {
  return { type, actor, at, data } as TicketEvent;
}

/** Events that change nothing which somebody could have decided on: they never raise the ticket's version. */
export const VERSIONLESS: ReadonlySet<string> = new Set(['ticket.commented', 'attempt.progressed']);
