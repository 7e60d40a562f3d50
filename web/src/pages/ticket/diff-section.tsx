/** What the attempt changed, file by file. Read only when somebody opens it. */
import { useQuery } from '@tanstack/react-query';
import { ChevronRight, ShieldAlert } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import type { Diff } from '../../../../src/contract/shapes.ts';
import { diffQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { parseDiff, type DiffRow } from './parse-diff.ts';

export default function DiffSection({ attemptId, isOver }: { attemptId: string; isOver: boolean }) {
  const [open, setOpen] = useState(() => location.hash === '#diff');
  useEffect(() => {
    if (location.hash === '#diff') document.getElementById('diff')?.scrollIntoView({ block: 'start' });
  }, []);
  return (
    <Section
      title={<span id="diff">Diff</span>}
      actions={
        <Button size="small" tone="ghost" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide' : 'Show'}
        </Button>
      }
    >
      {open ? (
        <Changes attemptId={attemptId} />
      ) : (
        <p className="text-faint text-sm">
          {isOver ? 'What the attempt changed.' : 'What has been saved so far.'}
        </p>
      )}
    </Section>
  );
}

function Changes({ attemptId }: { attemptId: string }) {
  const query = useQuery(diffQuery(attemptId));
  return <Loaded query={query}>{(diff) => <Files diff={diff} />}</Loaded>;
}

function Files({ diff }: { diff: Diff }) {
  const parsed = useMemo(() => new Map(parseDiff(diff.patch).map((f) => [f.path, f.rows])), [diff.patch]);
  if (diff.files.length === 0) return <p className="text-muted text-sm">Nothing was changed.</p>;
  return (
    <div className="space-y-2">
      {diff.files.map((file) => (
        <FileDiff
          key={file.path}
          file={file}
          rows={parsed.get(file.path) ?? []}
          openAtFirst={diff.files.length <= 12}
        />
      ))}
      {diff.truncated && (
        <p className="text-amber text-sm">
          The diff is longer than what is kept here; read the rest in the branch.
        </p>
      )}
    </div>
  );
}

function FileDiff({
  file,
  rows,
  openAtFirst,
}: {
  file: Diff['files'][number];
  rows: DiffRow[];
  openAtFirst: boolean;
}) {
  const [open, setOpen] = useState(openAtFirst && rows.length <= 600);
  return (
    <div className="card overflow-hidden">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="tap hover:bg-hover flex min-h-9 w-full items-center gap-2 px-2.5 text-left"
      >
        <ChevronRight
          size={14}
          aria-hidden
          className={cx('text-faint transition-transform', open && 'rotate-90')}
        />
        <span className="min-w-0 flex-1 truncate font-mono text-xs">{revealHidden(file.path)}</span>
        {file.protected && (
          <Badge tone="amber" icon={<ShieldAlert size={12} aria-hidden />}>
            protected
          </Badge>
        )}
        <span className="num text-green text-xs">+{file.additions}</span>
        <span className="num text-red text-xs">−{file.deletions}</span>
      </button>
      {open && (
        <div
          className="border-line overflow-x-auto border-t"
          tabIndex={0}
          role="region"
          aria-label={`Changes of ${file.path}`}
        >
          <table className="w-full border-collapse font-mono text-xs leading-[1.125rem]">
            <tbody>
              {rows.map((row, i) => (
                <tr key={i} className={TONES[row.kind]}>
                  <td className="num text-faint w-10 px-2 text-right align-top select-none">{row.before}</td>
                  <td className="num text-faint w-10 px-2 text-right align-top select-none">{row.after}</td>
                  <td className="w-3 align-top select-none">
                    <span aria-hidden>{SIGNS[row.kind]}</span>
                    <span className="sr-only">{SPOKEN[row.kind]}</span>
                  </td>
                  <td className="pr-3 whitespace-pre">{revealHidden(row.text)}</td>
                </tr>
              ))}
              {rows.length === 0 && (
                <tr>
                  <td className="text-muted px-3 py-2 font-sans">No text to show.</td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

const TONES: Record<DiffRow['kind'], string> = {
  add: 'bg-green-soft',
  remove: 'bg-red-soft',
  same: '',
  hunk: 'bg-sunken text-muted',
  note: 'text-muted italic',
};
const SIGNS: Record<DiffRow['kind'], string> = { add: '+', remove: '−', same: '', hunk: '', note: '' };
const SPOKEN: Record<DiffRow['kind'], string> = {
  add: 'added',
  remove: 'removed',
  same: '',
  hunk: '',
  note: '',
};
