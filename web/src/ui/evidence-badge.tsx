/** Evidence at a glance: what kind, and whether Mission Control has seen it for itself. */
import { Check, CircleDashed, X } from 'lucide-react';
import type { Evidence } from '../../../src/contract/shapes.ts';
import type { EvidenceState } from '../../../src/domain/words.ts';
import { EVIDENCE_STATE_WORDS, EVIDENCE_WORDS } from '../format/words.ts';
import { Badge, type BadgeTone } from './badge.tsx';

const TONES: Record<EvidenceState, BadgeTone> = { verified: 'green', refuted: 'red', unverified: 'neutral' };
const ICONS = { verified: Check, refuted: X, unverified: CircleDashed };

export function evidenceName(evidence: Evidence): string {
  const { claim, kind } = evidence;
  if (kind === 'check' && typeof claim['name'] === 'string') return claim['name'];
  if (kind === 'commit' && typeof claim['commit'] === 'string')
    return `commit ${claim['commit'].slice(0, 8)}`;
  if (kind === 'deploy' && typeof claim['environment'] === 'string') return `deploy ${claim['environment']}`;
  if (kind === 'artifact' && typeof claim['name'] === 'string') return claim['name'];
  return EVIDENCE_WORDS[kind].toLowerCase();
}

export function EvidenceBadge({ evidence }: { evidence: Evidence }) {
  const Icon = ICONS[evidence.state];
  const state = EVIDENCE_STATE_WORDS[evidence.state];
  return (
    <Badge
      tone={TONES[evidence.state]}
      icon={<Icon size={12} aria-hidden />}
      title={`${evidenceName(evidence)}: ${state}${evidence.reason ? ` (${evidence.reason})` : ''}`}
    >
      {evidenceName(evidence)}
      <span className="sr-only">: {state}</span>
    </Badge>
  );
}

/** Only the newest attempt's evidence is about the work that is to be decided. */
export function EvidenceBadges({ evidence, limit = 6 }: { evidence: Evidence[]; limit?: number }) {
  const last = evidence.at(-1)?.attempt;
  const shown = evidence.filter((e) => e.attempt === last);
  if (shown.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-1" aria-label="Evidence">
      {shown.slice(0, limit).map((e) => (
        <li key={e.id} className="flex max-w-full min-w-0">
          <EvidenceBadge evidence={e} />
        </li>
      ))}
      {shown.length > limit && (
        <li>
          <Badge>+{shown.length - limit}</Badge>
        </li>
      )}
    </ul>
  );
}
