/**
 * A problem as the server described it: what is wrong, the detail, and what to do next. Nothing fails silently, and
 * nothing says only "error".
 */
import { CircleAlert } from 'lucide-react';
import { toast } from './toast.ts';
import { ApiProblem, Unreachable } from '../api/client.ts';

export interface ProblemText {
  title: string;
  detail: string;
  advice: string;
  errors: { path: string; message: string }[];
}

export function problemText(error: unknown): ProblemText {
  if (error instanceof ApiProblem) {
    const { title, detail, advice, errors, missing } = error.problem;
    return {
      title,
      detail: missing && missing.length > 0 ? `${detail} Missing: ${missing.join(', ')}.` : detail,
      advice,
      errors: errors ?? [],
    };
  }
  if (error instanceof Unreachable)
    return {
      title: 'Mission Control does not answer',
      detail: 'The server cannot be reached from here.',
      advice:
        'Check that it is running (`mctl doctor` on its machine); this page goes on by itself when it is back.',
      errors: [],
    };
  return {
    title: 'Something went wrong in this page',
    detail: error instanceof Error ? error.message : String(error),
    advice: 'Reload the page; if it happens again, please report it.',
    errors: [],
  };
}

/** For what has no place of its own to show a problem. */
export function showProblem(error: unknown): void {
  const { title, detail, advice } = problemText(error);
  toast.error(title, { description: `${detail} ${advice}`, duration: 12_000 });
}

export function ProblemNote({ error, className }: { error: unknown; className?: string }) {
  if (!error) return null;
  const { title, detail, advice, errors } = problemText(error);
  return (
    <div
      role="alert"
      className={`border-red/30 bg-red-soft flex gap-2 rounded-md border p-2.5 text-sm ${className ?? ''}`}
    >
      <CircleAlert size={16} className="text-red mt-0.5 shrink-0" aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">{title}</p>
        <p className="text-muted">{detail}</p>
        {errors.length > 0 && (
          <ul className="text-muted mt-1 list-disc pl-4">
            {errors.map((e) => (
              <li key={`${e.path}:${e.message}`}>
                <code className="font-mono text-xs">{e.path}</code>: {e.message}
              </li>
            ))}
          </ul>
        )}
        <p className="mt-1">{advice}</p>
      </div>
    </div>
  );
}
