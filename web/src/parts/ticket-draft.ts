/** What a form about a ticket holds while it is written: words, as they are typed; and how they go to the server and back. */
import type { Ticket } from '../../../src/contract/shapes.ts';
import { splitLines, splitWords } from '../format/command.ts';
import type { OwnCompletion } from './completion-fields.tsx';

export interface TicketDraft {
  title: string;
  description: string;
  acceptanceCriteria: string;
  priority: string;
  profile: string;
  assignee: string;
  campaign: string;
  labels: string;
  blockedBy: string;
  notBefore: string;
  usd: string;
  /** As JSON, so that it is compared as the others are. */
  completion: string;
}

export const DRAFT_NAMES: Record<keyof TicketDraft, string> = {
  title: 'Title',
  description: 'Description',
  acceptanceCriteria: 'Acceptance criteria',
  priority: 'Priority',
  profile: 'Profile',
  assignee: 'Assignee',
  campaign: 'Campaign',
  labels: 'Labels',
  blockedBy: 'Blocked by',
  notBefore: 'Not before',
  usd: 'Budget in USD',
  completion: 'What makes it done',
};

/** Where it comes from: a ticket, what recurs, or nothing yet. */
export interface DraftSource {
  title?: string;
  description?: string;
  acceptanceCriteria?: string[];
  priority?: number;
  profile?: string | null;
  assignee?: string | null;
  campaign?: string | null;
  labels?: string[];
  blockedBy?: string[];
  notBefore?: string | null;
  budget?: Ticket['budget'];
  completion?: OwnCompletion;
}

/** A moment as `datetime-local` wants it: in the person's zone, without one. */
function localTime(at: string | null | undefined): string {
  if (!at) return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const draftOf = (source: DraftSource): TicketDraft => ({
  title: source.title ?? '',
  description: source.description ?? '',
  acceptanceCriteria: source.acceptanceCriteria?.join('\n') ?? '',
  priority: String(source.priority ?? 2),
  profile: source.profile ?? '',
  assignee: source.assignee ?? '',
  campaign: source.campaign ?? '',
  labels: source.labels?.join(', ') ?? '',
  blockedBy: source.blockedBy?.join(', ') ?? '',
  notBefore: localTime(source.notBefore),
  usd: source.budget?.usd?.toString() ?? '',
  completion: JSON.stringify(source.completion ?? null),
});

export const draftOfTicket = (ticket: Ticket): TicketDraft =>
  draftOf({ ...ticket, completion: ticket.ownCompletion });

export const completionOf = (draft: TicketDraft): OwnCompletion =>
  JSON.parse(draft.completion) as OwnCompletion;

/** @param before of what the form does not show: a budget of tokens stays */
export function fieldsOf(draft: TicketDraft, before?: Ticket['budget']) {
  const { usd: _, ...others } = before ?? {};
  const budget = draft.usd === '' ? others : { ...others, usd: Number(draft.usd) };
  return {
    title: draft.title.trim(),
    description: draft.description,
    acceptanceCriteria: splitLines(draft.acceptanceCriteria),
    priority: Number(draft.priority),
    profile: draft.profile || null,
    assignee: draft.assignee.trim() || null,
    campaign: draft.campaign || null,
    labels: splitWords(draft.labels),
    blockedBy: splitWords(draft.blockedBy).map((key) => key.toUpperCase()),
    notBefore: draft.notBefore === '' ? null : new Date(draft.notBefore).toISOString(),
    budget: Object.keys(budget).length === 0 ? null : budget,
    completion: completionOf(draft),
  };
}
