/** On a phone: how to have the app on the home screen, once, until it is done or waved away. */
import { Download, Share, X } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { installPrompt, isApple, isInstalled } from './this-device.ts';

const WAVED = 'mc.install-hint';

function isWaved(): boolean {
  try {
    return localStorage.getItem(WAVED) !== null;
  } catch {
    return false;
  }
}

export function InstallHint() {
  const [gone, setGone] = useState(isWaved);
  const prompt = installPrompt();
  const isPhone = matchMedia('(pointer: coarse)').matches;
  if (gone || isInstalled() || !isPhone || (prompt === null && !isApple())) return null;
  const wave = (): void => {
    setGone(true);
    try {
      localStorage.setItem(WAVED, '1');
    } catch {
      // Then it is here again the next time.
    }
  };
  return (
    <aside
      aria-label="Install the app"
      className="border-line-strong bg-raised mb-4 flex items-start gap-3 rounded-lg border p-3 text-sm"
    >
      <div className="min-w-0 flex-1">
        <p className="font-medium">Mission Control on your home screen</p>
        {prompt === null ? (
          <p className="text-muted">
            Press Share <Share size={14} aria-hidden className="inline" /> below, then “Add to Home Screen”.
            Then it opens without a browser around it, and can be pushed to.
          </p>
        ) : (
          <p className="text-muted">It opens without a browser around it, and works offline.</p>
        )}
        {prompt !== null && (
          <Button
            className="mt-2"
            tone="primary"
            icon={<Download size={14} aria-hidden />}
            onClick={() => void prompt.prompt().then(wave, wave)}
          >
            Install
          </Button>
        )}
      </div>
      <IconButton label="Not now" onClick={wave}>
        <X size={16} aria-hidden />
      </IconButton>
    </aside>
  );
}
