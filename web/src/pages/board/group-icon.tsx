/** The sign of a column or a section: a state, a priority, or what kind of thing it is. */
import { Bot, FolderGit2, FolderOpen } from 'lucide-react';
import type { TicketStatus } from '../../../../src/domain/words.ts';
import { PriorityIcon, StatusIcon } from '../../ui/status-icon.tsx';
import type { Grouping } from './view.ts';

export function GroupIcon({ grouping, id }: { grouping: Grouping; id: string }) {
  switch (grouping) {
    case 'status':
      return <StatusIcon status={id as TicketStatus} labelled={false} />;
    case 'priority':
      return <PriorityIcon priority={Number(id)} />;
    case 'agent':
      return <Bot size={15} className="text-muted shrink-0" aria-hidden />;
    case 'campaign':
      return <FolderOpen size={15} className="text-muted shrink-0" aria-hidden />;
    case 'project':
      return <FolderGit2 size={15} className="text-muted shrink-0" aria-hidden />;
  }
}
