/** A menu of actions, by mouse, touch and keyboard. */
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { cx } from './cx.ts';

export interface MenuItem {
  id: string;
  label: ReactNode;
  icon?: ReactNode;
  hint?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export function Menu({
  trigger,
  items,
  label,
  align = 'end',
  open,
  onOpenChange,
}: {
  trigger: ReactNode;
  items: MenuItem[];
  label: string;
  align?: 'start' | 'end';
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  return (
    <DropdownMenu.Root open={open} onOpenChange={onOpenChange} modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          className="border-line-strong bg-raised shadow-high z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 overflow-y-auto rounded-lg border p-1"
        >
          {items.map((item) => (
            <DropdownMenu.Item
              key={item.id}
              disabled={item.disabled}
              onSelect={item.onSelect}
              className={cx(
                'tap data-highlighted:bg-hover flex min-h-8 items-center gap-2 rounded-md px-2 text-sm outline-none',
                item.danger && 'text-red',
                'data-disabled:cursor-not-allowed data-disabled:opacity-60',
              )}
            >
              {item.icon}
              <span className="flex-1">{item.label}</span>
              {item.hint && <span className="text-faint max-w-56 text-xs">{item.hint}</span>}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
