/** Whether one hears of a ticket: at once where one reads it, and taken back there. */
import { useQuery } from '@tanstack/react-query';
import { Bell, BellOff } from 'lucide-react';
import { useIsOffline } from '../api/hooks.ts';
import { Button } from '../ui/button.tsx';
import { changeSettings } from './change-settings.ts';
import { notifySettingsQuery } from './queries.ts';

export function MuteButton({ ticket }: { ticket: string }) {
  const offline = useIsOffline();
  const { data } = useQuery(notifySettingsQuery);
  const tickets = data?.muted.tickets ?? [];
  const isMuted = tickets.includes(ticket);
  return (
    <Button
      tone="ghost"
      icon={isMuted ? <Bell size={14} aria-hidden /> : <BellOff size={14} aria-hidden />}
      blocked={(offline && 'Not possible offline.') || (!data && 'Your settings are not here yet.')}
      title={isMuted ? 'You hear nothing of this ticket' : 'Hear nothing more of this ticket'}
      onClick={() =>
        void changeSettings({
          muted: { tickets: isMuted ? tickets.filter((key) => key !== ticket) : [...tickets, ticket] },
        })
      }
    >
      {isMuted ? 'Unmute' : 'Mute'}
    </Button>
  );
}
