/** Where accepted work is deployed to, and how Mission Control asks what runs there. */
import type { Project } from '../../../../src/contract/shapes.ts';
import { commandLine, parseCommand } from '../../format/command.ts';
import { Field } from '../../ui/field.tsx';

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
      <Field label="Deployed to" optional hint="Evidence of kind deploy">
        {(c) => (
          <input
            {...c}
            className="control"
            placeholder="production"
            maxLength={64}
            value={draft.environment}
            onChange={(e) => onChange({ ...draft, environment: e.target.value })}
          />
        )}
      </Field>
      <Field
        label="Probe"
        optional={!isNamed}
        hint="An address or a command that says which commit runs there."
      >
        {(c) => (
          <input
            {...c}
            className="control font-mono"
            placeholder="https://example.org/version"
            required={isNamed}
            value={draft.probe}
            onChange={(e) => onChange({ ...draft, probe: e.target.value })}
          />
        )}
      </Field>
      <Field label="Within seconds">
        {(c) => (
          <input
            {...c}
            className="control num"
            type="number"
            min={1}
            max={604800}
            value={draft.seconds}
            onChange={(e) => onChange({ ...draft, seconds: e.target.value })}
          />
        )}
      </Field>
    </div>
  );
}
