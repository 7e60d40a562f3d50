/** `mctl answer KEY`: answers the open question of a ticket, with words or one of its choices. */
import type { Command } from 'commander';
import type { Question, Ticket } from '../../../contract/shapes.ts';
import { runs, type Io } from '../../context.ts';
import { UsageError } from '../../failures.ts';
import { readText } from '../../read-body.ts';
import { findByEnding, shortId, ticketKey } from '../../references.ts';
import { text } from '../../terminal/safe-text.ts';

interface AnswerOptions {
  choice?: string;
  question?: string;
}

export function defineAnswer(parent: Command, io: Io): void {
  const command = parent
    .command('answer')
    .description('answer the question that a ticket waits for')
    .argument('<key>', 'the ticket, like MC-12')
    .argument('[text...]', 'the answer; - reads standard input')
    .option('--choice <choice>', 'one of the choices: its number, its label or its id')
    .option('--question <id>', 'which question, where several are open');
  runs<AnswerOptions>(command, io, async (context, options, given, ...words) => {
    const key = ticketKey(given);
    const said = words.length === 0 ? undefined : words.join(' ');
    if ((said === undefined) === (options.choice === undefined)) {
      throw new UsageError(
        'Give either an answer or --choice.',
        `mctl show ${key} shows the question and its choices.`,
      );
    }
    const ticket = await context.api.get<Ticket>(`/tickets/${key}`);
    const question = openQuestion(ticket, options.question);
    const body =
      options.choice === undefined
        ? { text: await readText(io, said) }
        : { choice: choiceOf(question, options.choice) };
    const answered = await context.api.post<Ticket>(`/tickets/${key}/questions/${question.id}/answer`, body);
    context.result(answered, () => {
      context.print(
        text`${context.style.bold(key)} answered · ${context.word(answered.status)} · ${answered.nextAction.text}`,
      );
    });
  });
}

function openQuestion(ticket: Ticket, wanted: string | undefined): Question {
  if (wanted !== undefined) return findByEnding(ticket.questions, wanted, `questions of ${ticket.key}`);
  const open = ticket.questions.filter((question) => question.state === 'open');
  const [first, second] = open;
  if (first === undefined) {
    throw new UsageError(
      `${ticket.key} has no open question.`,
      `it is this one’s turn: ${ticket.nextAction.text}`,
    );
  }
  if (second !== undefined) {
    const list = open.map((question) => `${shortId(question.id)} "${question.text.slice(0, 40)}"`);
    throw new UsageError(
      `${ticket.key} has ${open.length} open questions: ${list.join('; ')}.`,
      'add --question ID',
    );
  }
  return first;
}

function choiceOf(question: Question, given: string): string {
  const byName = question.choices.find(
    (choice) => choice.id === given || choice.label.toLowerCase() === given.toLowerCase(),
  );
  const found = byName ?? (/^\d+$/.test(given) ? question.choices[Number(given) - 1] : undefined);
  if (found !== undefined) return found.id;
  const labels = question.choices.map((choice, index) => `${index + 1}) ${choice.label}`);
  throw new UsageError(
    labels.length === 0 ? 'This question has no choices.' : `"${given}" is none of ${labels.join(', ')}.`,
    labels.length === 0 ? 'answer it in words.' : 'give the number or the label.',
  );
}
