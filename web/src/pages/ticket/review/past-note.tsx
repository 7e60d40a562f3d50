/** A comment of a review that was sent: at its lines, or with the lines as they were. */
import { revealHidden } from '../../../format/reveal-hidden.ts';
import { Badge, type BadgeTone } from '../../../ui/badge.tsx';
import { SafeText } from '../../../ui/safe-text.tsx';
import { Ago } from '../../../ui/time.tsx';
import { placeWords } from './file-diff.tsx';
import type { PastComment } from './past-comments.ts';

export type Fate = 'here' | 'outdated' | 'untouched';

const FATES: Record<Fate, { tone: BadgeTone; words: string }> = {
  here: { tone: 'neutral', words: 'sent with the review' },
  outdated: { tone: 'amber', words: 'outdated: the lines have changed' },
  untouched: { tone: 'amber', words: 'this attempt did not touch the file' },
};

export function PastNote({ comment, fate }: { comment: PastComment; fate: Fate }) {
  const { tone, words } = FATES[fate];
  return (
    <article aria-label={placeWords(comment)} className="text-sm">
      <p className="text-muted flex flex-wrap items-center gap-x-2 text-xs">
        <span className="text-text font-medium">{revealHidden(comment.by)}</span>
        <Ago at={comment.at} />
        <Badge tone={tone}>{words}</Badge>
      </p>
      {fate !== 'here' && comment.quote !== '' && (
        <pre className="border-line-strong text-muted mt-1 overflow-x-auto border-l-2 pl-2 font-mono text-xs">
          {revealHidden(comment.quote)}
        </pre>
      )}
      <SafeText text={comment.text} className="mt-0.5" />
    </article>
  );
}
