/**
 * `mctl show KEY`: one ticket on one screen, in the order in which a person asks: what is it, how does it stand and
 * whose turn is it, why isn't it running, what is asked of me, what was tried, and what of it is proven.
 */
import type { Command } from 'commander';
import type { Attempt, Comment, Event, Page, Question, Ticket } from '../../../contract/shapes.ts';
import { runs, type Context, type Io } from '../../context.ts';
import { ticketKey } from '../../references.ts';
import { durationOf, spanOf } from '../../terminal/age.ts';
import { join, line, Safe, text } from '../../terminal/safe-text.ts';
import { wordColumn } from '../../terminal/table.ts';
import { printConversation } from './print-conversation.ts';
import { printEvidence } from './print-evidence.ts';

interface ShowOptions {
  activity?: boolean;
}

export function defineShow(parent: Command, io: Io): void {
  const command = parent
    .command('show')
    .description('show one ticket: state, next action, questions, attempts, evidence')
    .argument('<key>', 'the ticket, like MC-12')
    .option('--activity', 'everything that happened, with who and when');
  runs<ShowOptions>(command, io, async (context, options, given) => {
    const key = ticketKey(given);
    const ticket = await context.api.get<Ticket>(`/tickets/${key}`);
    if (context.json) return context.printJson(ticket);
    const [attempts, comments, events] = await Promise.all([
      context.api.list<Attempt>(`/tickets/${key}/attempts`),
      context.api.list<Comment>(`/tickets/${key}/comments`, {}, 10_000),
      options.activity === true
        ? context.api.list<Event>(`/tickets/${key}/activity`, {}, 10_000)
        : ({ items: [], nextCursor: null } satisfies Page<Event>),
    ]);
    printTicket(context, ticket, attempts.items);
    printConversation(context, key, comments.items, attempts.items);
    printEvents(context, events.items);
  });
}

export function printTicket(context: Context, ticket: Ticket, attempts: Attempt[]): void {
  printHead(context, ticket);
  if (ticket.description.trim() !== '') {
    context.heading('Description');
    context.printBlock(ticket.description);
  }
  if (ticket.acceptanceCriteria.length > 0) {
    context.heading('Acceptance criteria');
    ticket.acceptanceCriteria.forEach((criterion, index) => context.printBlock(`${index + 1}. ${criterion}`));
  }
  if (ticket.feedback !== null && ticket.feedback.trim() !== '') {
    context.heading(ticket.status === 'todo' ? 'Feedback for the next attempt' : 'Feedback, the latest');
    context.printExcerpt(ticket.feedback, { indent: 2, lines: 8, rest: `mctl comment ${ticket.key}` });
  }
  printWhy(context, ticket);
  printQuestions(context, ticket);
  printAttempts(context, attempts);
  printEvidence(context, ticket, attempts);
}

function printHead(context: Context, ticket: Ticket): void {
  const { style } = context;
  context.print(style.bold(ticket.key), style.bold(ticket.title), line(''));
  const facts: [string, Safe][] = [
    ['State', context.word(ticket.status)],
    ['Next Action', line(ticket.nextAction.text)],
    ['Owner', line(ticket.owner ?? 'nobody')],
    ['Runtime', context.word(ticket.runtime)],
    ['Age', line(`${spanOf(ticket.age)}`)],
  ];
  context.print(
    join(
      facts.map(([name, value]) => text`${style.dim(name)} ${value}`),
      '   ',
    ),
  );
  // The server's sentence names the profile already where one is resolved.
  context.print(line(ticket.sentence));
  const progress = ticket.attempt?.lastProgress;
  if (progress && ticket.status === 'in_progress') {
    const percent = progress.percent === null ? '' : ` (${Math.round(progress.percent)} %)`;
    context.print(text`${style.cyan('▸')} ${progress.text}${percent} ${style.dim(context.age(progress.at))}`);
  }
  context.print(line(''));
  const { completion } = ticket;
  context.printCard([
    ['Project', ticket.project],
    ['Campaign', ticket.campaign],
    ['Priority', ticket.priority],
    ['Assignee', ticket.assignee],
    ['Labels', ticket.labels.join(', ')],
    ['Blocked by', ticket.blockedBy.join(', ')],
    ['Not before', notBeforeText(context, ticket.notBefore)],
    ['Budget', budgetText(ticket.budget)],
    [
      'Done when',
      `${completion.requires.join(', ')} ${completion.requires.length === 1 ? 'is' : 'are'} verified${
        completion.checks.length > 0 ? ` (${completion.checks.join(', ')})` : ''
      }, decided by ${completion.decidedBy}`,
    ],
    ['Landing', ticket.landing && landingText(ticket.landing)],
    ['Version', ticket.version],
    ['You may', ticket.allowedTransitions.join(', ')],
  ]);
}

