/** What an attempt says: its transcript where the agent gives one, else, or on wish, the plain output. */
import { useMemo, useState, useSyncExternalStore } from 'react';
import { Button } from '../ui/button.tsx';
import type { LogLooks } from './log-frame.tsx';
import { OutputLines } from './output-view.tsx';
import { OutputLog } from './output-log.ts';
import { TranscriptView } from './transcript-view.tsx';

export default function AttemptOutput({
  attempt,
  ...looks
}: Omit<LogLooks, 'switcher'> & { attempt: string }) {
  const log = useMemo(() => new OutputLog(`/attempts/${encodeURIComponent(attempt)}/output`), [attempt]);
  const hasTranscript = useSyncExternalStore(log.subscribe, () => log.getState().blocks.length > 0);
  const [wantsOutput, setWantsOutput] = useState(false);
  const switcher = hasTranscript && (
    <Button size="small" tone="ghost" aria-pressed={wantsOutput} onClick={() => setWantsOutput(!wantsOutput)}>
      {wantsOutput ? 'Show transcript' : 'Show plain output'}
    </Button>
  );
  return hasTranscript && !wantsOutput ? (
    <TranscriptView log={log} {...looks} switcher={switcher} />
  ) : (
    <OutputLines log={log} {...looks} switcher={switcher} />
  );
}
