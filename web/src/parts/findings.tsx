/** What a live look at a project or a profile found: each check with its result, and what to do about a bad one. */
import { Check, TriangleAlert } from 'lucide-react';
import type { Finding } from '../../../src/contract/shapes.ts';
import { revealHidden } from '../format/reveal-hidden.ts';

export function Findings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul className="space-y-1 text-sm" aria-label="What the check found">
      {findings.map((finding) => (
        <li key={`${finding.subject}:${finding.message}`} className="flex items-start gap-1.5">
          {finding.ok ? (
            <Check size={15} className="text-green mt-0.5 shrink-0" role="img" aria-label="Good" />
          ) : (
            <TriangleAlert
              size={15}
              className="text-amber mt-0.5 shrink-0"
              role="img"
              aria-label="Needs attention"
            />
          )}
          <span className="min-w-0">
            <span className="font-medium">{revealHidden(finding.subject)}</span>{' '}
            <span className="text-muted">{revealHidden(finding.message)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
