/**
 * The whole installation in one file, taken while it works. The browser takes the download from the server as it comes, so
 * that its size does not matter; restoring is done where no server runs, and is a command.
 */
import { Download } from 'lucide-react';
import { useState } from 'react';
import { useBlocked } from '../../shell/session-context.ts';
import { Button } from '../../ui/button.tsx';
import { CopiedLine } from '../../ui/copied-line.tsx';
import { Section } from '../../ui/page.tsx';
import { Ago } from '../../ui/time.tsx';

const LAST = 'mc.last-backup';

function lastHere(): number | null {
  try {
    const at = Number(localStorage.getItem(LAST));
    return at > 0 ? at : null;
  } catch {
    return null;
  }
}

export function BackupSection() {
  const blocked = useBlocked('admin');
  const [last, setLast] = useState(lastHere);
  const take = (): void => {
    // A real link: the answer may be of any size, and goes to the disk without passing through the page.
    const link = document.createElement('a');
    link.href = '/api/v1/backup';
    link.download = '';
    link.click();
    setLast(Date.now());
    try {
      localStorage.setItem(LAST, String(Date.now()));
    } catch {
      // Then this browser does not remember it.
    }
  };
  return (
    <Section title="Backup">
      <div className="card space-y-3 p-3.5 text-sm">
        <p className="text-muted">
          Everything as of one moment in one file: tickets, history, evidence, artifacts, tokens. Work goes on
          meanwhile. The file holds secrets: keep it as you keep the data directory. Agents’ output and the
          clones are not in it.
        </p>
        <div className="flex flex-wrap items-center gap-3">
          <Button icon={<Download size={14} aria-hidden />} blocked={blocked} onClick={take}>
            Back up now
          </Button>
          <span className="text-faint text-xs" role="status">
            {last === null ? (
              'None was taken with this browser yet.'
            ) : (
              <>
                Begun with this browser <Ago at={last} />.
              </>
            )}
          </span>
        </div>
        <div className="space-y-1.5">
          <p className="text-muted text-xs">
            Every night, on the server’s machine (it is read again to its end):
          </p>
          <CopiedLine line="mctl backup /path/to/backups/" label="Copy the command that backs up" />
          <p className="text-muted text-xs">To restore one, into a data directory that is not there yet:</p>
          <CopiedLine
            line="mctl restore mission-control-….backup --data-dir NEW"
            label="Copy the command that restores"
          />
        </div>
      </div>
    </Section>
  );
}
