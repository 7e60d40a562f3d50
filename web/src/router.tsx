/** Every page and its address. Pages come when they are first opened; a link that is pointed at fetches its page ahead. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { CrashPage, NotFoundPage } from './shell/crash-page.tsx';
import { readBoardSearch } from './pages/board/view.ts';
import { Gate } from './shell/gate.tsx';

const root = createRootRoute({
  component: Outlet,
  errorComponent: CrashPage,
  notFoundComponent: NotFoundPage,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { to?: string } => (typeof search['to'] === 'string' ? { to: search['to'] } : {}),
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in-page.tsx'), 'SignInPage'),
});

const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Gate });
const page = () => inside;

const home = createRoute({
  getParentRoute: page,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/home/home-page.tsx'), 'HomePage'),
});

const board = createRoute({
  getParentRoute: page,
  path: '/board',
  validateSearch: readBoardSearch,
  component: lazyRouteComponent(() => import('./pages/board/board-page.tsx'), 'BoardPage'),
});

const ticket = createRoute({
  getParentRoute: page,
  path: '/tickets/$key',
  component: lazyRouteComponent(() => import('./pages/ticket/ticket-page.tsx'), 'TicketPage'),
});
const attempt = createRoute({
  getParentRoute: page,
  path: '/attempts/$id',
  component: lazyRouteComponent(() => import('./pages/attempt/attempt-page.tsx'), 'AttemptPage'),
});
const inbox = createRoute({
  getParentRoute: page,
  path: '/inbox',
  component: lazyRouteComponent(() => import('./pages/inbox/inbox-page.tsx'), 'InboxPage'),
});
const alerts = createRoute({
  getParentRoute: page,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./pages/alerts/alerts-page.tsx'), 'AlertsPage'),
});
const agents = createRoute({
  getParentRoute: page,
  path: '/agents',
  component: lazyRouteComponent(() => import('./pages/agents/agents-page.tsx'), 'AgentsPage'),
});
const jobs = createRoute({
  getParentRoute: page,
  path: '/jobs',
  component: lazyRouteComponent(() => import('./pages/jobs/jobs-page.tsx'), 'JobsPage'),
});
const trust = createRoute({
  getParentRoute: page,
  path: '/trust',
  component: lazyRouteComponent(() => import('./pages/trust/trust-page.tsx'), 'TrustPage'),
});
const settings = createRoute({
  getParentRoute: page,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings/settings-page.tsx'), 'SettingsPage'),
});
const help = createRoute({
  getParentRoute: page,
  path: '/help',
  component: lazyRouteComponent(() => import('./pages/help/help-page.tsx'), 'HelpPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    inside.addChildren([home, board, ticket, attempt, inbox, alerts, agents, jobs, trust, settings, help]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  scrollToTopSelectors: ['#main'],
  // Plain words in the address, `?q=123` as well as `?q=abc`: no JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(search as Record<string, unknown>))
      if (typeof value === 'string' && value !== '') params.set(name, value);
    const query = params.toString();
    return query === '' ? '' : `?${query}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
