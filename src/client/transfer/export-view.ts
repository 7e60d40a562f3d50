/** Every view as a file: what its page lists, as JSON exactly as the API says it, or as CSV for a spreadsheet. Pure but for reading. */
import type { Job } from '../../contract/job-shapes.ts';
import type { Notification } from '../../contract/notify-shapes.ts';
import type {
  Alert,
  Attempt,
  InboxItem,
  Profile,
  Project,
  Runner,
  Ticket,
  Verification,
} from '../../contract/shapes.ts';
import { toCsv } from './csv.ts';

export const EXPORTED_VIEWS = [
  'inbox',
  'alerts',
  'jobs',
  'attempts',
  'agents',
  'runners',
  'notifications',
  'projects',
  'invariants',
] as const;
export type ExportedView = (typeof EXPORTED_VIEWS)[number];

/** Reads a list of the API to its end. */
export type ReadAll = <T>(path: string, query?: Record<string, string | number>) => Promise<T[]>;
/** Reads what is no list. */
export type ReadOne = <T>(path: string) => Promise<T>;

type Cell = string | number | boolean | null | undefined;
interface View<T> {
  read: (all: ReadAll, one: ReadOne) => Promise<T[]>;
  columns: [name: string, value: (item: T) => Cell][];
}
const view = <T>(read: View<T>['read'], columns: View<T>['columns']): View<unknown> =>
  ({ read, columns }) as View<unknown>;

/** So many tickets are asked about at once. */
const TICKETS_AT_ONCE = 50;

async function allAttempts(all: ReadAll): Promise<Attempt[]> {
  const keys = (await all<Ticket>('/tickets', { sort: 'created' })).map(({ key }) => key);
  const attempts: Attempt[] = [];
  for (let at = 0; at < keys.length; at += TICKETS_AT_ONCE)
    attempts.push(
      ...(await all<Attempt>('/attempts', { ticket: keys.slice(at, at + TICKETS_AT_ONCE).join(',') })),
    );
  return attempts;
}

