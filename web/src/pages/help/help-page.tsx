/** What the words mean: states, evidence, and why a ticket may not be running. */
import { SKIP_REASONS, TICKET_STATUSES } from '../../../../src/domain/words.ts';
import { SKIP_MEANS, STATUS_MEANS } from '../../format/meanings.ts';
import { STATUS_WORDS } from '../../format/words.ts';
import { Link } from '../../router/link.tsx';
import { PageBody, PageHead, Section } from '../../ui/page.tsx';
import { StatusIcon } from '../../ui/status-icon.tsx';
import { StateChart } from './state-chart.tsx';
import { ShortcutTable } from './shortcut-table.tsx';

export function HelpPage() {
  return (
    <>
      <PageHead title="Help" />
      <PageBody narrow>
        <div className="space-y-9">
          <Section title="The states of a ticket">
            <StateChart />
            <dl className="mt-4 space-y-2.5">
              {TICKET_STATUSES.map((status) => (
                <div key={status} className="grid gap-x-4 sm:grid-cols-[8.5rem_minmax(0,1fr)]">
                  <dt className="flex items-center gap-2 text-sm font-medium">
                    <StatusIcon status={status} labelled={false} /> {STATUS_WORDS[status]}
                  </dt>
                  <dd className="text-muted text-sm">{STATUS_MEANS[status]}</dd>
                </div>
              ))}
            </dl>
          </Section>
          <Section title="Why isn’t this running?">
            <p className="text-muted mb-3 text-sm">
              A ticket in To do that was not started has exactly one reason, decided where it was held back:
            </p>
            <dl className="space-y-2.5">
              {SKIP_REASONS.map((code) => (
                <div key={code} className="grid gap-x-4 sm:grid-cols-[13rem_minmax(0,1fr)]">
                  <dt className="font-mono text-xs leading-5">{code}</dt>
                  <dd className="text-muted text-sm">{SKIP_MEANS[code]}</dd>
                </div>
              ))}
            </dl>
          </Section>
          <Section title="What proves that work is done">
            <p className="text-muted text-sm">
              What an agent says is a claim. Mission Control looks for itself: that the commit exists,
              descends from where the attempt began and changes something; that the project’s own checks pass
              on exactly that commit, in a clean worktree. Evidence is <em>not verified yet</em>,{' '}
              <em>verified</em> or <em>refuted</em>. To accept without a kind, a person writes a waiver, which
              stands on the ticket for good.
            </p>
          </Section>
          <Section title="Connecting an agent">
            <p className="text-muted text-sm">
              Make a profile on the page{' '}
              <Link to="/agents" className="text-accent underline underline-offset-2">
                Agents
              </Link>
              : it lists the agent programs that it knows, which of them this machine has, and what to type
              for the others. Claude Code, Codex and agents that speak the Agent Client Protocol are driven by
              their own protocol; any other program gets the prompt on standard input and reports with{' '}
              <code className="font-mono text-xs">mc-coord progress</code>,{' '}
              <code className="font-mono text-xs">ask</code>,{' '}
              <code className="font-mono text-xs">submit</code> and{' '}
              <code className="font-mono text-xs">fail</code>.
            </p>
          </Section>
          <Section title="Keyboard">
            <ShortcutTable />
          </Section>
        </div>
      </PageBody>
    </>
  );
}
