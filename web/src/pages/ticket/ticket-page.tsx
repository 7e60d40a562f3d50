/** The ticket, as in the seed: what it is, how it stands, what is asked, what was done, and how it came to be so. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import type { Ticket } from '../../../../src/contract/shapes.ts';
import { ticketQuery } from '../../api/queries.ts';
import { QuestionBox } from '../../parts/question-box.tsx';
import { Loaded, Skeleton } from '../../ui/loaded.tsx';
import { PageHead, Section } from '../../ui/page.tsx';
import { SafeMarkdown, SafeText } from '../../ui/safe-text.tsx';
import { AttemptList } from './attempt-list.tsx';
import { Conversation } from './conversation.tsx';
import { EvidenceList } from './evidence-list.tsx';
import { LandingPanel } from './landing-panel.tsx';
import { LivePanel } from './live-panel.tsx';
import { Properties } from './properties.tsx';
import { TicketHead } from './ticket-head.tsx';
import { WhyPanel } from './why-panel.tsx';
import { useParam } from '../../router/place-context.ts';

const DiffSection = lazy(() => import('./review/diff-section.tsx'));

export function TicketPage() {
  const key = useParam('key');
  const query = useQuery(ticketQuery(key));
  return (
    <>
      <PageHead
        title={key}
        crumbs={[
          { label: 'Home', to: '/' },
          { label: 'Board', to: '/board' },
        ]}
      />
      <div className="mx-auto w-full max-w-6xl px-4 py-5 sm:px-6">
        <Loaded query={query} lines={6}>
          {(ticket) => <Body key={ticket.key} ticket={ticket} />}
        </Loaded>
      </div>
    </>
  );
}

function Body({ ticket }: { ticket: Ticket }) {
  const open = ticket.questions.filter((q) => q.state === 'open');
  // While somebody works, that comes first; else it stands where the seed has it, under the activity.
  const isLive = ticket.attempt !== null && !['ended', 'parked'].includes(ticket.attempt.state);
  const isClosed = ticket.status === 'done' || ticket.status === 'cancelled';
  return (
    <>
      <TicketHead ticket={ticket} />
      <div className="mt-6 grid gap-x-10 gap-y-7 lg:grid-cols-[minmax(0,1fr)_17rem]">
        <div className="min-w-0 space-y-7">
          {open.length > 0 && (
            <Section title={open.length === 1 ? 'A question for you' : 'Questions for you'}>
              <div className="space-y-3">
                {open.map((question) => (
                  <QuestionBox key={question.id} ticket={ticket} question={question} />
                ))}
              </div>
            </Section>
          )}
          {ticket.feedback && ticket.status === 'todo' && (
            <Section title="Feedback for the next attempt">
              <div className="border-violet border-l-2 pl-3">
                <SafeMarkdown text={ticket.feedback} />
              </div>
            </Section>
          )}
          {isLive && <LivePanel ticket={ticket} />}
          <Section title="Description">
            {ticket.description.trim() === '' ? (
              <p className="text-faint text-sm">None.</p>
            ) : (
              <SafeMarkdown text={ticket.description} />
            )}
          </Section>
          {ticket.acceptanceCriteria.length > 0 && (
            <Section title="Acceptance criteria">
              <ul className="list-disc space-y-1 pl-5 text-base">
                {ticket.acceptanceCriteria.map((criterion) => (
                  <li key={criterion} className="marker:text-faint">
                    <SafeText text={criterion} />
                  </li>
                ))}
              </ul>
            </Section>
          )}
          {!isClosed && <WhyPanel ticket={ticket} />}
          {ticket.landing && <LandingPanel ticket={ticket} landing={ticket.landing} />}
          {(ticket.evidence.length > 0 || ticket.waivers.length > 0 || ticket.status === 'in_review') && (
            <EvidenceList ticket={ticket} />
          )}
          {ticket.attempt && (
            <Suspense fallback={<Skeleton lines={2} />}>
              <DiffSection
                key={ticket.attempt.id}
                ticket={ticket}
                attemptId={ticket.attempt.id}
                isOver={ticket.attempt.state === 'ended'}
              />
            </Suspense>
          )}
          {ticket.attempt && <AttemptList ticket={ticket} />}
          <Conversation ticket={ticket} />
          {!isLive && <LivePanel ticket={ticket} />}
        </div>
        <Properties ticket={ticket} />
      </div>
    </>
  );
}
