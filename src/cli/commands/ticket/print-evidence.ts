/** What proves the work: the newest attempt's evidence in full, earlier ones in a line each, and what was waived. */
import type { Attempt, Evidence, Ticket } from '../../../contract/shapes.ts';
import type { Context } from '../../context.ts';
import { durationOf } from '../../terminal/age.ts';
import { join, line, text } from '../../terminal/safe-text.ts';
import type { Style } from '../../terminal/style.ts';

const MARKS = { verified: '✓', refuted: '✗', unverified: '…' } as const;

export function printEvidence(
  context: Context,
  { key, evidence, waivers }: Pick<Ticket, 'key' | 'evidence' | 'waivers'>,
  attempts: Attempt[],
): void {
  if (evidence.length === 0 && waivers.length === 0) return;
  context.heading('Evidence');
  const { style } = context;
  const numberOf = new Map(attempts.map((attempt) => [attempt.id, attempt.number]));
  const newest = evidence.at(-1)?.attempt;
  for (const [attempt, earlier] of groupByAttempt(evidence)) {
    if (attempt === newest) continue;
    const words = earlier.map((each) => text`${nameOf(each)} ${paintOf(style, each)(each.state)}`);
    context.print(text`  ${style.dim(`attempt ${numberOf.get(attempt) ?? ''}:`)} ${join(words, ', ')}`);
  }
  for (const each of evidence.filter(({ attempt }) => attempt === newest)) {
    const paint = paintOf(style, each);
    const took = each.details.durationMs === undefined ? null : `in ${durationOf(each.details.durationMs)}`;
    const number = numberOf.get(each.attempt);
    const parts = [
      paint(`${MARKS[each.state]} ${each.kind}`),
      line(claimText(each)),
      paint(each.state),
      line(took),
      style.dim(number === undefined ? '' : `· attempt ${number}`),
      style.dim(each.required ? '' : '· not required'),
    ];
    context.print(
      text`  ${join(
        parts.filter((part) => part.text !== ''),
        ' ',
      )}`,
    );
    const rest = `mctl evidence output ${key} ${nameOf(each)}`;
    if (each.reason !== null && each.reason !== '') {
      context.printExcerpt(each.reason, { indent: 6, lines: 1, rest });
    }
    const guarded = each.details.protectedPaths ?? [];
    if (guarded.length > 0) context.printBlock(`touches protected paths: ${guarded.join(', ')}`, 6);
  }
  for (const waiver of waivers) {
    context.print(
      text`  ${style.yellow(`~ ${waiver.kind}`)} waived by ${waiver.by} until ${waiver.expiresAt}: ${waiver.reason}`,
    );
  }
}

function paintOf(style: Style, { state }: Evidence): Style['green'] {
  return { verified: style.green, refuted: style.red, unverified: style.yellow }[state];
}

function groupByAttempt(evidence: Evidence[]): Map<string, Evidence[]> {
  const groups = new Map<string, Evidence[]>();
  for (const each of evidence) groups.set(each.attempt, [...(groups.get(each.attempt) ?? []), each]);
  return groups;
}

/** A check is known by its name, everything else by its kind. */
export function nameOf({ claim, kind }: Evidence): string {
  return typeof claim['name'] === 'string' ? claim['name'] : kind;
}

function claimText({ claim }: Evidence): string {
  const parts = Object.entries(claim).map(([name, value]) => {
    const shown = typeof value === 'string' ? value : JSON.stringify(value);
    return name === 'commit' ? shown.slice(0, 12) : shown;
  });
  return parts.join(' ');
}
