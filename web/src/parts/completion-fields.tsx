/**
 * What makes a ticket done: which evidence, which checks, who decides, and where the work goes then. A ticket takes all
 * of it from its project, and may set each for itself.
 */
import type { Completion, Project } from '../../../src/contract/shapes.ts';
import {
  DECIDERS,
  EVIDENCE_KINDS,
  LANDINGS,
  type Decider,
  type OnAccept,
} from '../../../src/domain/words.ts';
import { DECIDER_WORDS, EVIDENCE_WORDS, ON_ACCEPT_WORDS } from '../format/words.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';

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
        all={EVIDENCE_KINDS.map((kind) => [kind, EVIDENCE_WORDS[kind]])}
        chosen={requires}
        onChange={(chosen) => set({ requires: chosen as Completion['requires'] })}
        onReset={own.requires && (() => unset('requires'))}
      />
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
            onReset={own.checks && (() => unset('checks'))}
          />
        </div>
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="Decided by">
          {(c) => (
            <select
              {...c}
              className="control"
              value={own.decidedBy ?? ''}
              onChange={(e) =>
                e.target.value === '' ? unset('decidedBy') : set({ decidedBy: e.target.value as Decider })
              }
            >
              <option value="">
                As the project says{inherited && `: ${DECIDER_WORDS[inherited.decidedBy]}`}
              </option>
              {DECIDERS.map((decider) => (
                <option key={decider} value={decider}>
                  {DECIDER_WORDS[decider]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="After acceptance">
          {(c) => (
            <select
              {...c}
              className="control"
              value={own.onAccept ?? ''}
              onChange={(e) =>
                e.target.value === '' ? unset('onAccept') : set({ onAccept: e.target.value as OnAccept })
              }
            >
              <option value="">
                As the project says{inherited && `: ${ON_ACCEPT_WORDS[inherited.onAccept]}`}
              </option>
              {LANDINGS.map((landing) => (
                <option key={landing} value={landing}>
                  {ON_ACCEPT_WORDS[landing]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </fieldset>
  );
}

function Boxes({
  all,
  chosen,
  onChange,
  onReset,
}: {
  all: [string, string][];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  onReset?: (() => void) | undefined;
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-4">
      {all.map(([value, word]) => (
        <label key={value} className="tap flex items-center gap-1.5 text-sm">
          <input
            type="checkbox"
            className="size-4"
            checked={chosen.includes(value)}
            onChange={(e) =>
              onChange(e.target.checked ? [...chosen, value] : chosen.filter((each) => each !== value))
            }
          />
          {word}
        </label>
      ))}
      {onReset && (
        <Button size="small" tone="ghost" onClick={onReset}>
          As the project says
        </Button>
      )}
    </div>
  );
}
