/** Work from elsewhere: a file is read here, shown as the tickets it would make, and made on a click. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ImportResult, importTickets } from '../../../../src/client/transfer/import-tickets.ts';
import { type Import, readImport } from '../../../../src/client/transfer/read-import.ts';
import { api, newKey } from '../../api/client.ts';
import { projectsQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { showProblem } from '../../ui/problem.tsx';

/** More are counted, and not listed. */
const SHOWN = 100;

export default function ImportDialog({ onClose }: { onClose: () => void }) {
  const projects = useQuery(projectsQuery).data?.items ?? [];
  const client = useQueryClient();
  const [read, setRead] = useState<Import | null>(null);
  const [unreadable, setUnreadable] = useState<string | null>(null);
  const [chosen, setChosen] = useState('');
  const [isReady, setReady] = useState(false);
  const [done, setDone] = useState<number | null>(null);
  const [result, setResult] = useState<ImportResult | null>(null);
  const project = chosen === '' ? (projects[0]?.key ?? '') : chosen;

  const take = async (file: File | undefined): Promise<void> => {
    setRead(null);
    setUnreadable(null);
    if (!file) return;
    try {
      setRead(readImport(await file.text(), file.name));
    } catch (error) {
      setUnreadable(error instanceof Error ? error.message : String(error));
    }
  };
  const make = async (tickets: Import['tickets']): Promise<void> => {
    setDone(0);
    try {
      const made = await importTickets(
        {
          get: (path, options) => api.get(path, options),
          post: (path, body) => api.post(path, body, { idempotencyKey: newKey() }),
        },
        tickets,
        { project, status: isReady ? 'todo' : 'backlog', onProgress: setDone },
      );
      setResult(made);
      await client.invalidateQueries();
    } catch (error) {
      showProblem(error);
    } finally {
      setDone(null);
    }
  };

  return (
    <Dialog
      title="Import tickets"
      description="GitHub issues (gh issue list --json title,body,labels,url,state), a list in Markdown, another board’s CSV or JSON, or our own export. The same file again makes nothing twice."
      onClose={onClose}
      wide
    >
      {result ? (
        <Outcome result={result} left={read?.left ?? []} onClose={onClose} />
      ) : (
        <div className="space-y-3">
          <Field label="File" error={unreadable}>
            {(control) => (
              <input
                {...control}
                type="file"
                accept=".json,.csv,.md,.markdown,.txt"
                className="control h-auto py-1.5 file:bg-hover file:text-text file:mr-3 file:rounded file:border-0 file:px-2 file:py-1 file:text-xs"
                onChange={(event) => void take(event.target.files?.[0])}
              />
            )}
          </Field>
          {read && (
            <>
              <p className="text-sm">
                <span className="num">{read.tickets.length.toLocaleString()}</span>{' '}
                {read.tickets.length === 1 ? 'ticket' : 'tickets'} to make
                {read.left.length > 0 && `, ${read.left.length.toLocaleString()} left out`}, read as{' '}
                {read.format}.
              </p>
              <ul
                aria-label="What would be made"
                tabIndex={0}
                className="border-line divide-line max-h-64 divide-y overflow-auto rounded-md border text-sm"
              >
                {read.tickets.slice(0, SHOWN).map((ticket) => (
                  <li key={ticket.source} className="flex items-center gap-2 px-2.5 py-1.5">
                    <span className="min-w-0 flex-1 truncate">{revealHidden(ticket.title)}</span>
                    {ticket.labels.slice(0, 3).map((label) => (
                      <Badge key={label}>{revealHidden(label)}</Badge>
                    ))}
                  </li>
                ))}
                {read.left.slice(0, SHOWN).map((left, i) => (
                  <li key={`left ${i}`} className="text-faint px-2.5 py-1.5">
                    <s>{revealHidden(left.what)}</s> ({left.why})
                  </li>
                ))}
              </ul>
              <div className="flex flex-wrap items-end gap-3">
                <Field label="Project">
                  {(control) => (
                    <select
                      {...control}
                      className="control"
                      value={project}
                      onChange={(event) => setChosen(event.target.value)}
                    >
                      {projects.map(({ key, name }) => (
                        <option key={key} value={key}>
                          {key} · {revealHidden(name)}
                        </option>
                      ))}
                    </select>
                  )}
                </Field>
                <label className="tap flex min-h-8 items-center gap-2 text-sm">
                  <input
                    type="checkbox"
                    checked={isReady}
                    onChange={(event) => setReady(event.target.checked)}
                  />
                  Queue them at once
                </label>
                <span className="ml-auto" />
                <Button
                  tone="primary"
                  busy={done !== null}
                  blocked={
                    project === ''
                      ? 'Make a project first.'
                      : read.tickets.length === 0 && 'There is nothing to make.'
                  }
                  onClick={() => void make(read.tickets)}
                >
                  {done === null ? 'Import' : `${done} of ${read.tickets.length}`}
                </Button>
              </div>
              {done !== null && (
                <progress aria-label="Importing" className="w-full" max={read.tickets.length} value={done} />
              )}
            </>
          )}
        </div>
      )}
    </Dialog>
  );
}

function Outcome({
  result,
  left,
  onClose,
}: {
  result: ImportResult;
  left: Import['left'];
  onClose: () => void;
}) {
  const counts = [
    `${result.made.length} made`,
    ...(result.known.length > 0 ? [`${result.known.length} were there already`] : []),
    ...(left.length > 0 ? [`${left.length} left out`] : []),
    ...(result.refused.length > 0 ? [`${result.refused.length} refused`] : []),
  ];
  return (
    <div className="space-y-3 text-sm">
      <p role="status">{counts.join(', ')}.</p>
      {result.refused.length > 0 && (
        <ul className="space-y-1">
          {result.refused.map(({ source, title, why }) => (
            <li key={source} className="text-red">
              {revealHidden(title)}: {revealHidden(why)}
            </li>
          ))}
        </ul>
      )}
      <Button tone="primary" onClick={onClose}>
        Done
      </Button>
    </div>
  );
}
