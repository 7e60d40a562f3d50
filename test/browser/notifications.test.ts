/** Notifications where people meet them: the bell, words while the app is open, pushes, and their settings. */
import type { Browser, BrowserContext, CDPSession, Page, Worker } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NotificationPage, NotifySettings } from '../../src/contract/notify-shapes.ts';
import type { InboxItem, Page as PageOf } from '../../src/contract/shapes.ts';
import { ApiClient } from '../../src/client/api-client.ts';
import { Receiver, Subscriber } from '../harness/receivers.ts';
import { DESK, PHONE, findBarriers, openBrowser, signIn, watchErrors } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
let hook: Receiver;
/** Somebody else: what they do concerns the person at the screen. */
let grace: ApiClient;
beforeAll(async () => {
  process.env['MC_NOTIFY_HOSTS'] = '127.0.0.1';
  [control, browser, hook] = await Promise.all([
    new MissionControl('none').start(),
    openBrowser(),
    new Receiver().start(),
  ]);
  await control.prepareProject([]);
  const { token } = await control.api.post<{ token: string }>('/tokens', { role: 'member', name: 'grace' });
  grace = new ApiClient(control.url, token);
});
afterAll(async () => {
  await browser.close();
  await control.stop();
  await hook.stop();
});

/** @returns once it is told: what is decided before that would be told to nobody */
async function handIn(title: string): Promise<string> {
  const ticket = await control.createTicket(title, {
    status: 'todo',
    assignee: 'grace',
    completion: { requires: ['signal'] },
  });
  await grace.post(
    `/tickets/${ticket.key}/transitions`,
    { transition: 'hand_in', summary: 'It is done.' },
    { ifMatch: ticket.version },
  );
  await expect
    .poll(async () => {
      const { items } = await control.api.get<NotificationPage>('/notifications');
      return items.some((told) => told.ticket === ticket.key);
    })
    .toBe(true);
  return ticket.key;
}

/** An agent that asks, held at its question: a runner of this test's own speaks for it. */
async function asks(text: string, choices: string[]): Promise<string> {
  const { token } = await control.api.post<{ token: string }>('/tokens', { role: 'runner', name: 'far' });
  const far = new ApiClient(control.url, token);
  const { id } = await far.post<{ id: string }>('/runners', {
    name: `far-${Date.now()}`,
    slots: 1,
    version: '1',
  });
  await control.createTicket('An agent asks', { status: 'todo' });
  for (;;) {
    const { offers } = await far.post<{ offers: { attempt: string; ticket: string; fence: number }[] }>(
      `/runners/${id}/poll`,
      { freeSlots: 1, waitMs: 5000 },
    );
    const [offer] = offers;
    if (!offer) continue;
    const { attempt, fence, ticket } = offer;
    await far.post(`/attempts/${attempt}/accept`, { fence, base: 'b'.repeat(40) });
    await far.post(`/attempts/${attempt}/permission`, {
      fence,
      text,
      choices: choices.map((label) => ({ id: label.toLowerCase(), label })),
    });
    return ticket;
  }
}

const bell = (page: Page) => page.getByRole('link', { name: /^Notifications/ }).filter({ visible: true });

