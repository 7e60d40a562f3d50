/**
 * What a worker is told: the ticket, what came before, and how to report. Deterministic from the state, so that every
 * answer that an attempt was offered with is in its prompt (invariant 12). Kept short: the protocol part is under 400
 * tokens.
 */
import { type Attempt, type Ticket } from './state.ts';

export interface WorkerBrief {
  key: string;
  title: string;
  description: string;
  acceptanceCriteria: string[];
  status: string;
  attempt: number;
  feedback: string[];
  answers: { question: string; answer: string }[];
  earlierAttempts: { number: number; outcome: string | null; reason: string | null }[];
  checks: string[];
}

export function workerBrief(ticket: Ticket, attempt: Attempt, checks: string[]): WorkerBrief {
  return {
    key: ticket.key,
    title: ticket.title,
    description: ticket.description,
    acceptanceCriteria: ticket.acceptanceCriteria,
    status: ticket.status,
    attempt: attempt.number,
    feedback: ticket.feedback.map((f) => f.text),
    answers: answersFor(ticket, attempt),
    earlierAttempts: ticket.attempts
      .filter((a) => a.number > ticket.earlierRounds && a.number < attempt.number)
      .map((a) => ({ number: a.number, outcome: a.outcome, reason: a.reason })),
    checks,
  };
}

function answersFor(ticket: Ticket, attempt: Attempt): { question: string; answer: string }[] {
  const mark = `${attempt.id}#${attempt.fence}`;
  return ticket.questions
    .filter((q) => q.state === 'answered' && q.kind !== 'attempts_exhausted' && q.deliveredTo.includes(mark))
    .map((q) => ({ question: q.text, answer: q.answer ?? '' }));
}

const PROTOCOL = `How to report (commands on your PATH; they know your ticket):
- mc-coord progress "what you are doing": now and then.
- mc-coord ask "question" [--choice A --choice B]: when only a person can decide. Then stop; you go on here once it is answered.
- mc-coord submit --summary "what you did": when the work is committed on the current branch. Then stop.
- mc-coord fail "why": when it cannot be done. Then stop.
Ending without one of these counts as a failed attempt. What you say is a claim: Mission Control looks at the commit and runs the project's checks itself, on exactly that commit, in a clean worktree.`;

export function buildPrompt(
  ticket: Ticket,
  attempt: Attempt,
  checks: { name: string; command: string[] }[],
  resumed: boolean,
): string {
  const brief = workerBrief(
    ticket,
    attempt,
    checks.map((c) => c.name),
  );
  const parts: string[] = [];
  if (resumed) {
    parts.push(`You go on with ticket ${ticket.key}: ${ticket.title}. Your questions have been answered.`);
    if (brief.answers.length > 0)
      parts.push(
        section(
          'Answers',
          brief.answers.map((a) => `Q: ${a.question}\nA: ${a.answer}`),
        ),
      );
    parts.push(PROTOCOL);
    return parts.join('\n\n');
  }
  parts.push(
    `You work on ticket ${ticket.key}, attempt ${attempt.number}, in the git worktree that is your current directory.`,
  );
  parts.push(`# ${ticket.title}\n\n${ticket.description}`.trim());
  if (brief.acceptanceCriteria.length > 0)
    parts.push(
      section(
        'Acceptance criteria',
        brief.acceptanceCriteria.map((c) => `- ${c}`),
        '\n',
      ),
    );
  if (checks.length > 0) {
    parts.push(
      section(
        'Checks that Mission Control will run on your commit',
        checks.map((c) => `- ${c.name}: ${printable(c.command)}`),
        '\n',
      ),
    );
  }
  if (brief.feedback.length > 0) parts.push(section('Feedback on earlier work', brief.feedback));
  if (brief.answers.length > 0)
    parts.push(
      section(
        'Answers you were given',
        brief.answers.map((a) => `Q: ${a.question}\nA: ${a.answer}`),
      ),
    );
  const continued = ticket.attempts.find((a) => a.id === attempt.continues);
  if (continued) {
    parts.push(
      `You continue the work of attempt ${continued.number}, which is in this worktree: look at git status and git log first.`,
    );
  }
  if (brief.earlierAttempts.length > 0) {
    const lines = brief.earlierAttempts.map(
      (a) => `- attempt ${a.number}: ${a.outcome ?? 'open'}${a.reason ? ` (${firstLine(a.reason)})` : ''}`,
    );
    parts.push(section('Earlier attempts', lines, '\n'));
  }
  parts.push(PROTOCOL);
  return parts.join('\n\n');
}

/**
 * For an agent whose session cannot be continued: the whole ticket again, and what came before in this attempt, so that
 * a new session can go on where the old one was.
 */
export function buildRestartPrompt(
  ticket: Ticket,
  attempt: Attempt,
  checks: { name: string; command: string[] }[],
): string {
  const asked = ticket.questions.filter(
    (q) => q.attempt === attempt.id && q.state === 'answered' && q.kind !== 'attempts_exhausted',
  );
  const lines = [
    'You had begun in an earlier session that cannot be continued. What you did then is in this worktree: look at git status, git diff and git log before anything else.',
    ...(attempt.lastProgress ? [`The last you reported: ${attempt.lastProgress.text}`] : []),
    ...asked.map((q) => `You asked: ${q.text}\nYou were told: ${q.answer ?? ''}`),
  ];
  return `${buildPrompt(ticket, attempt, checks, false)}\n\n${section('What came before in this attempt', lines)}`;
}

function section(title: string, lines: string[], glue = '\n\n'): string {
  return `## ${title}\n\n${lines.join(glue)}`;
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.slice(0, 200) ?? '';
}

function printable(command: string[]): string {
  return command[0] === '/bin/sh' && command[1] === '-c' ? (command[2] ?? '') : command.join(' ');
}
