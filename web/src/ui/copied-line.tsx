/** A command to be copied into a terminal. */
import { Copy } from 'lucide-react';
import { IconButton } from './button.tsx';
import { toast } from './toast.ts';

export function CopiedLine({ line, label }: { line: string; label: string }) {
  const copy = (): void => {
    // Without a secure address a browser has no clipboard; the text can be marked all the same.
    navigator.clipboard?.writeText(line).then(
      () => toast.success('Copied', { id: 'copied', duration: 2_000 }),
      () => toast.error('This browser did not copy it: mark it and copy by hand.', { id: 'copied' }),
    );
  };
  return (
    <div className="bg-sunken border-line flex items-center gap-1 rounded-md border pl-2.5">
      <code className="min-w-0 flex-1 py-1.5 font-mono text-xs break-all">{line}</code>
      <IconButton label={label} className="shrink-0" onClick={copy}>
        <Copy size={14} aria-hidden />
      </IconButton>
    </div>
  );
}
