/** When nothing is pushed: in the person's own time zone. What is held back comes as one message afterwards. */
import { useState } from 'react';
import type { NotifySettings } from '../../../../../src/contract/notify-shapes.ts';
import { useIsOffline } from '../../../api/hooks.ts';
import { Button } from '../../../ui/button.tsx';
import { Field } from '../../../ui/field.tsx';
import { changeSettings } from '../../../notifications/change-settings.ts';

const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Those that this browser knows, and the one that is set. */
const zones = (set: string): string[] =>
  [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', here(), set])].sort((a, b) =>
    a.localeCompare(b),
  );

export function QuietHoursForm({ settings }: { settings: NotifySettings }) {
  const offline = useIsOffline();
  const set = settings.quiet;
  const [quiet, setQuiet] = useState(set ?? { from: '22:00', to: '07:00', timezone: here() });
  const isChanged =
    set === null || set.from !== quiet.from || set.to !== quiet.to || set.timezone !== quiet.timezone;
  const isEmpty = quiet.from === quiet.to;
  return (
    <form
      aria-label="Quiet hours"
      className="card space-y-3 p-3.5"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isEmpty) void changeSettings({ quiet });
      }}
    >
      <h3 className="text-sm font-medium">Quiet hours</h3>
      <p className="text-muted text-sm">
        {set === null
          ? 'None: you are pushed to at any time.'
          : `Nothing is pushed from ${set.from} to ${set.to} (${set.timezone}). What is still open then comes as one message.`}
      </p>
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Field label="From">
          {(c) => (
            <input
              {...c}
              type="time"
              required
              className="control"
              value={quiet.from}
              onChange={(e) => setQuiet({ ...quiet, from: e.target.value })}
            />
          )}
        </Field>
        <Field label="To" error={isEmpty ? 'The same moment twice is no time.' : null}>
          {(c) => (
            <input
              {...c}
              type="time"
              required
              className="control"
              value={quiet.to}
              onChange={(e) => setQuiet({ ...quiet, to: e.target.value })}
            />
          )}
        </Field>
        <Field label="Time zone" className="col-span-2">
          {(c) => (
            <select
              {...c}
              className="control"
              value={quiet.timezone}
              onChange={(e) => setQuiet({ ...quiet, timezone: e.target.value })}
            >
              {zones(quiet.timezone).map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <label className="tap flex items-center gap-2 text-sm">
          <input
            type="checkbox"
            disabled={offline}
            checked={settings.criticalThrough}
            onChange={(e) => void changeSettings({ criticalThrough: e.target.checked })}
          />
          Critical alerts may wake me
        </label>
        <span className="ml-auto flex gap-2">
          {set !== null && (
            <Button
              blocked={offline && 'Not possible offline.'}
              onClick={() => void changeSettings({ quiet: null })}
            >
              No quiet hours
            </Button>
          )}
          <Button
            type="submit"
            tone="primary"
            blocked={(offline && 'Not possible offline.') || (!isChanged && 'Nothing has changed.')}
          >
            Keep quiet then
          </Button>
        </span>
      </div>
    </form>
  );
}
