/** Each piece of evidence: the claim, what Mission Control found, its output, and a second look. */
import { useMutation } from '@tanstack/react-query';
import { Download, RefreshCw, ScrollText } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { toast } from '../../ui/toast.ts';
import type { Evidence, Ticket } from '../../../../src/contract/shapes.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { queryClient } from '../../api/query-client.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { duration } from '../../format/time.ts';
import { EVIDENCE_STATE_WORDS, EVIDENCE_WORDS } from '../../format/words.ts';
import { ProtectedPaths } from '../../parts/decision-card.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EvidenceBadge } from '../../ui/evidence-badge.tsx';
import { Skeleton } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { showProblem } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';

const OutputView = lazy(() => import('../../output/output-view.tsx'));
const WaiverDialog = lazy(() => import('./waiver-dialog.tsx'));

export function EvidenceList({ ticket }: { ticket: Ticket }) {
  const blocked = useBlocked();
  const [waives, setWaives] = useState(false);
  const last = ticket.attempt?.id ?? ticket.evidence.at(-1)?.attempt;
  const current = ticket.evidence.filter((e) => e.attempt === last);
  const earlier = ticket.evidence.filter((e) => e.attempt !== last);
  const missing = ticket.completion.requires.filter(
    (kind) => kind !== 'review' && !current.some((e) => e.kind === kind) && ticket.status === 'in_review',
  );
  return (
    <Section
      title={
        <span id="evidence" className="scroll-mt-18">
          Evidence
        </span>
      }
      count={current.length}
      actions={
        ticket.status === 'in_review' && (
          <Button size="small" tone="ghost" blocked={blocked} onClick={() => setWaives(true)}>
            Waive a kind …
          </Button>
        )
      }
    >
      <ul className="card divide-line divide-y">
        {current.map((evidence) => (
          <Item key={evidence.id} evidence={evidence} />
        ))}
        {missing.map((kind) => (
          <li key={kind} className="text-amber px-3.5 py-2.5 text-sm">
            {EVIDENCE_WORDS[kind]}: required, and nothing was claimed.
          </li>
        ))}
        {ticket.waivers.map((waiver) => (
          <li key={waiver.id} className="flex flex-wrap items-baseline gap-2 px-3.5 py-2.5 text-sm">
            <Badge tone="violet">waived: {EVIDENCE_WORDS[waiver.kind].toLowerCase()}</Badge>
            <span className="min-w-0 flex-1">{revealHidden(waiver.reason)}</span>
            <span className="text-faint text-xs">
              {waiver.by}, until <Ago at={waiver.expiresAt} />
            </span>
          </li>
        ))}
        {current.length + missing.length + ticket.waivers.length === 0 && (
          <li className="text-muted px-3.5 py-2.5 text-sm">Nothing has been claimed yet.</li>
        )}
      </ul>
      {earlier.length > 0 && (
        <details className="mt-2">
          <summary className="text-muted tap flex items-center text-xs">
            {earlier.length} of earlier attempts
          </summary>
          <ul className="card divide-line mt-1 divide-y">
            {earlier.map((evidence) => (
              <Item key={evidence.id} evidence={evidence} />
            ))}
          </ul>
        </details>
      )}
      {waives && (
        <Suspense fallback={null}>
          <WaiverDialog ticket={ticket} onClose={() => setWaives(false)} />
        </Suspense>
      )}
    </Section>
  );
}

function Item({ evidence }: { evidence: Evidence }) {
  const blocked = useBlocked();
  const [shows, setShows] = useState(false);
  const { details } = evidence;
  const verify = useMutation({
    mutationFn: () =>
      api.post<Evidence>(
        `/evidence/${encodeURIComponent(evidence.id)}/verify`,
        {},
        { idempotencyKey: newKey() },
      ),
    onSuccess: (seen) => {
      void queryClient.invalidateQueries({ queryKey: ['ticket'] });
      void queryClient.invalidateQueries({ queryKey: keys.allTickets });
      toast(`${EVIDENCE_WORDS[seen.kind]} is looked at again`, {
        description: 'A runner does it now; the time beside it says when it has.',
      });
    },
    onError: showProblem,
  });
  const facts = [
    typeof details.exitCode === 'number' ? `exit code ${details.exitCode}` : '',
    details.durationMs === undefined
      ? ''
      : details.durationMs < 1_000
        ? `${Math.round(details.durationMs)} ms`
        : duration(details.durationMs),
    details.files ? `${details.files.length} file${details.files.length === 1 ? '' : 's'}` : '',
    details.size === undefined ? '' : `${details.size.toLocaleString()} bytes`,
    evidence.required ? '' : 'not required',
  ].filter(Boolean);
  const outputPath = details.outputUrl?.replace(/^\/api\/v1/, '').replace(/\?.*$/, '');
  return (
    <li className="px-3.5 py-2.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <EvidenceBadge evidence={evidence} />
        <span className="text-muted text-xs">{EVIDENCE_STATE_WORDS[evidence.state]}</span>
        {evidence.verifiedAt && <Ago at={evidence.verifiedAt} className="text-faint text-xs" />}
        <span className="num text-faint text-xs">{facts.join(' · ')}</span>
        <span className="ml-auto flex gap-1">
          {outputPath && (
            <Button
              size="small"
              tone="ghost"
              aria-expanded={shows}
              icon={<ScrollText size={13} aria-hidden />}
              onClick={() => setShows(!shows)}
            >
              Output
            </Button>
          )}
          {details.contentUrl && (
            <a className={buttonClass('ghost', 'small')} href={details.contentUrl} download>
              <Download size={13} aria-hidden />
              Download
            </a>
          )}
          {['commit', 'check', 'artifact'].includes(evidence.kind) && (
            <Button
              size="small"
              tone="ghost"
              blocked={blocked}
              busy={verify.isPending}
              icon={<RefreshCw size={13} aria-hidden />}
              onClick={() => verify.mutate()}
            >
              Verify again
            </Button>
          )}
        </span>
      </div>
      {evidence.reason && (
        <p
          tabIndex={0}
          role="group"
          aria-label="Reason"
          className="text-muted mt-1 max-h-40 overflow-y-auto text-sm whitespace-pre-wrap"
        >
          {revealHidden(evidence.reason)}
        </p>
      )}
      {details.protectedPaths && details.protectedPaths.length > 0 && (
        <ProtectedPaths paths={details.protectedPaths} />
      )}
      {details.sha256 && (
        <p className="text-faint mt-1 font-mono text-2xs break-all">SHA-256 {details.sha256}</p>
      )}
      {shows && outputPath && (
        <Suspense fallback={<Skeleton lines={3} />}>
          <OutputView path={outputPath} name={evidence.id} className="mt-2 h-64" />
        </Suspense>
      )}
    </li>
  );
}
