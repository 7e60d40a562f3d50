/** A profile: which agent program, how it is run, and what it may spend. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { toast } from '../../ui/toast.ts';
import type { Profile, Project } from '../../../../src/contract/shapes.ts';
import { ADAPTERS, type Adapter } from '../../../../src/domain/words.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { queryClient } from '../../api/query-client.ts';
import { commandLine, parseCommand, splitWords } from '../../format/command.ts';
import { Findings } from '../../parts/findings.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { TextField } from '../../ui/text-field.tsx';

const ADAPTER_WORDS: Record<Adapter, { label: string; command: string; hint: string }> = {
  claude: {
    label: 'Claude Code',
    command: 'claude',
    hint: 'Its own protocol: sessions, permission requests, cost.',
  },
  codex: { label: 'Codex', command: 'codex', hint: 'Its own protocol: sessions, permission requests, cost.' },
  acp: {
    label: 'Agent Client Protocol',
    command: '',
    hint: 'Any agent that speaks ACP on standard input and output.',
  },
  command: {
    label: 'Command',
    command: '',
    hint: 'Any program: it gets the prompt on standard input, and reports with mc-coord.',
  },
};

export function ProfileForm({
  profile,
  makeDefaultOf,
  onSaved,
}: {
  profile?: Profile;
  /** Also made the default of this project, as it has none. */
  makeDefaultOf?: Project;
  onSaved: (profile: Profile) => void;
}) {
  const blocked = useBlocked('admin');
  const [id, setId] = useState(profile?.id ?? '');
  const [adapter, setAdapter] = useState<Adapter>(profile?.adapter ?? 'claude');
  const [command, setCommand] = useState(
    profile ? commandLine(profile.command) : ADAPTER_WORDS.claude.command,
  );
  const [model, setModel] = useState(profile?.model ?? '');
  const [home, setHome] = useState(profile?.home ?? 'inherit');
  const [permissions, setPermissions] = useState(profile?.permissions ?? 'ask');
  const [envAllow, setEnvAllow] = useState(profile?.envAllow.join(', ') ?? '');
  const [maxWorkers, setMaxWorkers] = useState(profile?.maxWorkers?.toString() ?? '');
  const [minutes, setMinutes] = useState(profile ? String(profile.timeoutSeconds / 60) : '');
  const [usd, setUsd] = useState(profile?.budget?.usd?.toString() ?? '');

  const save = useMutation({
    mutationFn: async () => {
      const body = {
        adapter,
        command: parseCommand(command),
        home,
        permissions,
        model: model.trim() || null,
        envAllow: splitWords(envAllow),
        maxWorkers: maxWorkers === '' ? null : Number(maxWorkers),
        budget:
          usd === ''
            ? profile?.budget?.tokens
              ? { tokens: profile.budget.tokens }
              : null
            : { ...profile?.budget, usd: Number(usd) },
        ...(minutes === '' ? {} : { timeoutSeconds: Math.round(Number(minutes) * 60) }),
      };
      const saved = profile
        ? await api.patch<Profile>(`/profiles/${encodeURIComponent(profile.id)}`, body, {
            ifMatch: profile.version,
          })
        : await api.post<Profile>('/profiles', { id, ...body }, { idempotencyKey: newKey() });
      if (makeDefaultOf)
        await api.patch(
          `/projects/${encodeURIComponent(makeDefaultOf.key)}`,
          { defaultProfile: saved.id },
          { ifMatch: makeDefaultOf.version },
        );
      return saved;
    },
    onSuccess: (saved) => {
      void queryClient.invalidateQueries({ queryKey: keys.profiles });
      void queryClient.invalidateQueries({ queryKey: keys.projects });
      const bad = saved.warnings.filter((w) => !w.ok).length;
      if (bad > 0)
        toast.warning(`${saved.id} is saved; its check found ${bad} thing${bad === 1 ? '' : 's'} to look at`);
      else toast.success(`${saved.id} is saved`);
      onSaved(saved);
    },
  });

  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {profile && <Findings findings={profile.warnings} />}
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Id"
          hint="Tickets name it: claude_opus_medium"
          look="font-mono"
          required
          disabled={profile !== undefined}
          maxLength={64}
          pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
          value={id}
          onChange={setId}
        />
        <SelectField
          label="Agent"
          hint={ADAPTER_WORDS[adapter].hint}
          value={adapter}
          options={ADAPTERS.toReversed().map((each) => [each, ADAPTER_WORDS[each].label])}
          onChange={(next) => {
            if (command === ADAPTER_WORDS[adapter].command) setCommand(ADAPTER_WORDS[next].command);
            setAdapter(next);
          }}
        />
      </div>
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem]">
        <TextField
          label="Command"
          hint="Without its protocol’s own flags; ${MC_URL} and the like are replaced."
          look="font-mono"
          required
          value={command}
          onChange={setCommand}
        />
        <TextField label="Model" optional value={model} onChange={setModel} />
      </div>
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label="Home directory"
          hint="Its own, or that of the person who runs the server (where agents keep their login)."
          value={home}
          options={[
            ['isolated', 'Isolated'],
            ['inherit', 'Inherited'],
          ]}
          onChange={setHome}
        />
        <SelectField
          label="Tool permissions"
          hint="Ask: a request becomes a question to you."
          value={permissions}
          options={[
            ['ask', 'Ask'],
            ['allow', 'Allow'],
            ['deny', 'Deny'],
          ]}
          onChange={setPermissions}
        />
        <TextField
          label="Environment it may see"
          optional
          hint="Names, separated by commas."
          look="font-mono"
          placeholder="LANG, TZ"
          value={envAllow}
          onChange={setEnvAllow}
        />
        <div className="grid grid-cols-3 gap-2">
          <TextField
            label="Workers"
            look="num"
            type="number"
            min={0}
            placeholder="any"
            value={maxWorkers}
            onChange={setMaxWorkers}
          />
          <TextField
            label="Minutes"
            look="num"
            type="number"
            min={1}
            step="any"
            value={minutes}
            onChange={setMinutes}
          />
          <TextField
            label="USD"
            look="num"
            type="number"
            min={0.01}
            step="any"
            placeholder="any"
            value={usd}
            onChange={setUsd}
          />
        </div>
      </div>
      <ProblemNote error={save.error} />
      <div className="flex justify-end">
        <Button type="submit" tone="primary" blocked={blocked} busy={save.isPending}>
          {profile ? 'Save and check' : 'Add and check'}
        </Button>
      </div>
    </form>
  );
}
