/** The next three runs of a cron line while it is being written, asked of the server, which will run it. */
import { useQuery } from '@tanstack/react-query';
import { schedulePreviewQuery } from '../../api/queries.ts';
import { problemText } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';

export function NextRuns({ line }: { line: { cron: string; timezone: string } }) {
  const { data, error } = useQuery({ ...schedulePreviewQuery(line), enabled: line.cron !== '' });
  const problem = error ? problemText(error) : null;
  return (
    <div role="status" aria-label="Next runs" className="min-h-16 text-sm">
      <p className="text-muted mb-1 text-xs font-medium">Next runs</p>
      {problem ? (
        <p className="text-amber">
          {problem.detail} {problem.advice}
        </p>
      ) : (
        data && (
          <ol className="flex flex-wrap gap-x-5 gap-y-1">
            {data.runs.map((at) => (
              <li key={at} className="num">
                {inZone(at, line.timezone)}{' '}
                <span className="text-faint">
                  <Ago at={at} />
                </span>
              </li>
            ))}
          </ol>
        )
      )}
    </div>
  );
}

/** A moment in the zone of the line: `Tue, 24 Nov, 03:00`. In one's own zone it would not look like what was written. */
function inZone(at: string, timeZone: string): string {
  const parts: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  };
  try {
    return new Intl.DateTimeFormat(undefined, { ...parts, timeZone }).format(new Date(at));
  } catch {
    // The server knows a zone that this browser does not.
    return `${new Intl.DateTimeFormat(undefined, { ...parts, timeZone: 'UTC' }).format(new Date(at))} UTC`;
  }
}
