/** Tickets in and out: files of all of them, and work from elsewhere. */
import { Upload } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { ExportButtons } from '../../parts/export-buttons.tsx';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { Section } from '../../ui/page.tsx';

const ImportDialog = lazy(() => import('./import-dialog.tsx'));

export function DataSection() {
  const blocked = useBlocked();
  const [isImporting, setImporting] = useState(false);
  return (
    <Section title="Data">
      <div className="card space-y-3 p-3.5 text-sm">
        <p className="text-muted">
          All tickets as a file: CSV for a spreadsheet, JSON for another Mission Control. Work from elsewhere
          comes in from GitHub issues, a list in Markdown, or another board’s export.
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            icon={<Upload size={14} aria-hidden />}
            blocked={blocked}
            onClick={() => setImporting(true)}
          >
            Import tickets
          </Button>
          <ExportButtons filter={{}} name="tickets" />
        </div>
      </div>
      <Suspense fallback={null}>
        {isImporting && <ImportDialog onClose={() => setImporting(false)} />}
      </Suspense>
    </Section>
  );
}