const VIEWS: Record<ExportedView, View<unknown>> = {
  inbox: view<InboxItem>(
    (all) => all('/inbox', { state: 'pending,delivered,acted' }),
    [
      ['Item', (i) => i.id],
      ['Kind', (i) => i.kind],
      ['State', (i) => i.state],
      ['Ticket', (i) => i.ticket],
      ['Subject', (i) => i.subject],
      ['For', (i) => i.for],
      ['Created', (i) => i.createdAt],
      ['Deadline', (i) => i.deadline],
      ['Deliveries', (i) => i.deliveries],
      ['Decision', (i) => i.result?.decision],
      ['By', (i) => i.result?.by],
      ['Reason', (i) => i.result?.reason],
    ],
  ),
  alerts: view<Alert>(
    (all) => all('/alerts'),
    [
      ['Alert', (a) => a.id],
      ['Severity', (a) => a.severity],
      ['State', (a) => a.state],
      ['Rule', (a) => a.rule],
      ['Subject', (a) => a.subject],
      ['Detail', (a) => a.detail],
      ['Occurrences', (a) => a.occurrences],
      ['Recurrences', (a) => a.recurrences],
      ['First seen', (a) => a.firstSeen],
      ['Last seen', (a) => a.lastSeen],
    ],
  ),
  jobs: view<Job>(
    (all) => all('/jobs'),
    [
      ['Job', (j) => j.name],
      ['Kind', (j) => j.kind],
      ['Title', (j) => j.title],
      ['Ticket', (j) => j.ticket],
      ['Enabled', (j) => j.enabled],
      ['Schedule', (j) => j.schedule],
      ['Last run', (j) => j.lastRun?.at],
      ['Outcome', (j) => j.lastRun?.outcome],
      ['Detail', (j) => j.lastRun?.detail],
      ['Next run', (j) => j.nextRun],
      ['Changed by', (j) => j.changedBy],
      ['Reason', (j) => j.reason],
    ],
  ),
  attempts: view<Attempt>(allAttempts, [
    ['Attempt', (a) => a.id],
    ['Ticket', (a) => a.ticket],
    ['Number', (a) => a.number],
    ['Kind', (a) => a.kind],
    ['Profile', (a) => a.profile],
    ['Runner', (a) => a.runner],
    ['State', (a) => a.state],
    ['Outcome', (a) => a.outcome],
    ['Reason', (a) => a.reason],
    ['Branch', (a) => a.branch],
    ['Head', (a) => a.head],
    ['USD', (a) => a.cost.usd],
    ['Input tokens', (a) => a.cost.inputTokens],
    ['Output tokens', (a) => a.cost.outputTokens],
    ['Metered', (a) => a.cost.metered],
    ['Offered', (a) => a.offeredAt],
    ['Started', (a) => a.startedAt],
    ['Ended', (a) => a.endedAt],
    ['Summary', (a) => a.summary],
  ]),
  agents: view<Profile>(
    (all) => all('/profiles'),
    [
      ['Profile', (p) => p.id],
      ['Role', (p) => p.role],
      ['Adapter', (p) => p.adapter],
      ['Command', (p) => p.command.join(' ')],
      ['Model', (p) => p.model],
      ['Home', (p) => p.home],
      ['Permissions', (p) => p.permissions],
      ['Workers', (p) => p.maxWorkers],
      ['Timeout s', (p) => p.timeoutSeconds],
      ['Stall s', (p) => p.stallSeconds],
      ['Budget', (p) => (p.budget ? JSON.stringify(p.budget) : '')],
    ],
  ),
  runners: view<Runner>(
    (all) => all('/runners'),
    [
      ['Runner', (r) => r.name],
      ['Id', (r) => r.id],
      ['State', (r) => r.state],
      ['Slots', (r) => r.slots],
      ['Labels', (r) => r.labels.join(', ')],
      ['Process', (r) => r.pid],
      ['Last seen', (r) => r.lastSeenAt],
    ],
  ),
  notifications: view<Notification>(
    (all) => all('/notifications'),
    [
      ['Notification', (n) => n.id],
      ['Kind', (n) => n.kind],
      ['At', (n) => n.at],
      ['Project', (n) => n.project],
      ['Ticket', (n) => n.ticket],
      ['Title', (n) => n.title],
      ['Text', (n) => n.text],
      ['By', (n) => n.actor.id],
      ['Read', (n) => n.read],
      ['Settled', (n) => n.settled?.at],
      ['Settled by', (n) => n.settled?.by],
      ['How', (n) => n.settled?.how],
      ['Path', (n) => n.path],
    ],
  ),
  projects: view<Project>(
    (all) => all('/projects'),
    [
      ['Key', (p) => p.key],
      ['Name', (p) => p.name],
      ['Repository', (p) => p.repository.path ?? p.repository.url],
      ['Default branch', (p) => p.defaultBranch],
      ['Default profile', (p) => p.defaultProfile],
      ['Checks', (p) => p.checks.map((check) => check.name).join(', ')],
      ['Done needs', (p) => p.completion.requires.join(', ')],
      ['Decided by', (p) => p.completion.decidedBy],
      ['After acceptance', (p) => p.completion.onAccept],
      ['Protected paths', (p) => p.protectedPaths.join(', ')],
      ['Attempts', (p) => p.limits.maxAttempts],
      ['Workers', (p) => p.limits.maxWorkers],
      ['Budget', (p) => (p.budget ? JSON.stringify(p.budget) : '')],
    ],
  ),
  invariants: view<Verification['invariants'][number] & { head: string }>(
    async (_all, one) => {
      // Looked at anew, and each with where the log ended then: a file says nothing of when it was true.
      const { invariants, head } = await one<Verification>('/verify');
      return invariants.map((invariant) => ({ ...invariant, head: `${head.seq}:${head.hash}` }));
    },
    [
      ['Invariant', (i) => i.id],
      ['Name', (i) => i.name],
      ['Holds', (i) => i.ok],
      ['Checked', (i) => i.checked],
      ['Violations', (i) => i.violations.join('\n')],
      ['Head', (i) => i.head],
    ],
  ),
};

export const readView = (name: ExportedView, all: ReadAll, one: ReadOne): Promise<unknown[]> =>
  VIEWS[name].read(all, one);

/** @param items as `readView` gives them, or some of them */
export function viewToCsv(name: ExportedView, items: readonly unknown[]): string {
  const { columns } = VIEWS[name];
  return toCsv(
    columns.map(([title]) => title),
    items.map((item) => columns.map(([, value]) => String(value(item) ?? ''))),
  );
}

/** @param at when it was exported, RFC 3339 */
export function viewToJson(name: ExportedView, items: readonly unknown[], at: string): string {
  return `${JSON.stringify({ format: `mission-control-${name}`, version: 1, exportedAt: at, items }, null, 2)}\n`;
}
