/** The processes that execute work, each with its slots. */
import { useQuery } from '@tanstack/react-query';
import { runnersQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { Badge } from '../../ui/badge.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Empty, Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';

export function RunnerList() {
  const query = useQuery(runnersQuery);
  return (
    <Section title="Runners">
      <Loaded query={query} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No runner yet">
              The server starts one of its own unless told not to. On another machine:{' '}
              <code className="font-mono text-xs">mctl runner --server {location.origin}</code>
            </Empty>
          ) : (
            <ul className="card divide-line divide-y">
              {items.map((runner) => (
                <li
                  key={runner.id}
                  className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3.5 py-2.5 text-sm"
                >
                  <span className="font-medium">{revealHidden(runner.name)}</span>
                  <Badge tone={runner.state === 'ready' ? 'green' : 'amber'}>{runner.state}</Badge>
                  <span className="num text-muted text-xs">
                    {runner.busy} of {runner.slots} slots taken
                  </span>
                  {runner.labels.map((label) => (
                    <Badge key={label}>{revealHidden(label)}</Badge>
                  ))}
                  <span className="text-faint ml-auto text-xs">
                    {runner.version}
                    {runner.lastSeenAt && (
                      <>
                        {' '}
                        · heard <Ago at={runner.lastSeenAt} />
                      </>
                    )}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}
