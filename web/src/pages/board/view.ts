/** What the board shows, as it stands in the address: so that a view can be kept, sent, and gone back to. */
import { TICKET_STATUSES, type TicketStatus } from '../../../../src/domain/words.ts';
import type { TicketFilter } from '../../api/keys.ts';

export const SHAPES = ['board', 'list', 'timeline'] as const;
export type Shape = (typeof SHAPES)[number];
export const GROUPINGS = ['status', 'agent', 'campaign', 'project', 'priority'] as const;
export type Grouping = (typeof GROUPINGS)[number];
export const SORTS = ['dispatch', 'priority', 'age', 'updated', 'created'] as const;
export type Sort = (typeof SORTS)[number];

/** All words; an empty one is the usual, and does not stand in the address. */
// oxlint-disable-next-line typescript/consistent-type-definitions -- an interface is no record of words
export type BoardSearch = {
  view: string;
  group: string;
  sort: string;
  project: string;
  /** A status, or `all`; empty shows what is open where the statuses are not the columns. */
  status: string;
  /** A value, or `-` for tickets without one. */
  agent: string;
  campaign: string;
  priority: string;
  label: string;
  q: string;
  /** Which column a phone shows. */
  column: string;
  /** How far back a timeline looks. */
  span: string;
};

const NAMES = [
  'view',
  'group',
  'sort',
  'project',
  'status',
  'agent',
  'campaign',
  'priority',
  'label',
  'q',
  'column',
  'span',
] as const satisfies readonly (keyof BoardSearch)[];

export function readBoardSearch(search: Record<string, unknown>): BoardSearch {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return Object.fromEntries(NAMES.map((name) => [name, text(search[name])])) as unknown as BoardSearch;
}

/** An address of the board may be written by hand: what is not known is the usual. */
const oneOf = <T extends string>(known: readonly T[], value: string): T =>
  known.find((each) => each === value) ?? (known[0] as T);
export const shapeOf = (search: BoardSearch): Shape => oneOf(SHAPES, search.view);
export const groupingOf = (search: BoardSearch): Grouping => oneOf(GROUPINGS, search.group);
export const sortOf = (search: BoardSearch): Sort => oneOf(SORTS, search.sort);

export const NONE = '-';
const OPEN: TicketStatus[] = ['backlog', 'todo', 'in_progress', 'needs_input', 'in_review'];

/** What narrows the view, without what makes its columns. */
export function filterOf(search: BoardSearch): TicketFilter {
  const filter: TicketFilter = {};
  if (search.project) filter.project = search.project;
  if (search.label) filter.label = search.label;
  if (search.q) filter.q = search.q;
  if (search.agent) filter.agent = search.agent === NONE ? '' : search.agent;
  if (search.campaign) filter.campaign = search.campaign === NONE ? '' : search.campaign;
  if (/^[0-4]$/.test(search.priority)) filter.priority = search.priority;
  const status = TICKET_STATUSES.find((each) => each === search.status);
  if (status) filter.status = status;
  else if (search.status !== 'all' && shapeOf(search) !== 'timeline' && !areColumnsStatuses(search))
    filter.status = OPEN.join(',');
  return filter;
}

export const areColumnsStatuses = (search: BoardSearch): boolean =>
  shapeOf(search) === 'board' && groupingOf(search) === 'status';

/** How many filters a person has set, to be said where they are folded away. */
export const countFilters = (search: BoardSearch): number =>
  [search.project, search.status, search.agent, search.campaign, search.priority, search.label].filter(
    Boolean,
  ).length;

/** @param value as the server groups it; null for those without one */
export function groupFilter(grouping: Grouping, value: string | null): TicketFilter {
  return { [grouping]: value ?? '' };
}

export const SORT_WORDS: Record<Sort, string> = {
  dispatch: 'Next first',
  priority: 'Priority',
  age: 'Longest in state',
  updated: 'Changed last',
  created: 'Newest',
};
export const GROUPING_WORDS: Record<Grouping, string> = {
  status: 'State',
  agent: 'Agent',
  campaign: 'Campaign',
  project: 'Project',
  priority: 'Priority',
};

/** What people of other boards look for first. */
export const USUAL_VIEWS: { name: string; query: string }[] = [
  { name: 'Everything, by state', query: '' },
  { name: 'By agent', query: 'group=agent' },
  { name: 'Urgent and open', query: 'view=list&group=status&priority=0' },
  { name: 'In review, longest first', query: 'view=list&status=in_review&sort=age' },
  { name: 'What ran lately', query: 'view=timeline' },
];

export const searchOfQuery = (query: string): BoardSearch =>
  readBoardSearch(Object.fromEntries(new URLSearchParams(query)));

export const queryOf = (search: BoardSearch): string =>
  new URLSearchParams(
    Object.entries(search).filter(([, value]) => value !== '') as [string, string][],
  ).toString();
