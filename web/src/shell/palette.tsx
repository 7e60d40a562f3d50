/** Every place, every action and every ticket, by typing. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import {
  Bookmark,
  Bot,
  CircleDashed,
  Contrast,
  FolderOpen,
  Keyboard,
  Link2,
  LogOut,
  Moon,
  MoveRight,
  Pause,
  Pencil,
  Plus,
  Search,
  Send,
  SignalHigh,
  Sun,
  Tag,
  Undo2,
  type LucideIcon,
} from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useDeferredValue, useState } from 'react';
import type { Ticket } from '../../../src/contract/shapes.ts';
import { api } from '../api/client.ts';
import { useIsOffline } from '../api/hooks.ts';
import { keys as cacheKeys } from '../api/keys.ts';
import { outbox } from '../api/outbox.ts';
import { ticketsQuery } from '../api/queries.ts';
import { PERSON_TRANSITIONS, possibleTransitions } from '../api/transitions.ts';
import { forgetEverything } from '../api/kept-queries.ts';
import { queryClient } from '../api/query-client.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { matchesFilter, searchKept } from '../parts/filter-tickets.ts';
import { showProblem } from '../ui/problem.tsx';
import { StatusIcon } from '../ui/status-icon.tsx';
import { searchOfQuery, USUAL_VIEWS } from '../pages/board/view.ts';
import { openDialog, type PickWhat } from './dialogs.ts';
import { PLACES } from './navigation.ts';
import { setTheme, useSavedViews } from './preferences.ts';
import { meantTickets } from './shortcuts.ts';
import { ticketPath } from '../router/address.ts';
import { navigate } from '../router/history.ts';
import { takeTypedAhead } from './typed-ahead.ts';

interface Action {
  id: string;
  label: string;
  icon: LucideIcon;
  keys?: string[];
  run: () => void;
}

export default function Palette({ initial, onClose }: { initial: string; onClose: () => void }) {
  const offline = useIsOffline();
  const [words, setWords] = useState(initial);
  const [value, setValue] = useState('');
  const q = words.trim();
  const asked = useDeferredValue(q);
  const answer = useQuery({
    ...ticketsQuery(asked === '' ? { sort: 'updated' } : { q: asked }, asked === '' ? 6 : 12),
    enabled: !offline,
    placeholderData: keepPreviousData,
  });
  // Enter must never open what the words of a moment ago had found.
  const isOlder = answer.isPlaceholderData || asked !== q;
  const found = answer.data?.items.filter((ticket) => !isOlder || matchesFilter(ticket, { q }));
  const tickets = offline || !found ? searchKept(q, 12) : found;

  // What was in focus when it was opened; its own field has the focus now.
  const [meant] = useState(meantTickets);
  const views = useSavedViews();
  const actions: Action[] = [
    ...ticketActions(meant),
    {
      id: 'new',
      label: 'New ticket',
      icon: Plus,
      keys: ['C'],
      run: () => openDialog({ name: 'new-ticket' }),
    },
    ...PLACES.map((place) => ({
      id: `go-${place.to}`,
      label: `Go to ${place.label}`,
      icon: place.icon,
      keys: ['G', place.letter.toUpperCase()],
      run: () => navigate({ to: place.to }),
    })),
    ...[...views, ...USUAL_VIEWS].map((view, i) => ({
      id: `view-${i}`,
      label: `View: ${view.name}`,
      icon: Bookmark,
      run: () => navigate({ to: '/board', search: searchOfQuery(view.query) }),
    })),
    {
      id: 'undo',
      label: 'Undo the last change',
      icon: Undo2,
      keys: ['Ctrl/⌘', 'Z'],
      run: () => void import('../changes/undo.ts').then(({ undoLatest }) => undoLatest()),
    },
    { id: 'pause', label: 'Pause or resume work …', icon: Pause, run: () => openDialog({ name: 'pause' }) },
    { id: 'outbox', label: 'Outbox', icon: Send, run: () => openDialog({ name: 'outbox' }) },
    { id: 'dark', label: 'Theme: dark', icon: Moon, run: () => setTheme('dark') },
    { id: 'light', label: 'Theme: light', icon: Sun, run: () => setTheme('light') },
    { id: 'system', label: 'Theme: as the system', icon: Contrast, run: () => setTheme('system') },
    {
      id: 'keys',
      label: 'Keyboard shortcuts',
      icon: Keyboard,
      keys: ['?'],
      run: () => openDialog({ name: 'shortcuts' }),
    },
    { id: 'out', label: 'Sign out', icon: LogOut, run: () => void signOut() },
  ];
  const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = actions.filter((a) => wanted.every((word) => a.label.toLowerCase().includes(word)));
  // The list changes under the selection as answers come in; Enter must always mean the item that is marked.
  const values = [...tickets.map((t) => `ticket-${t.key}`), ...shown.map((a) => a.id)];
  const chosen = values.includes(value) ? value : (values[0] ?? '');
  const choose = (run: () => void): void => {
    onClose();
    run();
  };

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-(--overlay)" />
        <Dialog.Content
          aria-describedby={undefined}
          className="border-line-strong bg-raised shadow-high fixed inset-x-2 top-2 z-50 overflow-hidden rounded-xl border sm:inset-x-auto sm:top-[14vh] sm:left-1/2 sm:w-[36rem] sm:-translate-x-1/2"
        >
          <Dialog.Title className="sr-only">Search and commands</Dialog.Title>
          <Command
            shouldFilter={false}
            loop
            label="Search and commands"
            value={chosen}
            onValueChange={setValue}
          >
            <div className="border-line flex items-center gap-2 border-b px-3.5">
              <Search size={16} className="text-faint" aria-hidden />
              <Command.Input
                value={words}
                onValueChange={(next) => {
                  setWords(next);
                  setValue('');
                }}
                onFocus={() => {
                  const ahead = takeTypedAhead();
                  if (ahead !== '') setWords((before) => before + ahead);
                }}
                placeholder="A ticket, a place, a view, an action …"
                className="placeholder:text-faint h-12 flex-1 bg-transparent text-base outline-none"
              />
              <kbd>Esc</kbd>
            </div>
            <Command.List className="max-h-[60vh] overflow-y-auto p-1.5" tabIndex={-1}>
              <Command.Empty className="text-muted p-4 text-center text-sm">
                Nothing of that name.
              </Command.Empty>
              {tickets.length > 0 && (
                <Command.Group
                  heading={q === '' ? 'Changed lately' : offline ? 'Tickets on this device' : 'Tickets'}
                  className={GROUP}
                >
                  {tickets.map((ticket) => (
                    <Command.Item
                      key={ticket.key}
                      value={`ticket-${ticket.key}`}
                      onSelect={() => choose(() => navigate({ to: ticketPath(ticket.key) }))}
                      className={ITEM}
                    >
                      <StatusIcon status={ticket.status} />
                      <span className="num text-faint shrink-0 text-xs">{ticket.key}</span>
                      <span className="truncate">{revealHidden(ticket.title)}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {shown.length > 0 && (
                <Command.Group heading="Actions" className={GROUP}>
                  {shown.map((action) => (
                    <Command.Item
                      key={action.id}
                      value={action.id}
                      onSelect={() => choose(action.run)}
                      className={ITEM}
                    >
                      <action.icon size={16} className="text-muted" aria-hidden />
                      <span className="flex-1">{action.label}</span>
                      {action.keys?.map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );

  async function signOut(): Promise<void> {
    try {
      await api.delete('/session');
      await outbox.clear();
      await forgetEverything(queryClient);
      location.assign('/sign-in');
    } catch (error) {
      showProblem(error);
    }
  }
}

/** What can be done with the tickets that were in focus, or chosen. */
function ticketActions(tickets: string[]): Action[] {
  const [first] = tickets;
  if (first === undefined) return [];
  const who = tickets.length === 1 ? first : `${tickets.length} tickets`;
  const pick = (what: PickWhat) => () => openDialog({ name: 'pick', what, tickets });
  const one = tickets.length === 1 ? queryClient.getQueryData<Ticket>(cacheKeys.ticket(first)) : undefined;
  return [
    ...(one ? possibleTransitions(one) : []).map((transition) => ({
      id: `move-${transition}`,
      label: `${PERSON_TRANSITIONS[transition].label}: ${who}`,
      icon: MoveRight,
      run: () => openDialog({ name: 'transition', ticket: first, transition }),
    })),
    ...(tickets.length === 1
      ? [
          {
            id: 'edit',
            label: `Edit ${who}`,
            icon: Pencil,
            keys: ['E'],
            run: () => openDialog({ name: 'edit-ticket', ticket: first }),
          },
        ]
      : []),
    { id: 'status', label: `Move ${who} …`, icon: CircleDashed, keys: ['S'], run: pick('status') },
    { id: 'priority', label: `Priority of ${who} …`, icon: SignalHigh, keys: ['P'], run: pick('priority') },
    { id: 'agent', label: `Give ${who} to …`, icon: Bot, keys: ['A'], run: pick('agent') },
    { id: 'campaign', label: `Campaign of ${who} …`, icon: FolderOpen, run: pick('campaign') },
    { id: 'label', label: `Label ${who} …`, icon: Tag, keys: ['L'], run: pick('label') },
    {
      id: 'copy',
      label: `Copy the address of ${who}`,
      icon: Link2,
      run: () =>
        void navigator.clipboard?.writeText(
          tickets.map((key) => `${location.origin}/tickets/${key}`).join('\n'),
        ),
    },
  ];
}

const GROUP =
  '[&_[cmdk-group-heading]]:text-faint [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1.5 [&_[cmdk-group-heading]]:text-xs';
const ITEM =
  'tap data-[selected=true]:bg-hover flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm';
