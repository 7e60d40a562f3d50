/** The bell: how many notifications nobody has read, on the way to them. */
import { useQuery } from '@tanstack/react-query';
import { Bell as BellIcon } from 'lucide-react';
import { NavLink } from '../router/link.tsx';
import { notificationsQuery } from './queries.ts';

export default function Bell() {
  const unread = useQuery(notificationsQuery).data?.unread ?? 0;
  const label = unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`;
  return (
    <NavLink
      to="/notifications"
      aria-label={label}
      title={label}
      activeClassName="text-text!"
      className="tap text-muted hover:bg-hover hover:text-text relative inline-flex size-8 shrink-0 items-center justify-center rounded-md"
    >
      <BellIcon size={16} aria-hidden />
      {unread > 0 && (
        <span
          aria-hidden
          className="num bg-accent-fill text-on-accent absolute top-0 right-0 min-w-4 rounded-full px-1 text-center text-2xs leading-4 font-semibold"
        >
          {unread > 99 ? '99+' : unread}
        </span>
      )}
    </NavLink>
  );
}
