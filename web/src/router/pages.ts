/**
 * Every page and its address. A page comes when it is first opened; a link that is pointed at fetches its page ahead.
 * One that could not be fetched is tried again at the next wish for it.
 */
import type { ComponentType } from 'react';
import { lazyPart } from '../ui/lazy-part.ts';

interface PageSource {
  /** As `/tickets/:key`. */
  path: string;
  load: () => Promise<ComponentType>;
}

const of =
  <Name extends string>(
    load: () => Promise<Record<Name, ComponentType>>,
    name: Name,
  ): (() => Promise<ComponentType>) =>
  async () =>
    (await load())[name];

export const SIGN_IN = '/sign-in';

const SOURCES: PageSource[] = [
  { path: SIGN_IN, load: of(() => import('../pages/sign-in/sign-in-page.tsx'), 'SignInPage') },
  { path: '/', load: of(() => import('../pages/home/home-page.tsx'), 'HomePage') },
  { path: '/board', load: of(() => import('../pages/board/board-page.tsx'), 'BoardPage') },
  { path: '/tickets/:key', load: of(() => import('../pages/ticket/ticket-page.tsx'), 'TicketPage') },
  { path: '/attempts/:id', load: of(() => import('../pages/attempt/attempt-page.tsx'), 'AttemptPage') },
  { path: '/inbox', load: of(() => import('../pages/inbox/inbox-page.tsx'), 'InboxPage') },
  {
    path: '/inbox/:id',
    load: of(() => import('../pages/decision/decision-page.tsx'), 'DecisionPage'),
  },
  { path: '/alerts', load: of(() => import('../pages/alerts/alerts-page.tsx'), 'AlertsPage') },
  { path: '/alerts/:id', load: of(() => import('../pages/decision/decision-page.tsx'), 'AlertPage') },
  {
    path: '/notifications',
    load: of(() => import('../pages/notifications/notifications-page.tsx'), 'NotificationsPage'),
  },
  { path: '/agents', load: of(() => import('../pages/agents/agents-page.tsx'), 'AgentsPage') },
  { path: '/jobs', load: of(() => import('../pages/jobs/jobs-page.tsx'), 'JobsPage') },
  { path: '/trust', load: of(() => import('../pages/trust/trust-page.tsx'), 'TrustPage') },
  { path: '/settings', load: of(() => import('../pages/settings/settings-page.tsx'), 'SettingsPage') },
  { path: '/help', load: of(() => import('../pages/help/help-page.tsx'), 'HelpPage') },
];

export interface PageMatch {
  path: string;
  params: Readonly<Record<string, string>>;
}

/** @returns null where there is no such page */
export function matchPage(pathname: string): PageMatch | null {
  const parts = partsOf(pathname);
  for (const { path } of SOURCES) {
    const pattern = partsOf(path);
    if (pattern.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((part, i) => {
      if (!part.startsWith(':')) return part === parts[i];
      params[part.slice(1)] = decode(parts[i] ?? '');
      return true;
    });
    if (fits) return { path, params };
  }
  return null;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Written by hand, and not quite right: the server will say that there is no such thing.
    return part;
  }
}

type Part = ReturnType<typeof lazyPart<object>>;
const parts = new Map<string, Part>();

function partOf(path: string): Part {
  const known = parts.get(path);
  if (known) return known;
  const source = SOURCES.find((each) => each.path === path);
  if (!source) throw new Error(`There is no page ${path}`);
  const part = lazyPart<object>(async () => {
    try {
      return { default: await source.load() };
    } catch (error) {
      // The next wish for it is another try.
      parts.delete(path);
      throw error;
    }
  });
  parts.set(path, part);
  return part;
}

/** Fetches the page of an address ahead; where that fails, opening it says so. */
export async function preloadPage(pathname: string): Promise<void> {
  const match = matchPage(pathname);
  if (match)
    await partOf(match.path)
      .preload()
      .catch(() => undefined);
}

export const pageComponent = (path: string): Part['Part'] => partOf(path).Part;
