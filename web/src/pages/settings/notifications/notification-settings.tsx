/** What this person is told, by which way, and when not; their devices; for administrators also the webhooks. */
import { useQuery } from '@tanstack/react-query';
import type { NotifySettings } from '../../../../../src/contract/notify-shapes.ts';
import { NOTIFICATION_KINDS, NOTIFICATION_WAYS } from '../../../../../src/domain/words.ts';
import { useIsOffline } from '../../../api/hooks.ts';
import { changeSettings } from '../../../notifications/change-settings.ts';
import { InstallHint } from '../../../notifications/install-hint.tsx';
import { notifySettingsQuery } from '../../../notifications/queries.ts';
import { KIND_WORDS } from '../../../notifications/words.ts';
import { useMe } from '../../../shell/session-context.ts';
import { Loaded } from '../../../ui/loaded.tsx';
import { Section } from '../../../ui/page.tsx';
import { DeviceList } from './device-list.tsx';
import { MutedList } from './muted-list.tsx';
import { QuietHoursForm } from './quiet-hours-form.tsx';
import { WebhookList } from './webhook-list.tsx';

export function NotificationSettings() {
  const me = useMe();
  const query = useQuery(notifySettingsQuery);
  return (
    <div id="notifications" className="scroll-mt-16 space-y-8">
      <Section title="Notifications">
        <InstallHint />
        <Loaded query={query} lines={6}>
          {(settings) => (
            <div className="space-y-4">
              <Ways settings={settings} />
              <QuietHoursForm settings={settings} />
              <MutedList settings={settings} />
            </div>
          )}
        </Loaded>
      </Section>
      <DeviceList />
      {me.role === 'admin' && <WebhookList />}
    </div>
  );
}

const WAY_WORDS = { app: 'In the app', push: 'Pushed' } as const;

function Ways({ settings }: { settings: NotifySettings }) {
  const offline = useIsOffline();
  return (
    <div className="card overflow-x-auto">
      <table className="w-full text-sm">
        <caption className="sr-only">What you are told, and by which way</caption>
        <thead>
          <tr className="text-muted border-line border-b text-xs">
            <th scope="col" className="px-3.5 py-2 text-left font-medium">
              What
            </th>
            {NOTIFICATION_WAYS.map((way) => (
              <th key={way} scope="col" className="w-24 px-2 py-2 text-center font-medium">
                {WAY_WORDS[way]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-line divide-y">
          {NOTIFICATION_KINDS.map((kind) => (
            <tr key={kind}>
              <th scope="row" className="px-3.5 py-1.5 text-left font-normal">
                {KIND_WORDS[kind].name}
                <span className="text-faint block text-xs">{KIND_WORDS[kind].means}</span>
              </th>
              {NOTIFICATION_WAYS.map((way) => (
                <td key={way} className="p-0 text-center">
                  <label className="grid min-h-11 cursor-pointer place-items-center">
                    <input
                      type="checkbox"
                      className="size-4"
                      aria-label={`${KIND_WORDS[kind].name}: ${WAY_WORDS[way]}`}
                      disabled={offline}
                      checked={settings.ways[kind][way]}
                      onChange={(event) =>
                        void changeSettings({ ways: { [kind]: { [way]: event.target.checked } } })
                      }
                    />
                  </label>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
