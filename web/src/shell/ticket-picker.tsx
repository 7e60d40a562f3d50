/**
 * One thing about one or many tickets, chosen by typing: the state, the priority, the agent, the campaign, a label.
 * `S`, `P`, `A` and `L` open it anywhere; the bar of a selection and the menu of a card open the same.
 */
import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Bot, Check, FolderOpen, Tag, User, Users } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useState, type ReactNode } from 'react';
import type { Ticket } from '../../../src/contract/shapes.ts';
import { TICKET_STATUSES } from '../../../src/domain/words.ts';
import { campaignsQuery, profilesQuery, ticketGroupsQuery, ticketQuery } from '../api/queries.ts';
import { keys as cacheKeys } from '../api/keys.ts';
import { queryClient } from '../api/query-client.ts';
import { PERSON_TRANSITIONS, transitionTo, type PersonTransition } from '../api/transitions.ts';
import { applyChange, type Change } from '../changes/change.ts';
import { addLabel, agentOf, removeLabel, setAgent, setCampaign, setPriority } from '../changes/set-field.ts';
import { revealHidden } from '../format/reveal-hidden.ts';
import { PRIORITY_WORDS, STATUS_WORDS } from '../format/words.ts';
import { keptTickets } from '../parts/filter-tickets.ts';
import { Button } from '../ui/button.tsx';
import { PriorityIcon, StatusIcon } from '../ui/status-icon.tsx';
import { openDialog, type PickWhat } from './dialogs.ts';
import { useBlocked } from './session-context.ts';
import { takeTypedAhead } from './typed-ahead.ts';

interface Option {
  id: string;
  label: string;
  icon: ReactNode;
  hint?: string;
  isChosen?: boolean;
  /** Why it cannot be chosen. */
  blocked?: string;
  choose: () => void;
}

const TITLES: Record<PickWhat, string> = {
  status: 'Move',
  priority: 'Priority of',
  agent: 'Give',
  campaign: 'Campaign of',
  label: 'Labels of',
};
const ASKS: Record<PickWhat, string> = {
  status: 'To which state?',
  priority: 'Which priority?',
  agent: 'To which agent or person?',
  campaign: 'Which campaign?',
  label: 'A label; a new word makes a new one',
};

