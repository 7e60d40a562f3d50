/** Short messages. The library that shows them comes with the first one: a page that has nothing to say does not load it. */
import type { ExternalToast } from 'sonner';

type Show = (title: string, options?: ExternalToast) => void;

let ask: () => void = () => {};
let wanted = false;

/** The shell mounts the place where messages appear as soon as one is wanted. */
export function onFirstToast(mount: () => void): () => void {
  ask = mount;
  if (wanted) mount();
  return () => {
    ask = () => {};
  };
}

const show =
  (kind: 'message' | 'success' | 'error' | 'warning'): Show =>
  (title, options) => {
    wanted = true;
    ask();
    // Without a network it may not be on this device yet; then there is no message, and nothing else is amiss.
    import('sonner').then(
      ({ toast: sonner }) => sonner[kind](title, options),
      () => undefined,
    );
  };

export const toast: Show & { success: Show; error: Show; warning: Show } = Object.assign(show('message'), {
  success: show('success'),
  error: show('error'),
  warning: show('warning'),
});

/** Takes a message away before its time. */
export function dismissToast(id: string): void {
  import('sonner').then(
    ({ toast: sonner }) => sonner.dismiss(id),
    () => undefined,
  );
}
