/** What can be done with all that is chosen. What was refused stays chosen, and says here why. */
import { Bot, CircleDashed, FolderOpen, SignalHigh, Tag, TriangleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { openDialog, type PickWhat } from '../../shell/dialogs.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { selection, useChosen, useRefusals } from '../../shell/selection.ts';
import { Button, IconButton } from '../../ui/button.tsx';

const ACTIONS: { what: PickWhat; label: string; key: string; icon: ReactNode }[] = [
  { what: 'status', label: 'State', key: 'S', icon: <CircleDashed size={14} aria-hidden /> },
  { what: 'priority', label: 'Priority', key: 'P', icon: <SignalHigh size={14} aria-hidden /> },
  { what: 'agent', label: 'Agent', key: 'A', icon: <Bot size={14} aria-hidden /> },
  { what: 'campaign', label: 'Campaign', key: '', icon: <FolderOpen size={14} aria-hidden /> },
  { what: 'label', label: 'Label', key: 'L', icon: <Tag size={14} aria-hidden /> },
];

export default function BulkBar() {
  const chosen = useChosen();
  const refusals = useRefusals();
  const blocked = useBlocked();
  const keys = [...chosen.keys()];
  return (
    <section
      aria-label="Chosen tickets"
      className="border-line-strong bg-raised shadow-high absolute inset-x-2 bottom-3 z-30 mx-auto max-w-3xl rounded-xl border p-2"
    >
      {refusals.size > 0 && (
        <div role="alert" className="border-line mb-2 max-h-40 overflow-y-auto border-b pb-2 text-sm">
          <p className="text-amber flex items-center gap-1.5 px-1 font-medium">
            <TriangleAlert size={14} aria-hidden />
            {refusals.size === 1 ? 'One was refused' : `${refusals.size} were refused`}, and stayed as it was
          </p>
          <ul className="mt-1 space-y-0.5 px-1">
            {[...refusals].map(([key, reason]) => (
              <li key={key} className="text-muted">
                <span className="num text-text font-medium">{key}</span> {revealHidden(reason)}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className="flex flex-wrap items-center gap-1.5">
        <p className="num px-1.5 text-sm font-medium" role="status">
          {chosen.size} chosen
        </p>
        <div className="flex min-w-0 flex-1 flex-wrap items-center gap-1">
          {ACTIONS.map(({ what, label, key, icon }) => (
            <Button
              key={what}
              size="small"
              tone="ghost"
              icon={icon}
              blocked={blocked}
              title={key === '' ? label : `${label} (${key})`}
              onClick={() => openDialog({ name: 'pick', what, tickets: keys })}
            >
              {label}
            </Button>
          ))}
        </div>
        <IconButton label="Choose none (Esc)" onClick={() => selection.clear()}>
          <X size={15} aria-hidden />
        </IconButton>
      </div>
    </section>
  );
}
