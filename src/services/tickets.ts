/** What people and the orchestrator do with tickets: create, edit, comment, move, answer, waive. */
import type { Campaign, Profile, Project } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import { decideComment, decideCreate, decideEdit, decideWaiver } from '../domain/ticket/decide-fields.ts';
import {
  type AnswerCommand,
  decideAnswer,
  decideCancel,
  decideDefer,
  decideHandIn,
  decideReady,
  decideReopen,
} from '../domain/ticket/decide-people.ts';
import { decideAcceptWork, decideRequestChanges } from '../domain/ticket/decide-review.ts';
import type { Claim } from '../domain/ticket/decide-signal.ts';
import { effectiveCompletion } from '../domain/ticket/completion.ts';
import { evolveTicket } from '../domain/ticket/evolve.ts';
import type { ReviewComment } from '../domain/ticket/review-comments.ts';
import { type Ticket, type TicketFields } from '../domain/ticket/state.ts';
import { transitionRow } from '../domain/ticket/transitions.ts';
import type { EvidenceKind, Transition } from '../domain/words.ts';
import type { Guard, Row, StreamAppend } from '../store/port.ts';
import { type ChangeOptions, type TicketChanged, changeTicket } from './change-ticket.ts';
import { AlreadyAnswered, type Caller, type Deps, type Respond, notFound } from './deps.ts';
import { checkCompletion } from './projects.ts';

export async function createTicket(
  deps: Deps,
  caller: Caller,
  input: NewTicket,
  options: {
    respond?: Respond<TicketChanged> | undefined;
    /** Further streams that belong to the same commit; when one of them has moved, nothing is created. */
    also?: (key: string, now: number) => { appends: readonly StreamAppend[]; rows: readonly Row[] };
  } = {},
): Promise<TicketChanged | Refusal> {
  const { store } = deps;
  const { respond, also } = options;
  const project = await checkNewTicket(deps, caller, input);
  if (isRefusal(project)) return project;
  for (;;) {
    const number = await store.nextNumber(`ticket:${input.project}`);
    const key = `${input.project}-${number}`;
    const now = await store.now();
    const events = decideCreate(
      { key, project: input.project, number, status: input.status, ...input.fields },
      { actor: caller.actor, now },
    );
    const ticket = events.reduce<Ticket | null>((state, event) => evolveTicket(state, event), null);
    if (!ticket) throw new Error('a created ticket has a state');
    const changed: TicketChanged = { ticket, before: ticket, events, project };
    const more = also?.(key, now);
    const result = await store.commit({
      appends: [
        { stream: `ticket:${key}`, expected: 0, events, ticket: key, project: input.project },
        ...(more?.appends ?? []),
      ],
      rows: [
        { row: 'ticket', state: ticket, before: null, streamVersion: events.length, toVerify: false },
        ...(more?.rows ?? []),
      ],
      ...(caller.idempotency && respond
        ? { idempotency: { ...caller.idempotency, answer: await respond(changed), at: now } }
        : {}),
    });
    if (result.committed) return changed;
    if (result.conflict.kind === 'idempotency') throw new AlreadyAnswered();
    if (more && result.conflict.kind === 'stream' && result.conflict.stream !== `ticket:${key}`) {
      return refuse('version_conflict', `${result.conflict.stream} has changed meanwhile.`, {
        reason: 'stream',
      });
    }
  }
}

export interface NewTicket {
  project: string;
  status: 'backlog' | 'todo';
  fields: TicketFields;
}

/** The project of a ticket that could be created like this, or why it could not. */
export async function checkNewTicket(
  deps: Deps,
  caller: Caller,
  input: Pick<NewTicket, 'project' | 'fields'>,
): Promise<Project | Refusal> {
  const project = await deps.store.document<Project>('project', input.project);
  if (!project) return unknownReference('project', `There is no project ${input.project}.`);
  return (
    checkOwnCompletion(caller, project, input.fields) ??
    (await checkReferences(deps, input.fields)) ??
    project
  );
}