function landingText({
  state,
  mode,
  commit,
  branch,
  checks,
  reason,
}: NonNullable<Ticket['landing']>): string {
  const words = [
    `${state.replaceAll('_', ' ')} (${mode.replaceAll('_', ' ')})`,
    commit?.slice(0, 12) ?? '',
    state === 'awaiting_merge' && branch !== null ? `branch ${branch}` : '',
    checks.length > 0 ? `passed as merged: ${checks.map((check) => check.name).join(', ')}` : '',
    reason?.split('\n')[0] ?? '',
  ];
  return words.filter((word) => word !== '').join(' · ');
}

/** A moment that has passed keeps nothing from starting. */
function notBeforeText(context: Context, notBefore: string | null): string {
  if (notBefore === null || Date.parse(notBefore) <= context.io.now()) return '';
  return `${notBefore} (${context.age(notBefore)})`;
}

function budgetText(budget: Ticket['budget']): string {
  if (budget === null) return '';
  const parts = [
    ...(budget.usd === undefined ? [] : [`$${budget.usd}`]),
    ...(budget.tokens === undefined ? [] : [`${budget.tokens} tokens`]),
  ];
  return parts.join(', ');
}

function printWhy(context: Context, ticket: Ticket): void {
  const why = ticket.whyNotRunning;
  if (why === null) return;
  context.heading('Why it isn’t running');
  context.print(
    text`  ${context.style.yellow(why.code)} ${why.detail} ${context.style.dim(context.age(why.at))}`,
  );
}

function printQuestions(context: Context, ticket: Ticket): void {
  const shown = ticket.questions.filter((question) => question.state !== 'withdrawn');
  if (shown.length === 0) return;
  context.heading('Questions');
  for (const question of shown) printQuestion(context, ticket.key, question);
}

function printQuestion(context: Context, key: string, question: Question): void {
  const { style } = context;
  const isOpen = question.state === 'open';
  context.print(
    text`  ${isOpen ? style.yellow('?') : style.green('✓')} ${style.dim(question.kind.replaceAll('_', ' '))} ${style.dim(context.age(question.askedAt))}`,
  );
  context.printBlock(question.text, 4);
  if (question.context !== null) context.printBlock(question.context, 4);
  if (isOpen) {
    question.choices.forEach((choice, index) => context.print(text`    ${index + 1}) ${choice.label}`));
    context.print(text`    ${style.dim(`Answer it: ${howToAnswer(key, question)}`)}`);
  } else {
    context.printBlock(`→ ${question.answer ?? ''} (${question.answeredBy ?? 'somebody'})`, 4);
  }
}

function howToAnswer(key: string, question: Question): string {
  if (question.kind === 'attempts_exhausted') {
    return `mctl inbox act ${key} retry --reason "…" (another one may do it: --profile ID)`;
  }
  return `mctl answer ${key} ${question.choices.length > 0 ? '--choice 1' : '"your answer"'}`;
}

function printAttempts(context: Context, attempts: Attempt[]): void {
  if (attempts.length === 0) return;
  context.heading('Attempts');
  context.printTable(
    attempts,
    [
      { title: '  #', value: (attempt) => attempt.number, align: 'right' },
      wordColumn(context, 'State', (attempt) => attempt.outcome ?? attempt.state),
      { title: 'Profile', value: (attempt) => attempt.profile ?? attempt.kind },
      { title: 'Started', value: (attempt) => context.age(attempt.startedAt ?? attempt.offeredAt) },
      { title: 'Took', value: (attempt) => tookOf(attempt, context.io.now()), align: 'right' },
      { title: 'Cost', value: (attempt) => costOf(attempt.cost), align: 'right' },
      { title: 'Head', value: (attempt) => attempt.head?.slice(0, 8) },
      { title: 'Why', value: (attempt) => attempt.reason ?? attempt.summary, flexible: true },
    ],
    '',
  );
}

export function tookOf(attempt: Attempt, now: number): string {
  // While it is parked nobody works, so no time passes that it could take.
  if (attempt.startedAt === null || attempt.state === 'parked') return '';
  const end = attempt.endedAt === null ? now : Date.parse(attempt.endedAt);
  return durationOf(Math.max(0, end - Date.parse(attempt.startedAt)));
}

export function costOf(cost: Attempt['cost']): string {
  const tokens = cost.inputTokens + cost.outputTokens;
  if (cost.usd > 0) return `$${cost.usd.toFixed(cost.usd < 1 ? 3 : 2)}`;
  return tokens > 0 ? `${tokens} tokens` : '';
}

function printEvents(context: Context, events: Event[]): void {
  if (events.length === 0) return;
  context.heading('Activity');
  for (const event of events) {
    context.print(
      text`  ${context.style.dim(event.at.slice(0, 19).replace('T', ' '))} ${event.text} ${context.style.dim(`${event.actor.kind.replaceAll('_', ' ')} ${event.actor.id}`)}`,
    );
  }
}
