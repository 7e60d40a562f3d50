/** The changes that keys, menus, drags and bulk edits make: a field gets a value. */
import type { Profile, Ticket } from '../../../src/contract/shapes.ts';
import { profilesQuery } from '../api/queries.ts';
import { queryClient } from '../api/query-client.ts';
import { PRIORITY_WORDS } from '../format/words.ts';
import type { Change, Patch } from './change.ts';

const unlessSame =
  (make: (ticket: Ticket) => Patch) =>
  (ticket: Ticket): Patch | null => {
    const patch = make(ticket);
    const isSame = Object.entries(patch).every(
      ([name, value]) => JSON.stringify(ticket[name as keyof Ticket]) === JSON.stringify(value),
    );
    return isSame ? null : patch;
  };

export const setPriority = (priority: number): Change => ({
  kind: 'edit',
  label: `priority ${PRIORITY_WORDS[priority] ?? priority}`,
  patch: unlessSame(() => ({ priority })),
});

export const setCampaign = (campaign: string | null): Change => ({
  kind: 'edit',
  label: campaign === null ? 'no campaign' : `campaign ${campaign}`,
  patch: unlessSame(() => ({ campaign })),
});

/** @param agent a profile, a person, or null for whoever the project says */
export function setAgent(agent: string | null): Change {
  const profiles = queryClient.getQueryData<{ items: Profile[] }>(profilesQuery.queryKey)?.items ?? [];
  const isProfile = profiles.some((profile) => profile.id === agent);
  return {
    kind: 'edit',
    label: agent === null ? 'the project’s agent' : `given to ${agent}`,
    patch: unlessSame(() =>
      agent === null
        ? { assignee: null, profile: null }
        : isProfile
          ? { profile: agent, assignee: null }
          : { assignee: agent, profile: null },
    ),
  };
}

export const addLabel = (label: string): Change => ({
  kind: 'edit',
  label: `label ${label}`,
  patch: unlessSame(({ labels }) => ({ labels: labels.includes(label) ? labels : [...labels, label] })),
});

export const removeLabel = (label: string): Change => ({
  kind: 'edit',
  label: `without label ${label}`,
  patch: unlessSame(({ labels }) => ({ labels: labels.filter((each) => each !== label) })),
});

/** Who has it, as the board groups it. */
export const agentOf = (ticket: Pick<Ticket, 'assignee' | 'profile'>): string | null =>
  ticket.assignee ?? ticket.profile;
