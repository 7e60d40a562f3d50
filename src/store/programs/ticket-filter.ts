/** What tickets are asked for, as one condition of a query. */
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { TicketFilter } from '../port.ts';
import { listed, p } from '../program.ts';
import type { Tables } from '../schema.ts';
import { asSaid } from './rows.ts';

type TicketExpressions = ExpressionBuilder<Tables, 'tickets'>;

/** Whoever works on it: the assignee, else the profile. */
export const agentOf = (e: TicketExpressions) => e.fn.coalesce('assignee', 'profile');

/**
 * The filter as one condition, with placeholders for what is asked for. Its shape is what its text depends on: which
 * parts there are, which of them are null, how long the lists are.
 */
export function conditionOf(q: TicketFilter) {
  const shape: string[] = [];
  const all: ((e: TicketExpressions) => Expression<SqlBool>)[] = [];
  const params: Record<string, unknown> = {};
  const add = (part: string, values: Record<string, unknown>, condition: (typeof all)[number]): void => {
    shape.push(part);
    Object.assign(params, values);
    all.push(condition);
  };
  const among = (column: 'status' | 'priority' | 'key', values: readonly (string | number)[]): void => {
    const list = listed(column, values);
    add(`${column} ${values.length}`, list.params, (e) => e(column, 'in', list.placeholders));
  };
  const { project } = q;
  if (project !== undefined) add('project', { project }, (e) => e('project', '=', p('project')));
  if (q.statuses !== undefined) among('status', q.statuses);
  if (q.priorities !== undefined) among('priority', q.priorities);
  for (const column of ['assignee', 'campaign', 'profile'] as const) {
    const value = q[column];
    if (value === null) add(`no ${column}`, {}, (e) => e(column, 'is', null));
    else if (value !== undefined) add(column, { [column]: value }, (e) => e(column, '=', p(column)));
  }
  const { agent } = q;
  if (agent === null)
    add('no agent', {}, (e) => e.and([e('assignee', 'is', null), e('profile', 'is', null)]));
  else if (agent !== undefined)
    add('agent', { agent }, (e) =>
      e.or([
        e('assignee', '=', p('agent')),
        e.and([e('assignee', 'is', null), e('profile', '=', p('agent'))]),
      ]),
    );
  if (q.keys !== undefined) among('key', q.keys);
  if (q.label !== undefined)
    add(
      'label',
      { label: contains(JSON.stringify(q.label)) },
      () => sql<boolean>`labels like ${p('label')} escape '\\'`,
    );
  const words = (q.q ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
  for (const [index, word] of words.entries()) {
    const [own, said] = [`word${index}`, `said${index}`];
    add('word', { [own]: contains(word), [said]: contains(asSaid(word)) }, (e) =>
      e.or([
        sql<boolean>`search like ${p(own)} escape '\\'`,
        e(
          'key',
          'in',
          // Looked through once, not for each ticket.
          e
            .selectFrom('comments')
            .select('ticket')
            .where(sql<boolean>`said like ${p(said)} escape '\\'`),
        ),
      ]),
    );
  }
  return { shape: shape.join(), params, of: (e: TicketExpressions) => e.and(all.map((make) => make(e))) };
}

/** Whatever contains this text, in the language of `like`. */
function contains(text: string): string {
  return `%${text.replace(/[\\%_]/g, (c) => `\\${c}`)}%`;
}
