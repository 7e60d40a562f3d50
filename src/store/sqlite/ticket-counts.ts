/**
 * How many tickets there are of each kind, kept by the file's one writer: every screen asks for it again after every
 * change, and counting a hundred thousand rows takes a tenth of a second in which the server does nothing else.
 */
import type { Ticket } from '../../domain/ticket/state.ts';
import type { TicketFilter, TicketGroup, TicketGrouping } from '../port.ts';
import { COUNTED, type CountedColumns, countedOf } from '../programs/rows.ts';

/** So many tickets have all of these. */
export interface Counted extends CountedColumns {
  count: number;
}

const nameOf = (of: CountedColumns): string => JSON.stringify(COUNTED.map((column) => of[column]));

/** Whether the filter asks for nothing but what is counted. */
export const isCountable = (filter: TicketFilter): boolean =>
  filter.label === undefined && filter.keys === undefined && (filter.q ?? '').trim() === '';

function matches(of: CountedColumns, filter: TicketFilter): boolean {
  const isAt = (column: 'assignee' | 'campaign' | 'profile'): boolean =>
    filter[column] === undefined || of[column] === filter[column];
  return (
    (filter.project === undefined || of.project === filter.project) &&
    (filter.statuses?.includes(of.status) ?? true) &&
    (filter.priorities?.includes(of.priority) ?? true) &&
    isAt('assignee') &&
    isAt('campaign') &&
    isAt('profile') &&
    (filter.agent === undefined || (of.assignee ?? of.profile) === filter.agent)
  );
}

function valueOf(of: CountedColumns, by: TicketGrouping): string | null {
  if (by === 'agent') return of.assignee ?? of.profile;
  return by === 'priority' ? String(of.priority) : of[by];
}

export class TicketCounts {
  readonly #count: () => readonly Counted[];
  /** Null until somebody asks. */
  #kept: Map<string, Counted> | null = null;

  /** @param count counts all rows as they are committed */
  constructor(count: () => readonly Counted[]) {
    this.#count = count;
  }

  /** To be told of each change once it is committed. @param before null for a new ticket */
  changed(before: Ticket | null, after: Ticket): void {
    if (!this.#kept) return;
    const to = countedOf(after);
    if (before) {
      const from = countedOf(before);
      // Most changes are of nothing that is counted.
      if (COUNTED.every((column) => from[column] === to[column])) return;
      this.#add(from, -1);
    }
    this.#add(to, 1);
  }

  /** @param filter one that is countable */
  groups(filter: TicketFilter, by: TicketGrouping): TicketGroup[] {
    const groups = new Map<string, TicketGroup>();
    for (const of of this.#all().values()) {
      if (!matches(of, filter)) continue;
      const value = valueOf(of, by);
      const name = JSON.stringify([value, of.status]);
      const group = groups.get(name);
      if (group) group.count += of.count;
      else groups.set(name, { value, status: of.status, count: of.count });
    }
    return [...groups.values()];
  }

  #all(): Map<string, Counted> {
    return (this.#kept ??= new Map(this.#count().map((of) => [nameOf(of), { ...of }])));
  }

  #add(of: CountedColumns, change: 1 | -1): void {
    const name = nameOf(of);
    const count = (this.#kept?.get(name)?.count ?? 0) + change;
    if (count === 0) this.#kept?.delete(name);
    else this.#kept?.set(name, { ...of, count });
  }
}
