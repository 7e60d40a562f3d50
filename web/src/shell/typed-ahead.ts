/** What is typed between the key that opens a list of choices and its field having the focus: it is meant for the field. */
let typed: string | null = null;

function onKey(event: KeyboardEvent): void {
  const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isText || event.target instanceof HTMLInputElement) return;
  typed += event.key;
  event.preventDefault();
}

export function startTypingAhead(): void {
  if (typed === null) addEventListener('keydown', onKey, { capture: true });
  typed = '';
}

/** @returns what was typed since, and stops listening */
export function takeTypedAhead(): string {
  const words = typed ?? '';
  typed = null;
  removeEventListener('keydown', onKey, { capture: true });
  return words;
}
