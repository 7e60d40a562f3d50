/** A configured thing in a list, with the button that edits it; and the button that makes another. */
import { Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';

export function AddButton({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <Button size="small" icon={<Plus size={14} aria-hidden />} onClick={onClick}>
      New {what}
    </Button>
  );
}

export function EditableRow({
  title,
  label,
  onEdit,
  children,
}: {
  title: ReactNode;
  label: string;
  onEdit: () => void;
  children: ReactNode;
}) {
  return (
    <li data-row className="flex items-start gap-3 px-3.5 py-3">
      <div className="min-w-0 flex-1">
        <p className="text-sm font-medium">{title}</p>
        {children}
      </div>
      <Button size="small" tone="ghost" aria-label={label} onClick={onEdit}>
        Edit
      </Button>
    </li>
  );
}
