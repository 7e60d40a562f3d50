/** The places one can go, in the order of the sidebar; the letter goes there after `G`. */
import {
  BellRing,
  Bot,
  CalendarClock,
  CircleHelp,
  Inbox,
  LayoutDashboard,
  Settings,
  ShieldCheck,
  SquareKanban,
  type LucideIcon,
} from 'lucide-react';
import type { Overview } from '../api/types.ts';

export interface Place {
  to: '/' | '/inbox' | '/board' | '/alerts' | '/agents' | '/jobs' | '/trust' | '/settings' | '/help';
  label: string;
  letter: string;
  icon: LucideIcon;
  count?: (overview: Overview) => number;
  counts?: string;
}

export const PLACES: Place[] = [
  { to: '/', label: 'Home', letter: 'h', icon: LayoutDashboard },
  {
    to: '/inbox',
    label: 'Inbox',
    letter: 'i',
    icon: Inbox,
    count: (o) => o.openQuestions + o.openReviews,
    counts: 'to decide',
  },
  { to: '/board', label: 'Board', letter: 'b', icon: SquareKanban },
  { to: '/alerts', label: 'Alerts', letter: 'a', icon: BellRing, count: (o) => o.openAlerts, counts: 'open' },
  { to: '/agents', label: 'Agents', letter: 'w', icon: Bot },
  { to: '/jobs', label: 'Jobs', letter: 'j', icon: CalendarClock },
  { to: '/trust', label: 'Trust', letter: 't', icon: ShieldCheck },
  { to: '/settings', label: 'Settings', letter: 's', icon: Settings },
  { to: '/help', label: 'Help', letter: '?', icon: CircleHelp },
];
