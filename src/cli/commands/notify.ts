/** `mctl notify …`: what you are told, by which way, and when not; the webhooks of the installation. */
import type { Command } from 'commander';
import type { Device, Notification, NotifySettings, Tested } from '../../contract/notify-shapes.ts';
import type { Page } from '../../contract/shapes.ts';
import { NOTIFICATION_KINDS, NOTIFICATION_WAYS } from '../../domain/words.ts';
import { runs, type Context, type Io } from '../context.ts';
import { Unwell, UsageError } from '../failures.ts';
import { csvFlag, printCsv } from '../export-list.ts';
import { findByEnding, isTicketKey, shortId, ticketKey } from '../references.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';
import { number, oneOf } from '../values.ts';
import { defineWebhook } from './notify/webhook.ts';

interface ListOptions {
  unread?: boolean;
  limit?: string;
  csv?: boolean;
}
interface QuietOptions {
  from?: string;
  to?: string;
  timezone?: string;
  off?: boolean;
  critical?: string;
}

export function defineNotify(program: Command, io: Io): void {
  const notify = program
    .command('notify')
    .description('what you are told: list, read, settings, set, quiet, mute, devices, webhook');
  defineList(notify, io);
  defineSettings(notify, io);
  defineQuiet(notify, io);
  defineMute(notify, io);
  defineDevices(notify, io);
  defineWebhook(notify, io);
}

function defineList(notify: Command, io: Io): void {
  const list = notify
    .command('list', { isDefault: true })
    .alias('ls')
    .description('what you were told, the newest first')
    .option('-u, --unread', 'only what is neither read nor settled')
    .option('-n, --limit <n>', 'at most so many', '50')
    .addOption(csvFlag());
  runs<ListOptions>(list, io, async (context, options) => {
    const query = options.unread === true ? { unread: 'true' } : {};
    const page = await context.api.list<Notification>(
      '/notifications',
      query,
      number(options.limit, '--limit'),
    );
    if (options.csv === true) return printCsv(context, 'notifications', page.items);
    context.result(page, () => printList(context, page));
  });

  const read = notify
    .command('read')
    .description('mark as read: what you name, or everything')
    .argument('[id...]', 'their ids (the end of each will do)');
  runs(read, io, async (context, _options, ...given) => {
    const named = given.filter((each) => each !== undefined);
    if (named.length === 0) await context.api.post('/notifications/read', { all: true });
    else {
      const { items } = await context.api.list<Notification>('/notifications', {}, 1000);
      const ids = named.map((each) => findByEnding(items, each, 'notifications').id);
      await context.api.post('/notifications/read', { ids });
    }
    context.note(text`${named.length === 0 ? 'Everything is' : 'That is'} read, on all your devices.`);
  });
}

function printList(context: Context, page: Page<Notification>): void {
  context.printTable(
    page.items,
    [
      { title: 'Id', value: (each) => shortId(each.id) },
      { title: '', value: (each) => (each.read || each.settled ? '' : '●') },
      wordColumn(context, 'Kind', (each) => each.kind),
      { title: 'Title', value: (each) => each.title, flexible: true },
      { title: 'Text', value: (each) => each.text, flexible: true },
      {
        title: 'Settled',
        value: (each) => each.settled && `${each.settled.how.replaceAll('_', ' ')} by ${each.settled.by}`,
      },
      { title: 'When', value: (each) => context.age(each.at), align: 'right' },
    ],
    'You were told nothing.',
  );
}

function defineSettings(notify: Command, io: Io): void {
  const settings = notify.command('settings').description('what you are told by which way');
  runs(settings, io, async (context) => {
    const found = await context.api.get<NotifySettings>('/notifications/settings');
    context.result(found, () => printSettings(context, found));
  });

  const set = notify
    .command('set')
    .description('choose by which way you are told: mctl notify set done --push on')
    .argument('<kind...>', NOTIFICATION_KINDS.join(', '))
    .option('--app <on|off>', 'in the app')
    .option('--push <on|off>', 'pushed to your devices');
  runs<{ app?: string; push?: string }>(set, io, async (context, options, ...given) => {
    const way = {
      ...(options.app === undefined ? {} : { app: onOff(options.app, '--app') }),
      ...(options.push === undefined ? {} : { push: onOff(options.push, '--push') }),
    };
    if (Object.keys(way).length === 0) throw new UsageError('Say --app on|off, --push on|off, or both.');
    const kinds = given.flatMap((each) => oneOf(each, NOTIFICATION_KINDS, 'The kind') ?? []);
    const ways = Object.fromEntries(kinds.map((kind) => [kind, way]));
    const changed = await context.api.patch<NotifySettings>('/notifications/settings', { ways });
    context.result(changed, () => printSettings(context, changed));
  });
}

function onOff(value: string, flag: string): boolean {
  if (value !== 'on' && value !== 'off')
    throw new UsageError(`${flag} takes on or off; "${value}" is neither.`);
  return value === 'on';
}