export async function editTicket(
  deps: Deps,
  caller: Caller,
  key: string,
  set: Partial<TicketFields>,
  options: ChangeOptions,
): Promise<TicketChanged | Refusal> {
  for (;;) {
    const wrong = await checkReferences(deps, set);
    if (wrong) return wrong;
    const guards = await checkCycle(deps, key, set.blockedBy ?? []);
    if (isRefusal(guards)) return guards;
    const result = await changeTicket(
      deps,
      caller,
      key,
      (ticket, context, project) =>
        (project && checkOwnCompletion(caller, project, set)) ?? decideEdit(ticket, set, context),
      { ...options, guards },
    );
    // Another dependency was made meanwhile: only what is looked at again can be known to be free of cycles.
    if (isRefusal(result) && result.reason === 'ticket_version') continue;
    return result;
  }
}

/** A ticket's own completion policy has to be one that its project can satisfy; setting one is for people. */
function checkOwnCompletion(caller: Caller, project: Project, fields: Partial<TicketFields>): Refusal | null {
  if (fields.completion === undefined || fields.completion === null) return null;
  if (caller.actor.kind === 'orchestrator') {
    return refuse('actor_not_allowed', 'What makes a ticket done is set by people, not by the orchestrator.');
  }
  return checkCompletion(project, effectiveCompletion(project.completion, fields.completion));
}

export function commentTicket(deps: Deps, caller: Caller, key: string, text: string, options: ChangeOptions) {
  return changeTicket(deps, caller, key, (ticket, context) => decideComment(ticket, text, context), options);
}

export interface TransitionInput {
  transition: Transition;
  reason?: string | undefined;
  feedback?: string | undefined;
  comments?: ReviewComment[] | undefined;
  summary?: string | undefined;
  commit?: string | undefined;
  evidence?: Claim[] | undefined;
}

export async function transitionTicket(
  deps: Deps,
  caller: Caller,
  key: string,
  input: TransitionInput,
  options: ChangeOptions,
): Promise<TicketChanged | Refusal> {
  const row = transitionRow(input.transition);
  if (!row.by.includes(caller.actor.kind)) {
    return refuse(
      'actor_not_allowed',
      `${input.transition} is made by ${row.by.join(', ')}, and this is ${caller.actor.kind}.`,
    );
  }
  const [fenceFloor, profiles] = await Promise.all([
    deps.store.fenceFloor(),
    deps.store.documents<Profile>('profile'),
  ]);
  const profileIds = new Set(profiles.map((profile) => profile.id));
  return changeTicket(
    deps,
    caller,
    key,
    (ticket, context) => {
      switch (input.transition) {
        case 'ready':
          return decideReady(ticket, context);
        case 'defer':
          return decideDefer(ticket, input.reason, context);
        case 'cancel':
          return decideCancel(ticket, input.reason, context);
        case 'reopen':
          return decideReopen(ticket, input.reason, context);
        case 'accept':
          return decideAcceptWork(
            ticket,
            input.reason === undefined ? {} : { reason: input.reason },
            context,
          );
        case 'request_changes': {
          const feedback = input.feedback ?? input.reason ?? '';
          const comments = input.comments ?? [];
          if (feedback.trim() === '' && comments.length === 0) {
            return refuse(
              'invalid_request',
              'Say what has to change: the next attempt gets it as its feedback.',
              {
                errors: [{ path: 'feedback', message: 'must not be empty' }],
              },
            );
          }
          return decideRequestChanges(ticket, { feedback, comments }, context);
        }
        case 'hand_in':
          if (input.summary === undefined || input.summary.trim() === '') {
            return refuse('invalid_request', 'Say in a summary what was done.', {
              errors: [{ path: 'summary', message: 'must not be empty' }],
            });
          }
          return decideHandIn(
            ticket,
            {
              summary: input.summary,
              commit: input.commit ?? null,
              evidence: input.evidence ?? [],
              assigneeIsPerson: ticket.assignee !== null && !profileIds.has(ticket.assignee),
              fenceFloor,
            },
            context,
          );
        case 'claim':
        case 'ask':
        case 'resume':
        case 'submit':
        case 'land':
        case 'release':
        case 'exhaust':
          return refuse('actor_not_allowed', `${input.transition} is never made from outside.`);
      }
    },
    { ...options, reason: input.reason ?? input.feedback },
  );
}

