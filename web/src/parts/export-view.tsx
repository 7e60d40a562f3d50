/** A view as a file: all that it could show, also what no page has loaded. What writes it comes with the first press. */
import { Download } from 'lucide-react';
import { useState } from 'react';
import type { ExportedView } from '../../../src/client/transfer/export-view.ts';
import type { Page } from '../../../src/contract/shapes.ts';
import { api } from '../api/client.ts';
import { useIsOffline } from '../api/hooks.ts';
import { Button } from '../ui/button.tsx';
import { showProblem } from '../ui/problem.tsx';
import { toast } from '../ui/toast.ts';

type Format = 'json' | 'csv';

async function readAll<T>(path: string, query: Record<string, string | number> = {}): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await api.get(path, { query: { ...query, limit: 200, cursor } });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export function ExportView({ view }: { view: ExportedView }) {
  const offline = useIsOffline();
  const [busy, setBusy] = useState<Format | null>(null);
  const save = async (format: Format): Promise<void> => {
    setBusy(format);
    try {
      const [{ readView, viewToCsv, viewToJson }, { offerFile }] = await Promise.all([
        import('../../../src/client/transfer/export-view.ts'),
        import('./offer-file.ts'),
      ]);
      const items = await readView(view, readAll, (path) => api.get(path, { timeoutMs: 300_000 }));
      const now = new Date().toISOString();
      const text = format === 'csv' ? viewToCsv(view, items) : viewToJson(view, items, now);
      const type = format === 'csv' ? 'text/csv' : 'application/json';
      offerFile(text, `${view}-${now.slice(0, 10)}.${format}`, type);
      toast.success(`${items.length.toLocaleString()} ${view} are in the file`);
    } catch (error) {
      showProblem(error);
    } finally {
      setBusy(null);
    }
  };
  return (
    <span className="inline-flex gap-1.5">
      {(['csv', 'json'] as const).map((format) => (
        <Button
          key={format}
          size="small"
          aria-label={`Export ${view} as ${format.toUpperCase()}`}
          icon={<Download size={14} aria-hidden />}
          blocked={offline && 'Not possible offline: it is read from the server.'}
          busy={busy === format}
          onClick={() => void save(format)}
        >
          {format.toUpperCase()}
        </Button>
      ))}
    </span>
  );
}
