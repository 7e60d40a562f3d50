/**
 * What makes a ticket done: which evidence, which checks, who decides, and where the work goes then. A ticket takes all
 * of it from its project, and may set each for itself.
 */
import type { Completion, Project } from '../../../src/contract/shapes.ts';
import { DECIDERS, EVIDENCE_KINDS, LANDINGS } from '../../../src/domain/words.ts';
import { DECIDER_WORDS, EVIDENCE_WORDS, ON_ACCEPT_WORDS } from '../format/words.ts';
import { Boxes } from '../ui/boxes.tsx';
import { Button } from '../ui/button.tsx';
import { SelectField } from '../ui/select-field.tsx';

/** What the ticket sets itself; null where that is nothing. */
export type OwnCompletion = Partial<Completion> | null;

export function CompletionFields({
  value,
  project,
  onChange,
}: {
  value: OwnCompletion;
  project: Pick<Project, 'completion' | 'checks'> | undefined;
  onChange: (value: OwnCompletion) => void;
}) {
  const own = value ?? {};
  const inherited = project?.completion;
  const set = (part: Partial<Completion>): void => onChange({ ...own, ...part });
  const unset = (name: keyof Completion): void => {
    const rest = Object.fromEntries(Object.entries(own).filter(([each]) => each !== name));
    onChange(Object.keys(rest).length === 0 ? null : (rest as Partial<Completion>));
  };
  const requires = own.requires ?? inherited?.requires ?? [];
  const checks = own.checks ?? inherited?.checks ?? [];
  return (
    <fieldset className="space-y-3 sm:col-span-2">
      <legend className="text-muted mb-1 text-xs font-medium">
        Done needs verified{' '}
        <span className="text-faint font-normal">
          {own.requires ? 'for this ticket' : 'as the project says'}
        </span>
      </legend>
      <Boxes
        all={EVIDENCE_KINDS.map((kind) => [kind, EVIDENCE_WORDS[kind]] as const)}
        chosen={requires}
        onChange={(chosen) => set({ requires: chosen })}
      >
        {own.requires && <AsTheProject onClick={() => unset('requires')} />}
      </Boxes>
      {(project?.checks.length ?? 0) > 0 && requires.includes('check') && (
        <div role="group" aria-label="Checks">
          <p className="text-muted mb-1 text-xs font-medium">
            Checks{' '}
            <span className="text-faint font-normal">
              {own.checks ? 'for this ticket' : 'as the project says'}
            </span>
          </p>
          <Boxes
            all={(project?.checks ?? []).map(({ name }) => [name, name])}
            chosen={checks}
            onChange={(chosen) => set({ checks: chosen })}
          >
            {own.checks && <AsTheProject onClick={() => unset('checks')} />}
          </Boxes>
        </div>
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        <SelectField
          label="Decided by"
          value={own.decidedBy ?? ''}
          options={[
            ['', `As the project says${inherited ? `: ${DECIDER_WORDS[inherited.decidedBy]}` : ''}`],
            ...DECIDERS.map((each) => [each, DECIDER_WORDS[each]] as const),
          ]}
          onChange={(each) => (each === '' ? unset('decidedBy') : set({ decidedBy: each }))}
        />
        <SelectField
          label="After acceptance"
          value={own.onAccept ?? ''}
          options={[
            ['', `As the project says${inherited ? `: ${ON_ACCEPT_WORDS[inherited.onAccept]}` : ''}`],
            ...LANDINGS.map((each) => [each, ON_ACCEPT_WORDS[each]] as const),
          ]}
          onChange={(each) => (each === '' ? unset('onAccept') : set({ onAccept: each }))}
        />
      </div>
    </fieldset>
  );
}

function AsTheProject({ onClick }: { onClick: () => void }) {
  return (
    <Button size="small" tone="ghost" onClick={onClick}>
      As the project says
    </Button>
  );
}
