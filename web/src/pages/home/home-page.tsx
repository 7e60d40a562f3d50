/** Home: what needs me, what runs, what is next and what keeps it, what was finished since I looked. */
import { useQuery } from '@tanstack/react-query';
import { CircleCheck } from 'lucide-react';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import {
  inboxQuery,
  overviewQuery,
  projectsQuery,
  standingAlertsQuery,
  ticketsQuery,
} from '../../api/queries.ts';
import type { Overview } from '../../api/types.ts';
import { AlertCard } from '../../parts/alert-card.tsx';
import { worstFirst } from '../../parts/worst-first.ts';
import { DecisionCard } from '../../parts/decision-card.tsx';
import { LiveLine } from '../../parts/live-line.tsx';
import { mostPressingFirst } from '../../parts/most-pressing-first.ts';
import { Rows, TicketRow } from '../../parts/ticket-row.tsx';
import { ConnectionMark, HealthLine } from '../../shell/health.tsx';
import { readLastLooked, setLastLooked } from '../../shell/preferences.ts';
import { inZone } from '../../format/time.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { EvidenceBadges } from '../../ui/evidence-badge.tsx';
import { Loaded, Skeleton } from '../../ui/loaded.tsx';
import { Empty, PageBody, PageHead, Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';
import { Link } from '../../router/link.tsx';
import { useIsIdle } from '../../ui/when-idle.ts';

const Figures = lazy(() => import('./figures.tsx'));
const FirstSteps = lazy(() => import('./first-steps.tsx'));

export function HomePage() {
  // The charts look back; what is now comes first.
  const isIdle = useIsIdle();
  const overview = useQuery(overviewQuery).data;
  const projects = useQuery(projectsQuery).data;
  const tickets = useQuery(ticketsQuery({ sort: 'updated' }, 1)).data;
  const isNew = projects !== undefined && tickets !== undefined && tickets.items.length === 0;
  return (
    <>
      <PageHead
        title="Home"
        actions={
          <>
            <span className="md:hidden">
              <HealthLine />
            </span>
            <ConnectionMark className="text-muted md:hidden" />
          </>
        }
      />
      <PageBody>
        {isNew ? (
          <Suspense fallback={<Skeleton />}>
            <FirstSteps />
          </Suspense>
        ) : (
          <div className="grid gap-x-8 gap-y-7 lg:grid-cols-[minmax(0,1.15fr)_minmax(0,1fr)]">
            <NeedsMe />
            <div className="min-w-0 space-y-7">
              <Running overview={overview} />
              <Next overview={overview} />
              <Finished />
              <Suspense fallback={null}>{isIdle && <Figures />}</Suspense>
            </div>
          </div>
        )}
      </PageBody>
    </>
  );
}

const SHOWN = 8;
const ALERTS = 3;

function NeedsMe() {
  const inbox = useQuery(inboxQuery('pending,delivered'));
  // A ticket that is out of attempts asks already what shall happen; its alert would ask the same.
  const asked = new Set(
    inbox.data?.items.flatMap((item) => (item.kind === 'attempts_exhausted' ? (item.ticket ?? []) : [])),
  );
  const standing = useQuery(standingAlertsQuery).data?.items ?? [];
  const alerts = worstFirst(
    standing.filter((a) => a.state === 'open' && !(a.rule === 'exhausted' && asked.has(a.subject))),
  );
  return (
    <Section
      title="Needs you"
      count={(inbox.data?.items.filter((i) => i.kind !== 'alert').length ?? 0) + alerts.length}
      actions={
        <Link
          to="/inbox"
          className="tap text-muted hover:text-text inline-flex items-center justify-center text-xs hover:underline"
        >
          Inbox
        </Link>
      }
    >
      <Loaded query={inbox} lines={4}>
        {({ items }) => {
          const decisions = mostPressingFirst(items.filter((i) => i.kind !== 'alert'));
          if (decisions.length + alerts.length === 0)
            return (
              <Empty title="Nothing needs you" icon={<CircleCheck size={22} aria-hidden />}>
                Questions of agents, reviews to decide and alerts appear here.
              </Empty>
            );
          return (
            <div className="space-y-3">
              {decisions.slice(0, SHOWN).map((item) => (
                <DecisionCard key={item.id} item={item} />
              ))}
              {alerts.slice(0, ALERTS).map((alert) => (
                <AlertCard key={alert.id} alert={alert} />
              ))}
              {decisions.length > SHOWN && (
                <More to="/inbox">{decisions.length - SHOWN} more in the inbox</More>
              )}
              {alerts.length > ALERTS && <More to="/alerts">{alerts.length - ALERTS} more alerts</More>}
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Running({ overview }: { overview: Overview | undefined }) {
  const running = useQuery(ticketsQuery({ status: 'in_progress' }, 20));
  return (
    <Section
      title="Running now"
      count={overview?.counts.in_progress ?? running.data?.items.length}
      actions={
        overview && (
          <span className="num text-faint text-xs">
            {overview.workers.active ?? '?'} of {overview.workers.max} slots
          </span>
        )
      }
    >
      <Loaded query={running}>
        {({ items }) =>
          items.length === 0 ? (
            <Quiet>No agent is working.</Quiet>
          ) : (
            <Rows label="Running now">
              {items.map((ticket) => (
                <TicketRow key={ticket.key} ticket={ticket} aside={<span />}>
                  <LiveLine ticket={ticket} />
                </TicketRow>
              ))}
              <Rest shown={items.length} all={overview?.counts.in_progress} />
            </Rows>
          )
        }
      </Loaded>
    </Section>
  );
}

function Next({ overview }: { overview: Overview | undefined }) {
  const next = useQuery(ticketsQuery({ status: 'todo' }, 6));
  return (
    <Section title="Next" count={overview?.counts.todo}>
      <Loaded query={next}>
        {({ items }) =>
          items.length === 0 ? (
            <Quiet>The queue is empty. Make a ticket ready on the board, and it starts.</Quiet>
          ) : (
            <Rows label="Next">
              {items.map((ticket) => (
                <TicketRow key={ticket.key} ticket={ticket}>
                  <p className="text-muted truncate text-xs">
                    {ticket.whyNotRunning ? (
                      <>
                        <span className="font-mono text-2xs">{ticket.whyNotRunning.code}</span> ·{' '}
                        {inZone(ticket.whyNotRunning.detail)}
                      </>
                    ) : (
                      inZone(ticket.nextAction.text)
                    )}
                  </p>
                </TicketRow>
              ))}
              <Rest shown={items.length} all={overview?.counts.todo} />
            </Rows>
          )
        }
      </Loaded>
    </Section>
  );
}

function Finished() {
  // The line between old and new stays where it was when the page was opened; leaving moves it.
  const [since, setSince] = useState(readLastLooked);
  useEffect(() => {
    const looked = (): void => setLastLooked(Date.now());
    addEventListener('pagehide', looked);
    return () => {
      removeEventListener('pagehide', looked);
      looked();
    };
  }, []);
  const done = useQuery(ticketsQuery({ status: 'done', sort: 'updated' }, 12));
  const isNew = (ticket: Ticket): boolean => since > 0 && Date.parse(ticket.statusSince) > since;
  const fresh = done.data?.items.filter(isNew).length ?? 0;
  return (
    <Section
      title={fresh > 0 ? 'Finished since you looked' : 'Finished lately'}
      count={fresh}
      actions={
        fresh > 0 && (
          <Button
            size="small"
            tone="ghost"
            onClick={() => {
              setLastLooked(Date.now());
              setSince(Date.now());
            }}
          >
            Seen
          </Button>
        )
      }
    >
      <Loaded query={done}>
        {({ items }) => {
          const shown = [...items].sort((a, b) => b.statusSince.localeCompare(a.statusSince));
          const list = fresh > 0 ? shown.filter(isNew) : shown.slice(0, 4);
          return list.length === 0 ? (
            <Quiet>Nothing yet.</Quiet>
          ) : (
            <Rows label="Finished">
              {list.map((ticket) => (
                <TicketRow
                  key={ticket.key}
                  ticket={ticket}
                  aside={<Ago at={ticket.statusSince} className="text-faint shrink-0 text-xs leading-5" />}
                >
                  <div className="mt-1 flex flex-wrap items-center gap-1">
                    {isNew(ticket) && <Badge tone="accent">new</Badge>}
                    <EvidenceBadges evidence={ticket.evidence} limit={4} />
                  </div>
                </TicketRow>
              ))}
            </Rows>
          );
        }}
      </Loaded>
    </Section>
  );
}

function More({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link to={to} className="text-accent tap flex items-center text-sm underline underline-offset-2">
      {children}
    </Link>
  );
}

/** What the list leaves out is on the board. */
function Rest({ shown, all = 0 }: { shown: number; all: number | undefined }) {
  if (all <= shown) return null;
  return (
    <li className="px-3 py-1">
      <More to="/board">{all - shown} more on the board</More>
    </li>
  );
}

function Quiet({ children }: { children: string }) {
  return (
    <p className="text-muted border-line rounded-lg border border-dashed px-3 py-3 text-sm">{children}</p>
  );
}
