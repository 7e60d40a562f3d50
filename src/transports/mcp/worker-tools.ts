/** What a worker may do, by the token of its attempt: the signals of `mc-coord`, as tools. All of it is a claim. */
import { z } from 'zod';
import { type Signal, signal } from '../../contract/requests.ts';
import type { Project } from '../../domain/config.ts';
import { isRefusal, refuse } from '../../domain/refusal.ts';
import { currentAttempt } from '../../domain/ticket/fence.ts';
import { workerBrief } from '../../domain/ticket/prompt.ts';
import { findAttempt, signalAttempt } from '../../services/attempts.ts';
import { type ToolContext, tool } from './tool.ts';

async function send({ deps, caller, attempt }: ToolContext, given: unknown): Promise<unknown> {
  if (attempt === null) return refuse('forbidden', 'Only the token of an attempt may do this.');
  const parsed = signal.safeParse(given);
  if (!parsed.success) return refuse('invalid_request', z.prettifyError(parsed.error));
  const result = await signalAttempt(deps, caller, attempt, parsed.data satisfies Signal);
  return isRefusal(result) ? result : { accepted: true };
}

const text = z.string();

export const WORKER_TOOLS = [
  tool({
    name: 'ticket',
    description: 'Read your ticket: description, criteria, feedback, answers, earlier attempts.',
    input: z.strictObject({}),
    readOnly: true,
    run: async ({ deps, attempt }) => {
      if (attempt === null) return refuse('forbidden', 'Only the token of an attempt may do this.');
      const found = await findAttempt(deps, attempt.attempt);
      if (isRefusal(found)) return found;
      const current = currentAttempt(found.ticket, attempt.attempt, attempt.fence);
      if (isRefusal(current)) return current;
      const project = await deps.store.document<Project>('project', found.ticket.project);
      return workerBrief(found.ticket, current, project?.completion.checks ?? []);
    },
  }),
  tool({
    name: 'progress',
    description: 'Say what you are doing.',
    input: z.strictObject({ text, percent: z.number().optional() }),
    run: (context, input) => send(context, { type: 'progress', ...input }),
  }),
  tool({
    name: 'ask',
    description: 'Ask what only a person can decide. Then end your turn; you go on once it is answered.',
    input: z.strictObject({ text, choices: z.array(text).optional(), context: text.optional() }),
    run: (context, input) => send(context, { type: 'ask', ...input }),
  }),
  tool({
    name: 'evidence',
    description: 'Claim something that Mission Control will verify itself.',
    input: z.strictObject({
      kind: z.enum(['commit', 'check', 'deploy', 'artifact']),
      commit: text.optional().describe('full id'),
      name: text.optional().describe('of the check or artifact'),
      environment: text.optional(),
      version: text.optional(),
    }),
    run: (context, input) => send(context, { type: 'evidence', ...input }),
  }),
  tool({
    name: 'submit',
    description: 'Hand in the committed work. Then end your turn.',
    input: z.strictObject({ summary: text, commit: text.optional().describe('full id; else HEAD') }),
    run: (context, input) => send(context, { type: 'submit', ...input }),
  }),
  tool({
    name: 'fail',
    description: 'Say that it cannot be done. Then end your turn.',
    input: z.strictObject({ reason: text, retry: z.boolean().optional() }),
    run: (context, input) => send(context, { type: 'fail', ...input }),
  }),
];
