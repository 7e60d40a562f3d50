/** What the words mean: states, evidence, and why a ticket may not be running. */
import { SKIP_REASONS, TICKET_STATUSES } from '../../../../src/domain/words.ts';
import { SKIP_MEANS, STATUS_MEANS } from '../../format/meanings.ts';
import { STATUS_WORDS } from '../../format/words.ts';
import { PageBody, PageHead, Section } from '../../ui/page.tsx';
import { StatusIcon } from '../../ui/status-icon.tsx';
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
              Make a profile on the page Agents, which also shows the agent programs it finds on this machine.
              Claude Code, Codex and agents that speak the Agent Client Protocol are driven by their own
              protocol; any other program gets the prompt on standard input and reports with{' '}
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

/** The chart is for the eye; the list under it says the same in words. */
function StateChart() {
  const box = (x: number, y: number, label: string) => (
    <g key={label}>
      <rect x={x} y={y} width="92" height="30" rx="7" className="fill-surface stroke-line-strong" />
      <text x={x + 46} y={y + 19} textAnchor="middle" className="fill-text text-[11px]">
        {label}
      </text>
    </g>
  );
  const arrow = (d: string) => (
    <path key={d} d={d} className="stroke-control-line fill-none" markerEnd="url(#tip)" />
  );
  return (
    <div className="max-sm:hidden">
      <svg viewBox="0 0 640 132" className="h-auto w-full" aria-hidden>
        <defs>
          <marker
            id="tip"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="6"
            markerHeight="6"
            orient="auto-start-reverse"
          >
            <path d="M0 0 8 4 0 8z" className="fill-control-line" />
          </marker>
        </defs>
        {box(2, 20, 'Backlog')}
        {box(136, 20, 'To do')}
        {box(270, 20, 'In progress')}
        {box(404, 20, 'In review')}
        {box(538, 20, 'Done')}
        {box(270, 92, 'Needs input')}
        {box(538, 92, 'Cancelled')}
        {arrow('M96 31h36')}
        {arrow('M136 41h-36')}
        {arrow('M230 35h36')}
        {arrow('M364 35h36')}
        {arrow('M498 35h36')}
        {arrow('M302 52v36')}
        {arrow('M330 90v-36')}
        {arrow('M450 18c-20-16-240-16-268 0')}
        {/* Every open state leads here; one arrow out of each would hide the rest. */}
        <path
          d="M498 107h36"
          className="stroke-control-line fill-none"
          strokeDasharray="3 3"
          markerEnd="url(#tip)"
        />
        <text x="492" y="111" textAnchor="end" className="fill-muted text-[11px]">
          any open state
        </text>
      </svg>
    </div>
  );
}
