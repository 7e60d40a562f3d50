/** What holds for all work: how many at once, what a day may cost, when nothing starts, what the system may mend itself. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import type { Policy } from '../../../../src/contract/shapes.ts';
import { REMEDIES, type Remedy } from '../../../../src/domain/words.ts';
import { api } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { policyQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { TextField } from '../../ui/text-field.tsx';
import { toast } from '../../ui/toast.ts';

const REMEDY_WORDS: Record<Remedy, string> = {
  enable_job:
    'Enable a pickup that was disabled, when tickets wait for it and nobody has acknowledged the alert that says so',
};

export function PolicySection() {
  const query = useQuery(policyQuery);
  return (
    <Section title="Policy">
      <Loaded query={query} lines={4}>
        {/* A newer version begins a new form: what one decides on is what one sees. */}
        {(policy) => <PolicyForm key={policy.version} policy={policy} />}
      </Loaded>
    </Section>
  );
}

function PolicyForm({ policy }: { policy: Policy }) {
  const blocked = useBlocked('admin');
  const [maxWorkers, setMaxWorkers] = useState(String(policy.maxWorkers));
  const [usd, setUsd] = useState(policy.budget?.usd?.toString() ?? '');
  const [tokens, setTokens] = useState(policy.budget?.tokens?.toString() ?? '');
  const [remedies, setRemedies] = useState(policy.remedies);
  const [windows, setWindows] = useState(
    policy.windows.map((each) => ({ ...each, minutes: String(each.minutes), reason: each.reason ?? '' })),
  );
  const save = useMutation({
    mutationFn: () => {
      const budget = {
        ...(usd === '' ? {} : { usd: Number(usd) }),
        ...(tokens === '' ? {} : { tokens: Number(tokens) }),
      };
      return api.put<Policy>(
        '/policy',
        {
          maxWorkers: Number(maxWorkers),
          budget: Object.keys(budget).length === 0 ? null : budget,
          remedies,
          windows: windows.map(({ cron, minutes, reason }) => ({
            cron: cron.trim(),
            minutes: Number(minutes),
            ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
          })),
        },
        { ifMatch: policy.version },
      );
    },
    onSuccess: (saved) => {
      queryClient.setQueryData(keys.policy, saved);
      void queryClient.invalidateQueries({ queryKey: keys.overview });
      toast.success('The policy is saved');
    },
  });
  const setWindow = (at: number, part: Partial<(typeof windows)[number]>): void =>
    setWindows(windows.map((each, i) => (i === at ? { ...each, ...part } : each)));
  return (
    <form
      aria-label="Policy"
      className="card space-y-4 p-3.5"
      onSubmit={(event) => {
        event.preventDefault();
        if (blocked === null) save.mutate();
      }}
    >
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField
          label="Agents at once"
          hint="0 starts none."
          type="number"
          min={0}
          max={10_000}
          required
          look="num"
          value={maxWorkers}
          onChange={setMaxWorkers}
        />
        <TextField
          label="USD a day"
          optional
          hint="For all projects; the day is in UTC."
          type="number"
          min={0.01}
          step="any"
          look="num"
          value={usd}
          onChange={setUsd}
        />
        <TextField
          label="Tokens a day"
          optional
          type="number"
          min={1}
          step={1}
          look="num"
          value={tokens}
          onChange={setTokens}
        />
      </div>
      <fieldset>
        <legend className="text-muted mb-1 text-xs font-medium">
          Maintenance windows{' '}
          <span className="text-faint font-normal">while one is open, nothing new starts</span>
        </legend>
        <ul className="space-y-2">
          {windows.map((window, i) => (
            <li key={i} className="flex flex-wrap gap-2">
              <input
                className="control w-36! font-mono"
                aria-label={`Window ${i + 1} opens at (cron)`}
                placeholder="0 2 * * *"
                required
                value={window.cron}
                onChange={(event) => setWindow(i, { cron: event.target.value })}
              />
              <input
                className="control num w-24!"
                aria-label={`Minutes of window ${i + 1}`}
                type="number"
                min={1}
                max={10_080}
                required
                value={window.minutes}
                onChange={(event) => setWindow(i, { minutes: event.target.value })}
              />
              <input
                className="control min-w-32 flex-1"
                aria-label={`Reason of window ${i + 1}`}
                placeholder="Why (optional)"
                value={window.reason}
                onChange={(event) => setWindow(i, { reason: event.target.value })}
              />
              <IconButton
                label={`Remove window ${i + 1}`}
                onClick={() => setWindows(windows.filter((_each, at) => at !== i))}
              >
                <X size={15} aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
        <Button
          size="small"
          tone="ghost"
          className="mt-1"
          icon={<Plus size={14} aria-hidden />}
          onClick={() => setWindows([...windows, { cron: '', minutes: '60', reason: '' }])}
        >
          Add a window
        </Button>
      </fieldset>
      <fieldset>
        <legend className="text-muted mb-1 text-xs font-medium">
          What Mission Control may mend by itself
        </legend>
        {REMEDIES.map((remedy) => (
          <label key={remedy} className="tap flex items-center gap-2 text-sm">
            <input
              type="checkbox"
              className="size-4 shrink-0"
              checked={remedies.includes(remedy)}
              onChange={(event) =>
                setRemedies(
                  event.target.checked ? [...remedies, remedy] : remedies.filter((each) => each !== remedy),
                )
              }
            />
            {REMEDY_WORDS[remedy]}
          </label>
        ))}
      </fieldset>
      <ProblemNote error={save.error} />
      <div className="flex justify-end">
        <Button type="submit" tone="primary" blocked={blocked} busy={save.isPending}>
          Save the policy
        </Button>
      </div>
    </form>
  );
}
