/**
 * What an agent or a stranger wrote, as it may stand in a notification: one line of text, cut to size. Control characters
 * and those that turn the direction of writing go: a lock screen has no place where they could be shown as what they are.
 */
// eslint-disable-next-line no-control-regex
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;

/** @param max in characters as people count them, not in code units */
export function plainText(text: string, max: number): string {
  // Cut before anything else: what is far longer than what is shown costs nothing then.
  const line = text
    .slice(0, max * 8)
    .replace(UNSEEN, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line, (c) => (isLone(c) ? '\ufffd' : c));
  return characters.length <= max
    ? characters.join('')
    : `${characters
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`;
}

const isLone = (c: string): boolean => c.length === 1 && c >= '\ud800' && c <= '\udfff';
