/** Where accepted work is deployed to, and how Mission Control asks what runs there. */
import type { Project } from '../../../../src/contract/shapes.ts';
import { commandLine, parseCommand } from '../../format/command.ts';
import { TextField } from '../../ui/text-field.tsx';

export interface DeployDraft {
  environment: string;
  /** An address, or a command. */
  probe: string;
  seconds: string;
}

export function deployDraft(deploy: Project['deploy']): DeployDraft {
  return {
    environment: deploy?.environment ?? '',
    probe: deploy ? (deploy.probe.url ?? commandLine(deploy.probe.command ?? [])) : '',
    seconds: String(deploy?.timeoutSeconds ?? 1800),
  };
}

/** @returns null where no environment is named */
export function deployBody({ environment, probe, seconds }: DeployDraft): object | null {
  const asked = probe.trim();
  if (environment.trim() === '' || asked === '') return null;
  return {
    environment: environment.trim(),
    probe: /^https?:\/\//.test(asked) ? { url: asked } : { command: parseCommand(asked) },
    timeoutSeconds: Number(seconds) || 1800,
  };
}

export function DeployFields({
  draft,
  onChange,
}: {
  draft: DeployDraft;
  onChange: (draft: DeployDraft) => void;
}) {
  const isNamed = draft.environment.trim() !== '';
  return (
    <div className="grid gap-3 sm:grid-cols-[9rem_minmax(0,1fr)_7rem]">
      <TextField
        label="Deployed to"
        optional
        hint="Evidence of kind deploy"
        placeholder="production"
        maxLength={64}
        value={draft.environment}
        onChange={(value) => onChange({ ...draft, environment: value })}
      />
      <TextField
        label="Probe"
        optional={!isNamed}
        hint="An address or a command that says which commit runs there."
        look="font-mono"
        placeholder="https://example.org/version"
        required={isNamed}
        value={draft.probe}
        onChange={(value) => onChange({ ...draft, probe: value })}
      />
      <TextField
        label="Within seconds"
        look="num"
        type="number"
        min={1}
        max={604800}
        value={draft.seconds}
        onChange={(value) => onChange({ ...draft, seconds: value })}
      />
    </div>
  );
}
