/** The flags of a ticket's fields, which `create` and `edit` share, and how they become members of the request. */
import type { Command } from 'commander';
import { DECIDERS, EVIDENCE_KINDS, LANDINGS } from '../../../domain/words.ts';
import type { Io } from '../../context.ts';
import { readText } from '../../read-body.ts';
import {
  budgetOf,
  gather,
  moment,
  number,
  oneOf,
  orNone,
  orUndefined,
  withoutUndefined,
  words,
} from '../../values.ts';

export interface TicketFieldOptions {
  description?: string;
  priority?: string;
  assignee?: string;
  campaign?: string;
  profile?: string;
  blockedBy?: string[];
  label?: string[];
  criterion?: string[];
  notBefore?: string;
  budgetUsd?: string;
  budgetTokens?: string;
  requires?: string[];
  checks?: string[];
  decidedBy?: string;
  onAccept?: string;
  allowEmptyDiff?: boolean;
  file?: string;
}

export function addTicketFieldOptions(command: Command): Command {
  return command
    .option('-d, --description <text>', 'what is wanted; - reads standard input, @file a file')
    .option('-p, --priority <0-4>', '0 is the most urgent; new tickets have 2')
    .option('-a, --assignee <name>', 'a profile that shall do it, or a person; "none" takes it away')
    .option('-c, --campaign <key>', 'the campaign it belongs to, or "none"')
    .option('--profile <id>', 'the profile that runs it, or "none"')
    .option('-b, --blocked-by <key>', 'a ticket that has to be done first (repeatable)', gather)
    .option('-l, --label <label>', 'a label (repeatable)', gather)
    .option('--criterion <text>', 'an acceptance criterion (repeatable)', gather)
    .option('--not-before <when>', 'do not start before then: 2h, or 2026-12-24T18:00:00Z, or "none"')
    .option('--budget-usd <usd>', 'what all attempts together may cost, or "none"')
    .option('--budget-tokens <tokens>', 'tokens that all attempts together may use, or "none"')
    .option('--requires <kinds>', `evidence it needs to be done: ${EVIDENCE_KINDS.join(', ')}`, gather)
    .option('--checks <names>', 'checks of the project that have to pass', gather)
    .option('--decided-by <who>', `who accepts the work: ${DECIDERS.join(', ')}`)
    .option('--on-accept <what>', `what becomes of accepted work: ${LANDINGS.join(', ')}`)
    .option('--allow-empty-diff', 'work without a change to the code counts too')
    .option('-f, --file <file>', 'the request as JSON or TOML; flags win over it; - is standard input');
}

/** The members that the flags name, as the API takes them; lists are as given, for the caller to merge. */
export async function ticketFields(io: Io, options: TicketFieldOptions): Promise<Record<string, unknown>> {
  return withoutUndefined({
    description: await readText(io, options.description),
    priority: number(options.priority, '--priority'),
    assignee: orNone(options.assignee),
    campaign: orNone(options.campaign),
    profile: orNone(options.profile),
    blockedBy: words(options.blockedBy)?.map((key) => key.toUpperCase()),
    labels: options.label,
    acceptanceCriteria: options.criterion,
    notBefore:
      options.notBefore === undefined || options.notBefore === 'none'
        ? orNone(options.notBefore)
        : moment(options.notBefore, '--not-before', io.now()),
    budget: budgetOf(options.budgetUsd, options.budgetTokens),
    completion: completionOf(options),
  });
}

interface CompletionOptions {
  requires?: string[];
  checks?: string[];
  decidedBy?: string;
  onAccept?: string;
  allowEmptyDiff?: boolean;
}

export function completionOf(options: CompletionOptions): object | undefined {
  return orUndefined({
    requires: words(options.requires)?.map((kind) => oneOf(kind, EVIDENCE_KINDS, '--requires')),
    checks: words(options.checks),
    decidedBy: oneOf(options.decidedBy, DECIDERS, '--decided-by'),
    onAccept: oneOf(options.onAccept, LANDINGS, '--on-accept'),
    allowEmptyDiff: options.allowEmptyDiff,
  });
}
