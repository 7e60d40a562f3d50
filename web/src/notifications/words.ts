/** What each kind of notification is called, and means, on pages. */
import type { NotificationKind } from '../../../src/domain/words.ts';

export const KIND_WORDS: Record<NotificationKind, { name: string; means: string }> = {
  question: { name: 'Question', means: 'An agent asks something, or wants a permission.' },
  review: { name: 'Review', means: 'Work can be decided: its evidence is gathered.' },
  conflict: { name: 'Conflict', means: 'Accepted work did not land.' },
  escalated: { name: 'Handed to people', means: 'The orchestrator did not decide in time, or handed it on.' },
  overdue: { name: 'Overdue', means: 'A decision has waited for eight hours.' },
  exhausted: { name: 'No retry left', means: 'A ticket has used up its attempts.' },
  alert_critical: { name: 'Critical alert', means: 'Something is burning.' },
  alert_warning: { name: 'Warning', means: 'Something needs a look.' },
  alert_info: { name: 'Note', means: 'Something worth knowing.' },
  done: { name: 'Done', means: 'A ticket is done.' },
  paused: { name: 'Paused, resumed', means: 'Somebody used the switch for everything.' },
};
