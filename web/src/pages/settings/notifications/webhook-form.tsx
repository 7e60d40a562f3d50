/** A webhook: its name, where it goes, and what it is told. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { IssuedWebhook, Webhook } from '../../../../../src/contract/notify-shapes.ts';
import { NOTIFICATION_KINDS, type NotificationKind } from '../../../../../src/domain/words.ts';
import { api, newKey } from '../../../api/client.ts';
import { projectsQuery } from '../../../api/queries.ts';
import { KIND_WORDS } from '../../../notifications/words.ts';
import { Button } from '../../../ui/button.tsx';
import { ProblemNote } from '../../../ui/problem.tsx';
import { TextField } from '../../../ui/text-field.tsx';

export function WebhookForm({
  webhook,
  onSaved,
  onClose,
}: {
  webhook: Webhook | undefined;
  onSaved: (issued: IssuedWebhook | null) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(webhook?.name ?? '');
  const [url, setUrl] = useState('');
  const [kinds, setKinds] = useState<NotificationKind[] | null>(webhook?.kinds ?? null);
  const [projects, setProjects] = useState<string[] | null>(webhook?.projects ?? null);
  const [enabled, setEnabled] = useState(webhook?.enabled ?? true);
  const known = useQuery(projectsQuery).data?.items.map(({ key }) => key) ?? [];
  const save = useMutation({
    mutationFn: async () => {
      const fields = {
        name: name.trim(),
        kinds,
        projects,
        enabled,
        ...(url === '' ? {} : { url: url.trim() }),
      };
      if (!webhook) return api.post<IssuedWebhook>('/webhooks', fields, { idempotencyKey: newKey() });
      await api.patch(`/webhooks/${encodeURIComponent(webhook.id)}`, fields, { ifMatch: webhook.version });
      return null;
    },
    onSuccess: onSaved,
  });
  const missing =
    name.trim() === ''
      ? 'Give it a name first.'
      : !webhook && url.trim() === ''
        ? 'Say where it goes first.'
        : kinds?.length === 0 || projects?.length === 0
          ? 'Choose at least one, or everything.'
          : null;
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing === null) save.mutate();
      }}
    >
      <TextField label="Name" required maxLength={60} value={name} onChange={setName} />
      <TextField
        label="Address"
        type="url"
        optional={webhook !== undefined}
        required={webhook === undefined}
        placeholder={webhook ? `${webhook.origin}/…` : 'https://chat.example.org/hooks/…'}
        hint={webhook ? 'It is kept as it is unless you write another.' : 'https, to the public internet.'}
        value={url}
        onChange={setUrl}
      />
      <Some
        legend="What it is told"
        every="Everything"
        options={NOTIFICATION_KINDS.map((kind) => ({ value: kind, label: KIND_WORDS[kind].name }))}
        chosen={kinds}
        onChange={setKinds}
      />
      {known.length > 0 && (
        <Some
          legend="Of which projects"
          every="All, and what belongs to none"
          options={known.map((key) => ({ value: key, label: key }))}
          chosen={projects}
          onChange={setProjects}
        />
      )}
      <label className="tap flex items-center gap-2 text-sm">
        <input type="checkbox" checked={enabled} onChange={(e) => setEnabled(e.target.checked)} />
        Send
      </label>
      <ProblemNote error={save.error} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Close</Button>
        <Button type="submit" tone="primary" busy={save.isPending} blocked={missing}>
          {webhook ? 'Save' : 'Add'}
        </Button>
      </div>
    </form>
  );
}

function Some<T extends string>({
  legend,
  every,
  options,
  chosen,
  onChange,
}: {
  legend: string;
  every: string;
  options: { value: T; label: string }[];
  chosen: T[] | null;
  onChange: (chosen: T[] | null) => void;
}) {
  return (
    <fieldset className="space-y-1">
      <legend className="text-muted mb-1 text-xs font-medium">{legend}</legend>
      <label className="tap flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          checked={chosen === null}
          onChange={(e) => onChange(e.target.checked ? null : [])}
        />
        {every}
      </label>
      {chosen !== null && (
        <div className="grid grid-cols-2 gap-x-3 pl-6 sm:grid-cols-3">
          {options.map(({ value, label }) => (
            <label key={value} className="tap flex items-center gap-2 text-sm">
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={(e) =>
                  onChange(e.target.checked ? [...chosen, value] : chosen.filter((each) => each !== value))
                }
              />
              {label}
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}
