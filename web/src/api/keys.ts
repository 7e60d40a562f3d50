/** The keys of the cache, in one place: the live stream must name exactly what the pages read. */
export interface TicketFilter {
  project?: string;
  status?: string;
  assignee?: string;
  /** An empty campaign, profile or agent asks for tickets without one. */
  campaign?: string;
  profile?: string;
  agent?: string;
  priority?: string;
  label?: string;
  q?: string;
  sort?: string;
}

export const keys = {
  session: ['session'],
  overview: ['overview'],
  tickets: (filter: TicketFilter) => ['tickets', filter],
  allTickets: ['tickets'],
  ticketGroups: (filter: TicketFilter, by: string) => ['tickets', 'groups', filter, by],
  attemptsOf: (tickets: readonly string[]) => ['attempt', 'of', tickets],
  statistics: (days: number) => ['statistics', days],
  ticket: (key: string) => ['ticket', key],
  activity: (key: string) => ['ticket', key, 'activity'],
  comments: (key: string) => ['ticket', key, 'comments'],
  attempts: (key: string) => ['ticket', key, 'attempts'],
  why: (key: string) => ['ticket', key, 'why'],
  attempt: (id: string) => ['attempt', id],
  diff: (id: string) => ['attempt', id, 'diff', 'volatile'],
  inbox: (state: string) => ['inbox', state],
  allInbox: ['inbox'],
  notifications: ['notifications'],
  alerts: ['alerts'],
  jobs: ['jobs'],
  schedule: (id: string) => ['jobs', id],
  schedulePreview: (line: object) => ['schedule-preview', line, 'volatile'],
  projects: ['projects'],
  profiles: ['profiles'],
  campaigns: ['campaigns'],
  runners: ['runners'],
  agents: ['agents'],
  orchestrators: ['orchestrators'],
  tokens: ['tokens'],
  policy: ['policy'],
  verification: ['verify', 'volatile'],
} as const;
