/** The columns of the board: which there are, what they are called, and what it means to drop a ticket on one. */
import { useQuery } from '@tanstack/react-query';
import type { TicketGroup } from '../../../../src/contract/figures.ts';
import type { Campaign, Profile, Project, Ticket } from '../../../../src/contract/shapes.ts';
import { TICKET_STATUSES, type TicketStatus } from '../../../../src/domain/words.ts';
import type { TicketFilter } from '../../api/keys.ts';
import {
  campaignsQuery,
  overviewQuery,
  profilesQuery,
  projectsQuery,
  ticketGroupsQuery,
} from '../../api/queries.ts';
import { transitionTo, type PersonTransition } from '../../api/transitions.ts';
import type { Change } from '../../changes/change.ts';
import { agentOf, setAgent, setCampaign, setPriority } from '../../changes/set-field.ts';
import { PRIORITY_WORDS, STATUS_WORDS } from '../../format/words.ts';
import { groupFilter, type Grouping, NONE, type Sort } from './view.ts';

export interface ColumnSpec {
  /** As it stands in the address: a value, or `-`. */
  id: string;
  grouping: Grouping;
  label: string;
  filter: TicketFilter;
  count: number | undefined;
  /** How many of them are done, where the columns are not the states. */
  done: number;
}

/** More profiles than this are not all shown as columns, only those that have something. */
const MOST_EMPTY = 8;

export function useColumns(grouping: Grouping, filter: TicketFilter, sort: Sort): ColumnSpec[] {
  const groups = useQuery(ticketGroupsQuery(filter, grouping)).data?.items;
  const counts = useQuery(overviewQuery).data?.counts;
  const profiles = useQuery({ ...profilesQuery, enabled: grouping === 'agent' }).data?.items ?? [];
  const projects = useQuery({ ...projectsQuery, enabled: grouping === 'project' }).data?.items ?? [];
  const campaigns = useQuery({ ...campaignsQuery, enabled: grouping === 'campaign' }).data?.items ?? [];
  const isFiltered = Object.keys(filter).length > 0;
  const spec = (value: string | null, label: string): ColumnSpec => {
    const group = groups?.find((each) => each.value === value);
    // Until the groups are read, the overview knows how many there are in each state.
    const known = groups
      ? (group?.count ?? 0)
      : grouping === 'status' && counts && !isFiltered
        ? (counts[value as TicketStatus] ?? 0)
        : undefined;
    const isClosed = value === 'done' || value === 'cancelled';
    return {
      id: value ?? NONE,
      grouping,
      label,
      count: known,
      done: group?.statuses['done'] ?? 0,
      filter: {
        ...filter,
        ...groupFilter(grouping, value),
        sort: grouping === 'status' && isClosed && sort === 'dispatch' ? 'updated' : sort,
      },
    };
  };
  const wanted = filter[grouping]?.split(',');
  return columnValues(grouping, groups ?? [], { profiles, projects, campaigns })
    .filter(([value]) => wanted?.includes(value ?? '') ?? true)
    .map(([value, label]) => spec(value, label));
}

function columnValues(
  grouping: Grouping,
  groups: readonly TicketGroup[],
  known: { profiles: Profile[]; projects: Project[]; campaigns: Campaign[] },
): [string | null, string][] {
  const occurring = groups.flatMap(({ value }) => (value === null ? [] : [value]));
  const withEmpty = (all: [string, string][]): [string, string][] => {
    const listed = all.length > MOST_EMPTY ? all.filter(([value]) => occurring.includes(value)) : all;
    const names = new Set(all.map(([value]) => value));
    return [
      ...listed,
      ...occurring.filter((value) => !names.has(value)).map((value): [string, string] => [value, value]),
    ];
  };
  switch (grouping) {
    case 'status':
      return TICKET_STATUSES.map((status) => [status, STATUS_WORDS[status]]);
    case 'priority':
      return PRIORITY_WORDS.map((word, priority) => [String(priority), word]);
    case 'project':
      return withEmpty(known.projects.map((project) => [project.key, project.name || project.key]));
    case 'campaign':
      return [[null, 'No campaign'], ...withEmpty(known.campaigns.map((c) => [c.key, c.name]))];
    case 'agent':
      return [
        [null, 'The project’s agent'],
        ...withEmpty(known.profiles.filter((p) => p.role === 'worker').map((p) => [p.id, p.id])),
      ];
  }
}

export function valueOf(ticket: Ticket, grouping: Grouping): string {
  switch (grouping) {
    case 'agent':
      return agentOf(ticket) ?? NONE;
    case 'campaign':
      return ticket.campaign ?? NONE;
    default:
      return String(ticket[grouping]);
  }
}

export type Drop = { change: Change } | { transition: PersonTransition } | { why: string };

/** What dropping a ticket on a column does; or why it cannot be dropped there. */
export function dropOn(ticket: Ticket, grouping: Grouping, id: string): Drop {
  if (valueOf(ticket, grouping) === id) return { why: 'It is there already.' };
  const value = id === NONE ? null : id;
  switch (grouping) {
    case 'status':
      return transitionTo(ticket, id as TicketStatus);
    case 'priority':
      return { change: setPriority(Number(id)) };
    case 'campaign':
      return { change: setCampaign(value) };
    case 'agent':
      return { change: setAgent(value) };
    case 'project':
      return { why: 'A ticket stays in its project: its key and its branches are named after it.' };
  }
}
