/** Pause shows on every page: who did it, why, and the way back. */
import { Pause } from 'lucide-react';
import type { Policy } from '../../../src/contract/shapes.ts';
import { Ago } from '../ui/time.tsx';
import { SafeInline } from '../ui/safe-inline.tsx';
import { openDialog } from './dialogs.ts';

export function PauseBanner({ paused }: { paused: Policy['paused'] }) {
  if (!paused) return null;
  return (
    <div
      role="status"
      className="border-line bg-sunken text-muted flex min-h-9 flex-wrap items-center gap-x-3 border-b px-4 py-1 text-sm sm:px-6"
    >
      <Pause size={15} className="text-amber shrink-0" aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="text-text font-medium">Paused</span> by {paused.by} <Ago at={paused.at} />
        {paused.reason && (
          <>
            : <SafeInline text={paused.reason} />
          </>
        )}
        . {paused.stop ? 'What ran was stopped.' : 'What runs goes on; nothing new starts.'}
      </span>
      <button
        type="button"
        className="tap hover:bg-hover text-text rounded px-2 py-0.5 font-medium underline-offset-2 hover:underline"
        onClick={() => openDialog({ name: 'pause' })}
      >
        Resume …
      </button>
    </div>
  );
}