export default function TicketPicker({
  what,
  keys,
  onClose,
}: {
  what: PickWhat;
  keys: string[];
  onClose: () => void;
}) {
  const blocked = useBlocked();
  const one = keys.length === 1 ? keys[0] : undefined;
  // What is on the screen is what is decided on: lists keep each ticket as they read it.
  useQuery({ ...ticketQuery(one ?? ''), enabled: one !== undefined });
  const tickets = keys.flatMap((key) => queryClient.getQueryData<Ticket>(cacheKeys.ticket(key)) ?? []);
  const [words, setWords] = useState('');
  const [asking, setAsking] = useState<PersonTransition | null>(null);
  const who = one ?? `${keys.length} tickets`;

  const apply = (change: Change, affected = tickets): void => {
    onClose();
    void applyChange(affected, change);
  };
  const all = useOptions(what, tickets, words.trim(), apply, (transition) => {
    const [first] = tickets;
    const { asks } = PERSON_TRANSITIONS[transition];
    if (tickets.length === 1 && first) {
      if (asks === null && transition !== 'accept') apply({ kind: 'move', input: { transition } });
      else openDialog({ name: 'transition', ticket: first.key, transition });
    } else if (asks === null && transition !== 'accept')
      apply({ kind: 'move', input: { transition } }, possible(tickets, transition));
    else setAsking(transition);
  });
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = all.filter((o) => wanted.every((word) => o.label.toLowerCase().includes(word)));

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-(--overlay)" />
        <Dialog.Content
          aria-describedby={undefined}
          className="border-line-strong bg-raised shadow-high fixed inset-x-2 top-2 z-50 overflow-hidden rounded-xl border sm:inset-x-auto sm:top-[16vh] sm:left-1/2 sm:w-[26rem] sm:-translate-x-1/2"
        >
          <Dialog.Title className="text-muted border-line truncate border-b px-3.5 py-2 text-xs font-medium">
            {TITLES[what]} {who}
            {tickets.length === 1 && tickets[0] && ` · ${revealHidden(tickets[0].title)}`}
          </Dialog.Title>
          {blocked !== null ? (
            <p className="text-muted p-4 text-sm">{blocked}</p>
          ) : asking !== null ? (
            <WordsForMany
              transition={asking}
              tickets={possible(tickets, asking)}
              of={tickets.length}
              onSend={(input) => apply({ kind: 'move', input }, possible(tickets, asking))}
            />
          ) : (
            <Command shouldFilter={false} loop label={`${TITLES[what]} ${who}`}>
              <Command.Input
                value={words}
                onValueChange={setWords}
                onFocus={() => {
                  const ahead = takeTypedAhead();
                  if (ahead !== '') setWords((before) => before + ahead);
                }}
                placeholder={ASKS[what]}
                className="border-line placeholder:text-faint h-11 w-full border-b bg-transparent px-3.5 text-base outline-none"
              />
              <Command.List className="max-h-[50vh] overflow-y-auto p-1.5" tabIndex={-1}>
                <Command.Empty className="text-muted p-4 text-center text-sm">
                  Nothing of that name.
                </Command.Empty>
                {shown.map((option) => (
                  <Command.Item
                    key={option.id}
                    value={option.id}
                    disabled={option.blocked !== undefined}
                    onSelect={option.choose}
                    className="group tap data-[selected=true]:bg-hover flex min-h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 py-1 text-sm data-[disabled=true]:cursor-not-allowed"
                  >
                    <span className="flex min-w-0 flex-1 items-center gap-2.5 group-data-[disabled=true]:opacity-60">
                      {option.icon}
                      <span className="min-w-0 truncate">{option.label}</span>
                    </span>
                    {/* Why not is there to be read: it does not fade. */}
                    {(option.blocked ?? option.hint) && (
                      <span className="text-muted max-w-52 text-right text-xs">
                        {option.blocked ?? option.hint}
                      </span>
                    )}
                    {option.isChosen && (
                      <Check size={15} className="text-accent" aria-label="now" role="img" />
                    )}
                  </Command.Item>
                ))}
              </Command.List>
            </Command>
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const possible = (tickets: readonly Ticket[], transition: PersonTransition): Ticket[] =>
  tickets.filter((ticket) => ticket.allowedTransitions.includes(transition));

function useOptions(
  what: PickWhat,
  tickets: Ticket[],
  words: string,
  apply: (change: Change) => void,
  move: (transition: PersonTransition) => void,
): Option[] {
  const profiles = useQuery({ ...profilesQuery, enabled: what === 'agent' }).data?.items ?? [];
  const campaigns = useQuery({ ...campaignsQuery, enabled: what === 'campaign' }).data?.items ?? [];
  const agents = useQuery({ ...ticketGroupsQuery({}, 'agent'), enabled: what === 'agent' }).data?.items ?? [];
  const isAll = (has: (ticket: Ticket) => boolean): boolean => tickets.length > 0 && tickets.every(has);
  switch (what) {
    case 'status':
      return moves(tickets, move);
    case 'priority':
      return PRIORITY_WORDS.map((label, priority) => ({
        id: String(priority),
        label,
        icon: <PriorityIcon priority={priority} />,
        hint: String(priority),
        isChosen: isAll((ticket) => ticket.priority === priority),
        choose: () => apply(setPriority(priority)),
      }));
    case 'agent': {
      const isProfile = new Set(profiles.map((profile) => profile.id));
      const people = agents.flatMap(({ value }) => (value !== null && !isProfile.has(value) ? [value] : []));
      const isNew = words !== '' && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(words);
      const known = isProfile.has(words) || people.includes(words);
      return [
        {
          id: 'default',
          label: 'Whoever the project says',
          icon: <Users size={16} className="text-muted" aria-hidden />,
          isChosen: isAll((ticket) => agentOf(ticket) === null),
          choose: () => apply(setAgent(null)),
        },
        ...profiles
          .filter((profile) => profile.role === 'worker')
          .map((profile) => ({
            id: `profile-${profile.id}`,
            label: profile.id,
            icon: <Bot size={16} className="text-muted" aria-hidden />,
            hint: profile.model ?? profile.adapter,
            isChosen: isAll((ticket) => agentOf(ticket) === profile.id),
            choose: () => apply(setAgent(profile.id)),
          })),
        ...(isNew && !known ? [...people, words] : people).map((person) => ({
          id: `person-${person}`,
          label: person,
          icon: <User size={16} className="text-muted" aria-hidden />,
          hint: 'a person: no worker takes it',
          isChosen: isAll((ticket) => agentOf(ticket) === person),
          choose: () => apply(setAgent(person)),
        })),
      ];
    }
    case 'campaign':
      return [
        {
          id: 'none',
          label: 'None',
          icon: <FolderOpen size={16} className="text-faint" aria-hidden />,
          isChosen: isAll((ticket) => ticket.campaign === null),
          choose: () => apply(setCampaign(null)),
        },
        ...campaigns.map((campaign) => ({
          id: `campaign-${campaign.key}`,
          label: campaign.name,
          icon: <FolderOpen size={16} className="text-muted" aria-hidden />,
          hint: campaign.key,
          isChosen: isAll((ticket) => ticket.campaign === campaign.key),
          choose: () => apply(setCampaign(campaign.key)),
        })),
      ];
    case 'label': {
      const known = [...new Set([...tickets, ...keptTickets()].flatMap((ticket) => ticket.labels))].sort();
      const list = words === '' || known.includes(words) ? known : [words, ...known];
      return list.slice(0, 100).map((label) => {
        const isChosen = isAll((ticket) => ticket.labels.includes(label));
        return {
          id: `label-${label}`,
          label,
          icon: <Tag size={16} className="text-muted" aria-hidden />,
          hint: isChosen ? 'take it away' : known.includes(label) ? undefined : 'new',
          isChosen,
          choose: () => apply(isChosen ? removeLabel(label) : addLabel(label)),
        };
      });
    }
  }
}

/** Every state, with how many may go there; of one ticket the reason where it may not. */
function moves(tickets: Ticket[], move: (transition: PersonTransition) => void): Option[] {
  const [first] = tickets;
  return TICKET_STATUSES.flatMap((to): Option[] => {
    const icon = <StatusIcon status={to} labelled={false} />;
    const ways = tickets.map((ticket) => transitionTo(ticket, to));
    const transitions = [...new Set(ways.flatMap((way) => ('transition' in way ? [way.transition] : [])))];
    if (transitions.length === 0) {
      const why = ways[0] && 'why' in ways[0] && tickets.length === 1 ? ways[0].why : 'None of them can';
      const isThere = first !== undefined && tickets.every((ticket) => ticket.status === to);
      return [
        {
          id: to,
          label: STATUS_WORDS[to],
          icon,
          isChosen: isThere,
          blocked: isThere ? '' : why,
          choose: () => {},
        },
      ];
    }
    return transitions.map((transition) => {
      const count = tickets.filter((ticket) => ticket.allowedTransitions.includes(transition)).length;
      return {
        id: transition,
        label: `${STATUS_WORDS[to]}: ${PERSON_TRANSITIONS[transition].label.toLowerCase()}`,
        icon,
        hint: tickets.length > 1 ? `${count} of ${tickets.length}` : undefined,
        choose: () => move(transition),
      };
    });
  });
}

const WANTS: Record<'reason' | 'feedback' | 'summary' | 'optional_reason', string> = {
  reason: 'Reason',
  optional_reason: 'Reason (optional)',
  feedback: 'What should change?',
  summary: 'What was done?',
};

/** The same words for all of them. */
function WordsForMany({
  transition,
  tickets,
  of,
  onSend,
}: {
  transition: PersonTransition;
  tickets: Ticket[];
  of: number;
  onSend: (input: {
    transition: PersonTransition;
    reason?: string;
    feedback?: string;
    summary?: string;
  }) => void;
}) {
  const { asks, label, explains, tone } = PERSON_TRANSITIONS[transition];
  const [text, setText] = useState('');
  const lacks = asks !== null && asks !== 'optional_reason' && text.trim() === '';
  const member = asks === 'feedback' || asks === 'summary' ? asks : 'reason';
  return (
    <form
      className="space-y-3 p-3.5"
      onSubmit={(event) => {
        event.preventDefault();
        if (!lacks) onSend({ transition, ...(text.trim() === '' ? {} : { [member]: text.trim() }) });
      }}
    >
      <p className="text-sm">
        {explains}
        {tickets.length < of && (
          <span className="text-muted">
            {' '}
            It is possible for {tickets.length} of the {of} chosen.
          </span>
        )}
        {transition === 'accept' && (
          <span className="text-muted"> Each is refused whose evidence is not verified.</span>
        )}
      </p>
      {asks !== null && (
        <textarea
          className="control"
          aria-label={WANTS[asks]}
          placeholder={WANTS[asks]}
          autoFocus
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.metaKey || event.ctrlKey))
              event.currentTarget.form?.requestSubmit();
          }}
        />
      )}
      <div className="flex justify-end">
        <Button
          type="submit"
          autoFocus={asks === null}
          tone={tone === 'danger' ? 'danger' : 'primary'}
          blocked={lacks && 'Write it first.'}
        >
          {label}: {tickets.length}
        </Button>
      </div>
    </form>
  );
}
