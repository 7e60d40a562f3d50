/** A labelled choice of one among few. */
import type { ReactNode } from 'react';
import { Field } from './field.tsx';

export function SelectField<Value extends string>({
  label,
  hint,
  optional,
  value,
  options,
  required,
  disabled,
  onChange,
}: {
  label: ReactNode;
  hint?: ReactNode;
  optional?: boolean;
  value: Value;
  /** Each with its words; a value that is not among them (gone, or not read yet) is shown as it is. */
  options: readonly (readonly [Value, string])[];
  required?: boolean;
  disabled?: boolean;
  onChange: (value: Value) => void;
}) {
  const isKnown = value === '' || options.some(([each]) => each === value);
  return (
    <Field label={label} hint={hint} optional={optional}>
      {(control) => (
        <select
          {...control}
          className="control"
          required={required}
          disabled={disabled}
          value={value}
          onChange={(event) => onChange(event.target.value as Value)}
        >
          {!isKnown && <option>{value}</option>}
          {options.map(([each, words]) => (
            <option key={each} value={each}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
