/** Several of few, each with a box. */
import type { ReactNode } from 'react';

export function Boxes<Value extends string>({
  all,
  chosen,
  onChange,
  children,
}: {
  all: readonly (readonly [Value, string])[];
  chosen: readonly Value[];
  onChange: (chosen: Value[]) => void;
  /** What stands behind them. */
  children?: ReactNode;
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
      {children}
    </div>
  );
}
