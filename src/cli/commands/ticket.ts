/** `mctl ticket …`. Its verbs work without the noun too, since tickets are what people type about all day. */
import type { Command } from 'commander';
import type { Io } from '../context.ts';
import { defineAnswer } from './ticket/answer.ts';
import { defineCloseMerge } from './ticket/close-merge.ts';
import { defineComment } from './ticket/comment.ts';
import { defineCreate } from './ticket/create.ts';
import { defineEdit } from './ticket/edit.ts';
import { defineList } from './ticket/list.ts';
import { defineMove } from './ticket/move.ts';
import { defineShow } from './ticket/show.ts';
import { defineWaive } from './ticket/waive.ts';
import { defineWhy } from './ticket/why.ts';

const VERBS = [
  defineList,
  defineShow,
  defineCreate,
  defineEdit,
  defineMove,
  defineAnswer,
  defineWhy,
  defineComment,
  defineWaive,
  defineCloseMerge,
];

export function defineTicket(program: Command, io: Io): void {
  const ticket = program
    .command('ticket')
    .description('tickets: list, show, create, edit, move, answer, why, …');
  for (const define of VERBS) define(ticket, io);
}

export function defineTicketVerbs(program: Command, io: Io): void {
  for (const define of VERBS) define(program, io);
}
