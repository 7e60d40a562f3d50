/** When somebody else was faster: says what changed, and sends nothing again. The decision was made on what was seen. */
import { ApiProblem } from '../../../client/api-client.ts';
import type { Ticket } from '../../../contract/shapes.ts';
import type { Context } from '../../context.ts';
import { text } from '../../terminal/safe-text.ts';

const LOOKED_AT = [
  'status',
  'title',
  'description',
  'priority',
  'assignee',
  'campaign',
  'profile',
  'labels',
  'acceptanceCriteria',
  'blockedBy',
  'completion',
  'budget',
  'notBefore',
] as const;

/** Runs a change that carries the version it was decided on; a lost race is told with what is different now, and fails as it did. */
export async function tellingConflicts<T>(
  context: Context,
  before: Ticket,
  version: number,
  change: (ifMatch: number) => Promise<T>,
): Promise<T> {
  try {
    return await change(version);
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'version_conflict' && !context.json) {
      await describeConflict(context, before, version);
    }
    throw error;
  }
}

async function describeConflict(context: Context, before: Ticket, version: number): Promise<void> {
  const now = await context.api.get<Ticket>(`/tickets/${before.key}`);
  context.note(
    text`${before.key} changed while you decided (version ${version} → ${now.version}); nothing was sent again.`,
  );
  for (const name of LOOKED_AT) {
    const [old, present] = [shown(before[name]), shown(now[name])];
    if (old !== present) context.note(text`  ${name}: ${old} → ${present}`);
  }
  context.note(text`  It is ${context.word(now.status)}: ${now.nextAction.text}`);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