export async function answerQuestion(
  deps: Deps,
  caller: Caller,
  key: string,
  command: AnswerCommand,
  options: ChangeOptions,
): Promise<TicketChanged | Refusal> {
  if (command.profile !== undefined) {
    const wrong = await checkReferences(deps, { profile: command.profile });
    if (wrong) return wrong;
  }
  return changeTicket(deps, caller, key, (ticket, context) => decideAnswer(ticket, command, context), {
    via: 'answer',
    ...options,
  });
}

export function grantWaiver(
  deps: Deps,
  caller: Caller,
  key: string,
  command: { kind: EvidenceKind; reason: string; expiresAt: number },
  options: ChangeOptions,
) {
  return changeTicket(
    deps,
    caller,
    key,
    (ticket, context) => decideWaiver(ticket, command, context),
    options,
  );
}

/** Profile, campaign and blockers have to exist. */
async function checkReferences(deps: Deps, fields: Partial<TicketFields>): Promise<Refusal | null> {
  const { store } = deps;
  if (
    fields.profile !== undefined &&
    fields.profile !== null &&
    !(await store.document<Profile>('profile', fields.profile))
  ) {
    return unknownReference('profile', `There is no profile ${fields.profile}.`);
  }
  if (
    fields.campaign !== undefined &&
    fields.campaign !== null &&
    !(await store.document<Campaign>('campaign', fields.campaign))
  ) {
    return unknownReference('campaign', `There is no campaign ${fields.campaign}.`);
  }
  if (fields.blockedBy !== undefined && fields.blockedBy.length > 0) {
    const found = await store.ticketStatuses(fields.blockedBy);
    const missing = fields.blockedBy.find((blocker) => !found.has(blocker));
    if (missing) return unknownReference('blockedBy', `There is no ticket ${missing}.`);
  }
  return null;
}

function unknownReference(path: string, detail: string): Refusal {
  return refuse('reference_not_found', detail, { errors: [{ path, message: detail }] });
}

/** Walks what the blockers wait for: a cycle is refused; else the commit is held to what was walked. */
async function checkCycle(deps: Deps, key: string, blockers: readonly string[]): Promise<Guard[] | Refusal> {
  const cameFrom = new Map<string, string>(blockers.map((blocker) => [blocker, key]));
  const guards: Guard[] = [];
  const queue = [...blockers];
  for (let current = queue.shift(); current !== undefined; current = queue.shift()) {
    if (current === key) {
      const path = [key];
      for (let at = cameFrom.get(key); at !== undefined && at !== key; at = cameFrom.get(at))
        path.unshift(at);
      return refuse('dependency_cycle', `${key} would wait for itself: ${[key, ...path].join(' ← ')}.`, {
        errors: [{ path: 'blockedBy', message: `leads back to ${key}` }],
      });
    }
    const record = await deps.store.ticket(current);
    if (!record) continue;
    guards.push({ guard: 'ticket_version', ticket: current, version: record.state.version });
    for (const next of record.state.blockedBy) {
      if (!cameFrom.has(next)) {
        cameFrom.set(next, current);
        queue.push(next);
      }
    }
  }
  return guards;
}

export async function loadTicket(deps: Deps, key: string): Promise<Ticket | Refusal> {
  const record = await deps.store.ticket(key);
  return record ? record.state : notFound('ticket', key);
}
