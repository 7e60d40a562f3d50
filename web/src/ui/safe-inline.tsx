/** A line of somebody's text, with its hidden characters made visible. */
import { revealHidden } from '../format/reveal-hidden.ts';

export function SafeInline({ text }: { text: string }) {
  return <bdi>{revealHidden(text)}</bdi>;
}