function printSettings(context: Context, settings: NotifySettings): void {
  context.printTable(
    [...NOTIFICATION_KINDS],
    [
      { title: 'Kind', value: (kind) => kind.replaceAll('_', ' ') },
      ...NOTIFICATION_WAYS.map((way) => ({
        title: way === 'app' ? 'In the app' : 'Pushed',
        value: (kind: (typeof NOTIFICATION_KINDS)[number]) => (settings.ways[kind][way] ? 'yes' : '–'),
      })),
    ],
    '',
  );
  const { quiet, muted } = settings;
  context.printCard([
    ['Quiet hours', quiet ? `${quiet.from} to ${quiet.to} (${quiet.timezone})` : 'none'],
    ['Critical alerts', settings.criticalThrough ? 'pass at any time' : 'are held back too'],
    ['Muted', [...muted.projects, ...muted.tickets].join(', ')],
  ]);
}

function defineQuiet(notify: Command, io: Io): void {
  const quiet = notify
    .command('quiet')
    .description('when nothing is pushed to you: mctl notify quiet --from 22:00 --to 07:00')
    .option('--from <HH:MM>', 'when they begin')
    .option('--to <HH:MM>', 'when they end; what was held comes then, as one message')
    .option('--timezone <name>', 'like Europe/Berlin; else that of this machine')
    .option('--off', 'no quiet hours')
    .option('--critical <on|off>', 'whether critical alerts pass all the same');
  runs<QuietOptions>(quiet, io, async (context, options) => {
    const hasTime = options.from !== undefined && options.to !== undefined;
    if (!hasTime && options.off !== true && options.critical === undefined)
      throw new UsageError(
        'Say when: --from and --to, or --off.',
        'mctl notify quiet --from 22:00 --to 07:00',
      );
    const timezone = options.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    const change = {
      ...(options.off === true ? { quiet: null } : {}),
      ...(hasTime ? { quiet: { from: options.from, to: options.to, timezone } } : {}),
      ...(options.critical === undefined ? {} : { criticalThrough: onOff(options.critical, '--critical') }),
    };
    const changed = await context.api.patch<NotifySettings>('/notifications/settings', change);
    context.result(changed, () => printSettings(context, changed));
  });
}

function defineMute(notify: Command, io: Io): void {
  for (const verb of ['mute', 'unmute'] as const) {
    const command = notify
      .command(verb)
      .description(verb === 'mute' ? 'hear nothing of a ticket or a project' : 'hear of it again')
      .argument('<what...>', 'tickets (MC-12) or projects (MC)');
    runs(command, io, async (context, _options, ...given) => {
      const { muted } = await context.api.get<NotifySettings>('/notifications/settings');
      const named = given.flatMap((each) => (each === undefined ? [] : [each]));
      const tickets = named.filter(isTicketKey).map(ticketKey);
      const projects = named.filter((each) => !isTicketKey(each)).map((each) => each.toUpperCase());
      const change = (before: string[], those: string[]): string[] =>
        verb === 'mute'
          ? [...new Set([...before, ...those])]
          : before.filter((each) => !those.includes(each));
      const changed = await context.api.patch<NotifySettings>('/notifications/settings', {
        muted: { tickets: change(muted.tickets, tickets), projects: change(muted.projects, projects) },
      });
      context.result(changed, () => printSettings(context, changed));
    });
  }
}

function defineDevices(notify: Command, io: Io): void {
  const devices = notify.command('devices').description('your devices that are pushed to');
  runs(devices, io, async (context) => {
    const page = await context.api.list<Device>('/notifications/devices', {}, 200);
    context.result(page, () =>
      context.printTable(
        page.items,
        [
          { title: 'Device', value: (each) => shortId(each.id) },
          { title: 'Name', value: (each) => each.name },
          { title: 'Last delivery', value: (each) => context.age(each.lastOkAt) || 'never' },
          {
            title: 'Failing',
            value: (each) => each.failingSince && `${context.age(each.failingSince)}: ${each.detail}`,
            flexible: true,
          },
        ],
        'No device is pushed to. Open the app on one: Settings, Notifications.',
      ),
    );
  });
  const find = async (context: Context, given: string | undefined): Promise<Device> => {
    const { items } = await context.api.list<Device>('/notifications/devices', {}, 200);
    return findByEnding(items, given ?? '', 'devices');
  };
  const test = notify
    .command('test')
    .description('push a test to one of your devices')
    .argument('<device>', 'its id; the end of it will do');
  runs(test, io, async (context, _options, given) => {
    const device = await find(context, given);
    printTested(context, await context.api.post<Tested>(`/notifications/devices/${device.id}/test`));
  });
  const forget = notify
    .command('forget')
    .description('push to a device no more')
    .argument('<device>', 'its id; the end of it will do');
  runs(forget, io, async (context, _options, given) => {
    const device = await find(context, given);
    await context.api.delete(`/notifications/devices/${device.id}`);
    context.note(text`${device.name} is pushed to no more.`);
  });
}

/** Exit code 3 where it was not taken, for scripts. */
export function printTested(context: Context, tested: Tested): void {
  context.result(tested, () =>
    context.print(
      text`${tested.ok ? 'Taken' : 'Not taken'}: ${tested.answer} (${Math.round(tested.durationMs)} ms)`,
    ),
  );
  if (!tested.ok) throw new Unwell('The test did not arrive.');
}
