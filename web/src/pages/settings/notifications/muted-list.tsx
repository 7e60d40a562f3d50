/** Tickets and projects of which this person wants to hear nothing: neither in the app nor by a push. */
import { useQuery } from '@tanstack/react-query';
import { BellOff, X } from 'lucide-react';
import { useState } from 'react';
import type { NotifySettings } from '../../../../../src/contract/notify-shapes.ts';
import { projectsQuery } from '../../../api/queries.ts';
import { useIsOffline } from '../../../api/hooks.ts';
import { Button, IconButton } from '../../../ui/button.tsx';
import { changeSettings } from '../../../notifications/change-settings.ts';

const TICKET = /^[A-Z][A-Z0-9]{0,9}-[1-9][0-9]*$/;

export function MutedList({ settings: { muted } }: { settings: NotifySettings }) {
  const offline = useIsOffline();
  const projects = useQuery(projectsQuery).data?.items.map(({ key }) => key) ?? [];
  const [text, setText] = useState('');
  const name = text.trim().toUpperCase();
  const isTicket = TICKET.test(name);
  const isProject = projects.includes(name);
  const wrong =
    name === ''
      ? 'Name a ticket (MC-12) or a project (MC).'
      : !isTicket && !isProject && `There is no project ${name}, and a ticket looks like MC-12.`;
  const all = [
    ...muted.projects.map((key) => ({ key, what: 'project' as const })),
    ...muted.tickets.map((key) => ({ key, what: 'ticket' as const })),
  ];
  const unmute = (key: string): void =>
    void changeSettings({
      muted: {
        tickets: muted.tickets.filter((each) => each !== key),
        projects: muted.projects.filter((each) => each !== key),
      },
    });
  return (
    <form
      aria-label="Muted"
      className="card space-y-2 p-3.5"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong) return;
        setText('');
        void changeSettings({
          muted: isTicket
            ? { tickets: [...new Set([...muted.tickets, name])] }
            : { projects: [...new Set([...muted.projects, name])] },
        });
      }}
    >
      <h3 className="text-sm font-medium">Muted</h3>
      {all.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {all.map(({ key, what }) => (
            <li
              key={key}
              className="border-line inline-flex items-center gap-1 rounded-md border pl-2 text-sm"
            >
              <span className="text-faint text-xs">{what}</span> {key}
              <IconButton label={`Hear of ${key} again`} onClick={() => unmute(key)}>
                <X size={14} aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      <div className="flex gap-2">
        <input
          className="control min-w-0 flex-1"
          aria-label="Ticket or project to mute"
          placeholder="MC-12, or MC"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
        <Button
          type="submit"
          icon={<BellOff size={14} aria-hidden />}
          blocked={(offline && 'Not possible offline.') || wrong}
        >
          Mute
        </Button>
      </div>
    </form>
  );
}
