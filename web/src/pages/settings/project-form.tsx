/** A project: its repository, how it is prepared and checked, and what proves that work on it is done. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import { toast } from '../../ui/toast.ts';
import type { Project } from '../../../../src/contract/shapes.ts';
import {
  DECIDERS,
  EVIDENCE_KINDS,
  LANDINGS,
  type Decider,
  type EvidenceKind,
  type OnAccept,
} from '../../../../src/domain/words.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { profilesQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { commandLine, parseCommand, splitLines, splitWords } from '../../format/command.ts';
import { DECIDER_WORDS, EVIDENCE_WORDS, ON_ACCEPT_WORDS } from '../../format/words.ts';
import { DeployFields, deployBody, deployDraft } from './deploy-fields.tsx';
import { Findings } from '../../parts/findings.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { Boxes } from '../../ui/boxes.tsx';
import { Form } from '../../ui/form.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { TextField } from '../../ui/text-field.tsx';

interface CheckDraft {
  name: string;
  command: string;
}

export function ProjectForm({
  project,
  onSaved,
}: {
  project?: Project;
  onSaved: (project: Project) => void;
}) {
  const blocked = useBlocked('admin');
  const profiles = useQuery(profilesQuery).data?.items ?? [];
  const [key, setKey] = useState(project?.key ?? '');
  const [name, setName] = useState(project?.name ?? '');
  const [where, setWhere] = useState(project?.repository.path ?? project?.repository.url ?? '');
  const [branch, setBranch] = useState(project?.defaultBranch ?? '');
  const [setup, setSetup] = useState(project?.setup ? commandLine(project.setup.command) : '');
  const [checks, setChecks] = useState<CheckDraft[]>(
    project?.checks.map((c) => ({ name: c.name, command: commandLine(c.command) })) ?? [],
  );
  const [requires, setRequires] = useState<EvidenceKind[] | null>(project?.completion.requires ?? null);
  const [decidedBy, setDecidedBy] = useState<Decider>(project?.completion.decidedBy ?? 'human');
  const [onAccept, setOnAccept] = useState<OnAccept>(project?.completion.onAccept ?? 'leave_branch');
  const [deploy, setDeploy] = useState(() => deployDraft(project?.deploy ?? null));
  const [guarded, setGuarded] = useState(project?.protectedPaths.join('\n') ?? '');
  const [defaultProfile, setDefaultProfile] = useState(project?.defaultProfile ?? '');
  const [maxAttempts, setMaxAttempts] = useState(String(project?.limits.maxAttempts ?? 3));
  const [runnerLabels, setRunnerLabels] = useState(project?.runnerLabels.join(', ') ?? '');

  const save = useMutation({
    mutationFn: () => {
      const isUrl = /^(\w+:\/\/|[\w.-]+@[\w.-]+:)/.test(where.trim());
      const kept = new Map(project?.checks.map((c) => [c.name, c.timeoutSeconds]));
      const body = {
        name: name.trim() || key,
        repository: isUrl ? { url: where.trim() } : { path: where.trim() },
        ...(branch.trim() === '' ? {} : { defaultBranch: branch.trim() }),
        setup:
          setup.trim() === ''
            ? null
            : { command: parseCommand(setup), timeoutSeconds: project?.setup?.timeoutSeconds },
        checks: checks
          .filter((c) => c.name.trim() !== '' && c.command.trim() !== '')
          .map((c) => ({
            name: c.name.trim(),
            command: parseCommand(c.command),
            timeoutSeconds: kept.get(c.name.trim()),
          })),
        completion: { ...(requires ? { requires } : {}), decidedBy, onAccept },
        deploy: deployBody(deploy),
        protectedPaths: splitLines(guarded),
        defaultProfile: defaultProfile || null,
        runnerLabels: splitWords(runnerLabels),
        limits: { maxAttempts: Number(maxAttempts) || 3 },
      };
      return project
        ? api.patch<Project>(`/projects/${encodeURIComponent(project.key)}`, body, {
            ifMatch: project.version,
          })
        : api.post<Project>('/projects', { key, ...body }, { idempotencyKey: newKey() });
    },
    onSuccess: (saved) => {
      void queryClient.invalidateQueries({ queryKey: keys.projects });
      const bad = saved.warnings.filter((w) => !w.ok).length;
      if (bad > 0)
        toast.warning(
          `${saved.key} is saved; its check found ${bad} thing${bad === 1 ? '' : 's'} to look at`,
        );
      else toast.success(`${saved.key} is saved, and its check found nothing wrong`);
      onSaved(saved);
    },
  });

  return (
    <Form onSend={() => save.mutate()}>
      {project && <Findings findings={project.warnings} />}
      <div className="grid gap-3 sm:grid-cols-[7rem_minmax(0,1fr)]">
        <TextField
          label="Key"
          hint="Like MC; tickets are MC-1, MC-2 …"
          look="num uppercase"
          required
          disabled={project !== undefined}
          maxLength={10}
          pattern="[A-Z][A-Z0-9]*"
          value={key}
          onChange={(value) => setKey(value.toUpperCase())}
        />
        <TextField label="Name" optional value={name} maxLength={200} onChange={setName} />
      </div>
      <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem]">
        <TextField
          label="Repository"
          hint="A path on the server’s machine, or the URL of a git remote."
          look="font-mono"
          required
          placeholder="/home/me/src/app"
          value={where}
          onChange={setWhere}
        />
        <TextField
          label="Branch"
          optional
          look="font-mono"
          placeholder="main"
          value={branch}
          onChange={setBranch}
        />
      </div>
      <TextField
        label="Setup"
        optional
        hint="Runs in each fresh worktree, before the agent and before checks."
        look="font-mono"
        placeholder="npm ci"
        value={setup}
        onChange={setSetup}
      />
      <fieldset>
        <legend className="text-muted mb-1 text-xs font-medium">
          Checks{' '}
          <span className="text-faint font-normal">
            Mission Control runs them itself, on exactly the submitted commit
          </span>
        </legend>
        <ul className="space-y-2">
          {checks.map((check, i) => (
            <li key={i} className="flex gap-2">
              <input
                className="control w-28!"
                aria-label={`Name of check ${i + 1}`}
                placeholder="test"
                value={check.name}
                onChange={(e) => setChecks(checks.with(i, { ...check, name: e.target.value }))}
              />
              <input
                className="control flex-1 font-mono"
                aria-label={`Command of check ${i + 1}`}
                placeholder="npm test"
                value={check.command}
                onChange={(e) => setChecks(checks.with(i, { ...check, command: e.target.value }))}
              />
              <IconButton label={`Remove check ${i + 1}`} onClick={() => setChecks(checks.toSpliced(i, 1))}>
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
          onClick={() => setChecks([...checks, { name: '', command: '' }])}
        >
          Add a check
        </Button>
      </fieldset>
      <details open={project !== undefined}>
        <summary className="text-muted tap flex items-center text-sm">
          Completion, protection and limits
        </summary>
        <div className="mt-3 space-y-4">
          <fieldset>
            <legend className="text-muted mb-1 text-xs font-medium">Done needs verified</legend>
            <Boxes
              all={EVIDENCE_KINDS.map((kind) => [kind, EVIDENCE_WORDS[kind]] as const)}
              chosen={requires ?? ['signal', 'commit', ...(checks.length > 0 ? (['check'] as const) : [])]}
              onChange={setRequires}
            />
          </fieldset>
          <div className="grid gap-3 sm:grid-cols-2">
            <SelectField
              label="Decided by"
              value={decidedBy}
              options={DECIDERS.map((each) => [each, DECIDER_WORDS[each]])}
              onChange={setDecidedBy}
            />
            <SelectField
              label="When accepted"
              value={onAccept}
              options={LANDINGS.map((each) => [each, ON_ACCEPT_WORDS[each]])}
              onChange={setOnAccept}
            />
            <SelectField
              label="Default profile"
              optional
              value={defaultProfile}
              options={[['', 'None'], ...profiles.map(({ id }): [string, string] => [id, id])]}
              onChange={setDefaultProfile}
            />
            <TextField
              label="Attempts per ticket"
              look="num"
              type="number"
              min={1}
              max={1000}
              value={maxAttempts}
              onChange={setMaxAttempts}
            />
          </div>
          <DeployFields draft={deploy} onChange={setDeploy} />
          <TextField
            label="Protected paths"
            optional
            hint="One glob per line. A diff that touches one always goes to a person."
            area
            look="font-mono"
            placeholder="test/**"
            value={guarded}
            onChange={setGuarded}
          />
          <TextField
            label="Runner labels"
            optional
            hint="Only runners with all of these work on it."
            placeholder="linux, gpu"
            value={runnerLabels}
            onChange={setRunnerLabels}
          />
        </div>
      </details>
      <ProblemNote error={save.error} />
      <div className="flex justify-end">
        <Button type="submit" tone="primary" blocked={blocked} busy={save.isPending}>
          {project ? 'Save and check' : 'Add and check'}
        </Button>
      </div>
    </Form>
  );
}
