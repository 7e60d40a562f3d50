/** What is known of an attempt, in words. */
import { Ban, Check, CircleDot, Clock, Pause, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Attempt, Evidence } from '../../../src/contract/shapes.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { OUTCOME_WORDS } from '../format/words.ts';
import { Badge, type BadgeTone } from '../ui/badge.tsx';
import { isRefuted } from './is-refuted.ts';
import { Ago, Elapsed } from '../ui/time.tsx';

/** @param evidence the ticket's */
export function AttemptOutcome({ attempt, evidence }: { attempt: Attempt; evidence: readonly Evidence[] }) {
  const { word, tone, icon: Icon } = look(attempt, evidence);
  return (
    <Badge tone={tone} icon={<Icon size={12} aria-hidden />}>
      {word}
    </Badge>
  );
}

function look(
  attempt: Attempt,
  evidence: readonly Evidence[],
): { word: string; tone: BadgeTone; icon: typeof Check } {
  switch (attempt.state) {
    case 'offered':
      return { word: 'Starting', tone: 'accent', icon: Clock };
    case 'running':
      return { word: 'Running', tone: 'accent', icon: CircleDot };
    case 'stopping':
      return { word: 'Stopping', tone: 'amber', icon: Clock };
    case 'parked':
      return { word: 'Parked', tone: 'amber', icon: Pause };
    case 'ended': {
      const outcome = attempt.outcome ?? 'stopped';
      if (isRefuted(attempt, evidence))
        return { word: `${OUTCOME_WORDS.submitted}, but refuted`, tone: 'red', icon: X };
      if (outcome === 'submitted') return { word: OUTCOME_WORDS.submitted, tone: 'green', icon: Check };
      if (outcome === 'failed' || outcome === 'lost' || outcome === 'timed_out')
        return { word: OUTCOME_WORDS[outcome], tone: 'red', icon: X };
      return { word: OUTCOME_WORDS[outcome], tone: 'neutral', icon: Ban };
    }
  }
}

const usd = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

export function costText({ cost }: Attempt): string {
  const tokens = cost.inputTokens + cost.outputTokens;
  const parts = [];
  if (cost.usd > 0) parts.push(usd.format(cost.usd));
  if (tokens > 0) parts.push(`${compact.format(tokens)} tokens`);
  return parts.join(' · ');
}

export function AttemptFacts({ attempt }: { attempt: Attempt }) {
  const cost = costText(attempt);
  return (
    <dl className="text-muted flex flex-wrap gap-x-5 gap-y-1.5 text-xs">
      {attempt.profile && <Fact name="Profile">{revealHidden(attempt.profile)}</Fact>}
      {attempt.kind === 'person' && <Fact name="By">a person</Fact>}
      {attempt.runner && <Fact name="Runner">{revealHidden(attempt.runner)}</Fact>}
      <Fact name={attempt.startedAt ? 'Started' : 'Offered'}>
        <Ago at={attempt.startedAt ?? attempt.offeredAt} />
      </Fact>
      {attempt.startedAt && (
        <Fact name={attempt.endedAt ? 'Took' : 'For'}>
          <Elapsed since={attempt.startedAt} until={attempt.endedAt} />
        </Fact>
      )}
      {cost && <Fact name="Cost">{cost}</Fact>}
      {attempt.reason && <Fact name="Reason">{revealHidden(attempt.reason)}</Fact>}
      {attempt.exitCode !== null && <Fact name="Exit code">{attempt.exitCode}</Fact>}
      {attempt.branch && (
        <Fact name="Branch">
          <code className="font-mono">{revealHidden(attempt.branch)}</code>
        </Fact>
      )}
      {attempt.head && (
        <Fact name="Head">
          <code className="font-mono" title={attempt.head}>
            {attempt.head.slice(0, 10)}
          </code>
        </Fact>
      )}
      <Fact name="Fencing token">{attempt.fence}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-faint">{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