describe('the bell', () => {
  it('counts what is new while one looks, says it in a word, and is still on the other device once it is read', async () => {
    await control.api.post('/notifications/read', { all: true });
    const { page, errors } = await signIn(browser, control);
    const phone = await signIn(browser, control, PHONE);
    await bell(page).waitFor();
    const key = await handIn('Seen by the bell');
    await page.getByRole('link', { name: 'Notifications, 1 unread' }).filter({ visible: true }).waitFor();
    await page.getByText(`${key} is ready for review`).first().waitFor();
    await phone.page
      .getByRole('link', { name: 'Notifications, 1 unread' })
      .filter({ visible: true })
      .waitFor();
    await page.getByRole('button', { name: 'Open' }).first().click();
    await page.getByRole('button', { name: 'Accept' }).first().waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/inbox\/inb_/);
    await page.getByRole('link', { name: 'Notifications', exact: true }).filter({ visible: true }).waitFor();
    await phone.page.goto(`${control.url}/notifications`);
    await phone.page.getByRole('link', { name: `${key} is ready for review` }).waitFor();
    // What the device kept is shown first, and what has been read meanwhile a moment later.
    await expect
      .poll(() => phone.page.getByText('Unread', { exact: true }).count(), { timeout: 10_000 })
      .toBe(0);
    for (const shown of [page, phone.page]) expect(await findBarriers(shown)).toEqual([]);
    expect([...errors, ...phone.errors]).toEqual([]);
    await phone.context.close();
    await page.context().close();
  });

  it('leads to the list, where one is read, all are read, and who settled what is said', async () => {
    const key = await handIn('In the list');
    const other = await handIn('Decided by somebody else');
    const { version } = await control.ticket(other);
    await control.api.post(
      `/tickets/${other}/transitions`,
      { transition: 'request_changes', feedback: 'No.' },
      { ifMatch: version },
    );
    const { page, errors } = await signIn(browser, control);
    await bell(page).click();
    const row = page.getByRole('listitem').filter({ hasText: `${other} is ready` });
    await row.getByText('request changes by admin').waitFor();
    await page.getByRole('checkbox', { name: 'Unread only' }).check();
    await row.waitFor({ state: 'detached' });
    await page.getByRole('link', { name: `${key} is ready for review` }).click();
    await page.getByRole('button', { name: 'Accept' }).first().waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Mark all as read' }).waitFor();
    await handIn('Another one');
    await page
      .getByRole('link', { name: /is ready for review/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Mark all as read' }).click();
    await page.getByRole('link', { name: 'Notifications', exact: true }).filter({ visible: true }).waitFor();
    expect((await control.api.get<NotificationPage>('/notifications')).unread).toBe(0);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export notifications as CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^notifications-\d{4}-\d\d-\d\d\.csv$/);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

/** Chromium has no push service here: what one would hand on is handed on through its own door for developers. */
class Pushes {
  readonly #session: CDPSession;
  readonly worker: Worker;
  readonly #registration: string;
  readonly #origin: string;

  private constructor(session: CDPSession, worker: Worker, registration: string, origin: string) {
    this.#session = session;
    this.worker = worker;
    this.#registration = registration;
    this.#origin = origin;
  }

  static async open(context: BrowserContext, page: Page, origin: string): Promise<Pushes> {
    await context.grantPermissions(['notifications'], { origin });
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    const session = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) => {
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const [first] = registrations;
        if (first) resolve(first.registrationId);
      });
    });
    await session.send('ServiceWorker.enable');
    const [worker] = context.serviceWorkers();
    if (!worker) throw new Error('no service worker runs');
    return new Pushes(session, worker, await registered, origin);
  }

  async deliver(shown: object): Promise<void> {
    await this.#session.send('ServiceWorker.deliverPushMessage', {
      origin: this.#origin,
      registrationId: this.#registration,
      data: JSON.stringify(shown),
    });
  }

  /** What the device shows, as the worker sees it. */
  shown(): Promise<{ title: string; body: string; tag: string; silent: boolean | null }[]> {
    return this.worker.evaluate(async () => {
      const scope = globalThis as unknown as { registration: ServiceWorkerRegistration };
      return (await scope.registration.getNotifications()).map(({ title, body, tag, silent }) => ({
        title,
        body,
        tag,
        silent,
      }));
    });
  }

  async until(is: (shown: Awaited<ReturnType<Pushes['shown']>>) => boolean): Promise<void> {
    for (const end = Date.now() + 10_000; ;) {
      const shown = await this.shown();
      if (is(shown)) return;
      if (Date.now() > end) throw new Error(`the device shows ${JSON.stringify(shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The app is open, and something else is on the screen, which a browser without a screen has no other way to say. */
  async lookElsewhere(): Promise<void> {
    await this.worker.evaluate(() => {
      const Client = (globalThis as unknown as { WindowClient: { prototype: object } }).WindowClient;
      Object.defineProperty(Client.prototype, 'visibilityState', { get: () => 'hidden' });
    });
  }

  /** As a person's tap: the event of the browser, sent by hand, so that nobody is needed at the screen. */
  async tap(tag: string): Promise<void> {
    await this.worker.evaluate(async (wanted) => {
      const scope = globalThis as unknown as EventTarget & { registration: ServiceWorkerRegistration };
      const [notification] = await scope.registration.getNotifications({ tag: wanted });
      if (!notification) throw new Error(`nothing is shown for ${wanted}`);
      const Tap = (globalThis as unknown as { NotificationEvent: new (type: string, init: object) => Event })
        .NotificationEvent;
      const event = new Tap('notificationclick', { notification });
      let work: Promise<unknown> = Promise.resolve();
      // An event that a script made may not last longer than its listeners; this one is waited for here.
      Object.defineProperty(event, 'waitUntil', { value: (promise: Promise<unknown>) => (work = promise) });
      scope.dispatchEvent(event);
      await work;
    }, tag);
  }
}

describe('a push', () => {
  it('shows while the app is away, opens exactly its question in the window that is there, and is answered with one more tap', async () => {
    const { context, page, errors } = await signIn(browser, control, PHONE);
    const pushes = await Pushes.open(context, page, control.url);
    const key = await asks('Which name?', ['Alpha', 'Beta']);
    const { items } = await control.api.get<PageOf<InboxItem>>('/inbox');
    const item = items.find(({ kind, ticket }) => kind === 'question' && ticket === key);
    if (!item) throw new Error('no question is in the inbox');
    const told = (await control.api.get<NotificationPage>('/notifications')).items.find(
      ({ path }) => path === `/inbox/${item.id}`,
    );
    if (!told) throw new Error('the question was not told');
    const { id, kind, title, text, path, tag } = told;
    await pushes.deliver({ part: 'new', id, kind, title, text, path, tag, at: Date.now() });
    // The app is on the screen, and says it itself: nothing is shown beside it.
    await page.getByText(`${key} asks`).first().waitFor();
    expect(await pushes.shown()).toEqual([]);
    await pushes.lookElsewhere();
    await pushes.deliver({ part: 'new', id, kind, title, text, path, tag, at: Date.now() });
    await pushes.until((shown) => shown.some((each) => each.tag === tag));
    expect((await pushes.shown()).find((each) => each.tag === tag)).toMatchObject({
      title: `${key} asks`,
      body: 'Which name?',
    });
    const pages = context.pages().length;
    await pushes.tap(tag);
    await page.waitForURL(`${control.url}${path}`);
    expect(context.pages()).toHaveLength(pages);
    expect(await pushes.shown()).toEqual([]);
    await page.bringToFront();
    await page.getByRole('button', { name: 'Beta' }).click();
    await control.until(key, (ticket) => ticket.questions.every((q) => q.state === 'answered'));
    expect(errors).toEqual([]);
    await context.close();
  });

  it('that was answered meanwhile takes the place of what it asked, without a sound', async () => {
    const { context, page } = await signIn(browser, control);
    const pushes = await Pushes.open(context, page, control.url);
    await pushes.lookElsewhere();
    const shown = { kind: 'question', id: 'ntf_x', path: '/inbox/inb_x', tag: 'inbox:inb_x', at: Date.now() };
    await pushes.deliver({ ...shown, part: 'new', title: 'MC-9 asks', text: 'Which?' });
    await pushes.until((all) => all.length === 1);
    await pushes.deliver({ ...shown, part: 'settled', title: 'Answered by grace', text: 'MC-9 asks' });
    await pushes.until(
      (all) => all.length === 1 && all[0]?.title === 'Answered by grace' && all[0].silent === true,
    );
    await pushes.deliver({ ...shown, part: 'new', tag: 'other', title: '<b>bold</b>', text: '' });
    await pushes.until((all) => all.some((each) => each.title === '<b>bold</b>'));
    await context.close();
  });
});

describe('settings', () => {
  const settings = () => control.api.get<NotifySettings>('/notifications/settings');

  it('keeps what one chooses: ways, quiet hours in one’s own zone, and what is muted', async () => {
    await control.api.patch('/notifications/settings', {
      ways: { done: { push: false }, alert_warning: { app: true } },
      criticalThrough: true,
      quiet: null,
    });
    const { page, errors } = await signIn(browser, control, { ...DESK, timezoneId: 'Europe/Berlin' });
    await page.goto(`${control.url}/settings`);
    await page.getByRole('checkbox', { name: 'Done: Pushed' }).click();
    await page.getByRole('checkbox', { name: 'Warning: In the app' }).click();
    const quiet = page.getByRole('form', { name: 'Quiet hours' });
    expect(await quiet.getByLabel('Time zone').inputValue()).toBe('Europe/Berlin');
    await quiet.getByLabel('From').fill('21:30');
    await quiet.getByLabel('To').fill('06:45');
    await quiet.getByRole('button', { name: 'Keep quiet then' }).click();
    await quiet.getByText('Nothing is pushed from 21:30 to 06:45 (Europe/Berlin)').waitFor();
    await quiet.getByRole('checkbox', { name: 'Critical alerts may wake me' }).click();
    const muted = page.getByRole('form', { name: 'Muted' });
    await muted.getByLabel('Ticket or project to mute').fill('mc-999');
    await muted.getByRole('button', { name: 'Mute' }).click();
    await muted.getByText('MC-999').waitFor();
    // The presses go out one after another: all of them have been heard of when the last has.
    await expect.poll(async () => (await settings()).muted.tickets).toEqual(['MC-999']);
    await muted.getByLabel('Ticket or project to mute').fill('nowhere');
    expect(await muted.getByRole('button', { name: 'Mute' }).getAttribute('title')).toContain(
      'no project NOWHERE',
    );
    await page.reload();
    await page.getByRole('checkbox', { name: 'Done: Pushed' }).waitFor();
    expect(await page.getByRole('checkbox', { name: 'Done: Pushed' }).isChecked()).toBe(true);
    expect(await settings()).toMatchObject({
      ways: { done: { app: true, push: true }, alert_warning: { app: false, push: false } },
      quiet: { from: '21:30', to: '06:45', timezone: 'Europe/Berlin' },
      criticalThrough: false,
      muted: { tickets: ['MC-999'], projects: [] },
    });
    await page.getByRole('button', { name: 'Hear of MC-999 again' }).click();
    await page.getByText('MC-999').waitFor({ state: 'detached' });
    await quiet.getByRole('button', { name: 'No quiet hours' }).click();
    await quiet.getByText('None: you are pushed to at any time.').waitFor();
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      // Colours that are on their way from one theme to the other are of neither.
      await page.reload();
      await quiet.getByText('None: you are pushed to at any time.').waitFor();
      expect(await findBarriers(page)).toEqual([]);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('adds a webhook, shows its secret once, tests it, and shows what was sent and what failed', async () => {
    const { page, errors } = await signIn(browser, control);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.goto(`${control.url}/settings`);
    await page.getByRole('button', { name: 'New webhook' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('chat');
    await dialog.getByLabel('Address').fill('http://10.1.2.3/x');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog
      .getByText(/could be read on its way/)
      .first()
      .waitFor();
    await dialog.getByLabel('Address').fill(`${hook.url}/secret-path`);
    await dialog.getByRole('checkbox', { name: 'Everything' }).uncheck();
    await dialog.getByRole('checkbox', { name: 'Review' }).check();
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Add' }).click();
    const secret = await page.getByText(/^whsec_/).innerText();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    await page.keyboard.press('Escape');
    const row = page.getByRole('listitem', { name: 'Webhook chat' });
    await row.getByRole('button', { name: 'Send a test to chat' }).click();
    await page.getByText('It was taken').waitFor();
    expect(hook.messages.at(-1)?.type).toBe('notification.test');
    hook.answer = (_request, response) => response.writeHead(503).end('closed for lunch');
    const key = await handIn('Told to the webhook');
    await control.until(key, () => hook.received.length >= 2);
    await row.getByRole('button', { name: 'What was sent to chat' }).click();
    await page.getByRole('dialog').getByText('HTTP 503: closed for lunch').waitFor();
    await page.keyboard.press('Escape');
    await page.reload();
    await row.getByText(/failing since/).waitFor();
    expect(await page.content()).not.toContain(secret);
    expect(await page.content()).not.toContain('secret-path');
    await row.getByRole('button', { name: 'New secret for chat' }).click();
    expect(await page.getByText(/^whsec_/).innerText()).not.toBe(secret);
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: 'Remove webhook chat' }).click();
    await page.getByText('No webhook').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('has this device pushed to: the browser’s keys go to the server, which sends what only it can read', async () => {
    const push = await new Receiver().start();
    push.answer = (_request, response) => response.writeHead(201).end();
    const keys = new Subscriber();
    const body = keys.subscription(`${push.url}/push/1`);
    const { context, page, errors } = await signIn(browser, control, PHONE);
    await context.grantPermissions(['notifications'], { origin: control.url });
    // What a push service would give to the browser; there is none here.
    await page.addInitScript(
      (given) => {
        let subscription: object | null = null;
        const make = (options: object): object => ({
          endpoint: given.endpoint,
          options,
          toJSON: () => ({ endpoint: given.endpoint, keys: { p256dh: given.p256dh, auth: given.auth } }),
          unsubscribe: () => {
            subscription = null;
            return Promise.resolve(true);
          },
        });
        Object.assign(PushManager.prototype, {
          subscribe: (options: object) => Promise.resolve((subscription = make(options))),
          getSubscription: () => Promise.resolve(subscription),
        });
      },
      body as { endpoint: string; p256dh: string; auth: string },
    );
    await page.goto(`${control.url}/settings`);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await page.getByRole('button', { name: 'Push to this device' }).click();
    const row = page.getByRole('listitem').filter({ hasText: 'this device' });
    await row.getByText('Chrome on Linux').waitFor();
    await row.getByRole('button', { name: /Send a test to/ }).click();
    await page.getByText('It was taken').waitFor();
    expect(keys.decrypt(push.received[0]?.body ?? Buffer.alloc(0))).toMatchObject({ part: 'test' });
    const key = await handIn('Pushed to this device');
    await control.until(key, () => push.received.length >= 2);
    expect(keys.decrypt(push.received[1]?.body ?? Buffer.alloc(0))).toMatchObject({
      title: `${key} is ready for review`,
      path: expect.stringMatching(/^\/inbox\//),
    });
    expect(await findBarriers(page)).toEqual([]);
    await row.getByRole('button', { name: /^Remove / }).click();
    await page.getByRole('button', { name: 'Push to this device' }).waitFor();
    expect((await control.api.get<PageOf<object>>('/notifications/devices')).items).toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
    await push.stop();
  });

  it('says honestly why this device cannot be pushed to, and on an iPhone what to do about it', async () => {
    const userAgent =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
    const { page } = await signIn(browser, control, { ...PHONE, userAgent });
    const errors = watchErrors(page);
    await page.goto(`${control.url}/settings`);
    await page.getByText(/pushes are for apps on the home screen/).waitFor();
    await page.getByRole('complementary', { name: 'Install the app' }).waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.reload();
    await page.getByText(/pushes are for apps on the home screen/).waitFor();
    expect(await page.getByRole('complementary', { name: 'Install the app' }).count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe('files of every view', () => {
  it.each([
    ['/inbox', 'inbox'],
    ['/alerts', 'alerts'],
    ['/jobs', 'jobs'],
    ['/agents', 'attempts'],
    ['/agents', 'agents'],
    ['/agents', 'runners'],
    ['/settings', 'projects'],
    ['/trust', 'invariants'],
  ])('on %s gives %s as CSV and JSON', async (path, view) => {
    const { page, errors } = await signIn(browser, control);
    await page.goto(`${control.url}${path}`);
    for (const format of ['CSV', 'JSON']) {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Export ${view} as ${format}` }).click(),
      ]);
      const stream = await file.createReadStream();
      const parts: Buffer[] = [];
      for await (const part of stream) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString();
      if (format === 'JSON') expect(JSON.parse(text)).toMatchObject({ format: `mission-control-${view}` });
      else expect(text.split('\r\n')[0]?.split(',').length).toBeGreaterThan(5);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
