/**
 * Where raw output may be cut, and how it becomes text. Pure.
 *
 * A chunk ends neither inside a UTF-8 character nor inside a secret that might go on in the bytes that are not here
 * yet; so each chunk can be decoded and redacted by itself, and read again after a restart with the same result.
 */

export interface Secret {
  bytes: Buffer;
  name: string;
}

/** @returns how many bytes of the buffer may go now; all of them when no more will come */
export function safeLength(buffer: Buffer, secrets: readonly Secret[], isLast: boolean): number {
  if (isLast) return buffer.length;
  let end = buffer.length - incompleteCharacter(buffer);
  for (const secret of secrets) end = Math.min(end, buffer.length - partialSecret(buffer, secret.bytes));
  return Math.max(0, outsideSecrets(buffer, secrets, end));
}

/** The end of one secret may be the beginning of another: moves a cut that lies within a whole one to its start. */
function outsideSecrets(buffer: Buffer, secrets: readonly Secret[], cut: number): number {
  let end = cut;
  for (let moved = true; moved;) {
    moved = false;
    for (const { bytes } of secrets) {
      const at = buffer.indexOf(bytes, Math.max(0, end - bytes.length + 1));
      if (at >= 0 && at < end && at + bytes.length > end) {
        end = at;
        moved = true;
      }
    }
  }
  return end;
}

/** How many bytes at the end begin a character that is not complete. */
function incompleteCharacter(buffer: Buffer): number {
  for (let back = 1; back <= Math.min(3, buffer.length); back++) {
    const byte = buffer[buffer.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length =
      byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? (byte < 0xf0 ? 3 : 1) : byte >= 0xc2 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** The length of the longest end of the buffer that is a proper beginning of the secret. */
function partialSecret(buffer: Buffer, secret: Buffer): number {
  for (let length = Math.min(secret.length - 1, buffer.length); length > 0; length--) {
    if (buffer.subarray(buffer.length - length).equals(secret.subarray(0, length))) return length;
  }
  return 0;
}

/** Invalid bytes become U+FFFD, NUL too (neither store keeps it), and secrets their name. */
export function decodeOutput(buffer: Buffer, secrets: readonly Secret[]): string {
  let bytes = buffer;
  for (const secret of secrets) bytes = replaceAll(bytes, secret.bytes, Buffer.from(`[${secret.name}]`));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replaceAll('\0', '\uFFFD');
}

function replaceAll(buffer: Buffer, what: Buffer, by: Buffer): Buffer {
  let at = buffer.indexOf(what);
  if (at < 0) return buffer;
  const parts: Buffer[] = [];
  let from = 0;
  for (; at >= 0; at = buffer.indexOf(what, from)) {
    parts.push(buffer.subarray(from, at), by);
    from = at + what.length;
  }
  parts.push(buffer.subarray(from));
  return Buffer.concat(parts);
}

/** Shorter secrets would redact ordinary words. */
const SHORTEST_SECRET = 6;

/** A secret in the forms in which programs print it: as it is, in base64 at each of three shifts, in hexadecimal. */
export function secretForms(name: string, secret: string): Secret[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const raw = Buffer.from(secret);
  const forms = new Set<string>([secret, raw.toString('hex'), encodeURIComponent(secret)]);
  for (let shift = 0; shift < 3; shift++) {
    const encoded = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64');
    // The characters at both ends also depend on the neighbours; what lies between is the secret's own.
    const from = shift === 0 ? 0 : shift + 1;
    const middle = encoded.replace(/=+$/, '').slice(from, -1);
    if (middle.length >= 2 * SHORTEST_SECRET) forms.add(middle);
  }
  return [...forms].map((form) => ({ name, bytes: Buffer.from(form) }));
}

/** Text for a JSON body of the contract: without NUL and lone surrogates, and not longer than `max`. */
export function cleanText(text: string, max: number): string {
  return wellFormed(text.slice(0, max));
}

/** The same, keeping the end. */
export function cleanTail(text: string, max: number): string {
  return wellFormed(text.slice(-max));
}

/** UTF-8 has no lone surrogates: the way through it replaces them. */
function wellFormed(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\uFFFD')).toString();
}
