/**
 * Server-sent events over fetch, so that the token travels in a header and never in an address.
 * Resumes from the last id after a disconnection, with jittered back-off; ends when the signal aborts.
 */
import type { ApiClient } from './api-client.ts';

export interface StreamFrame {
  id: string | null;
  event: string;
  data: string;
}

/** Splits a byte stream into frames as the HTML standard's event-stream grammar has it. Comments are dropped. */
export async function* parseEventStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    let end = rest.indexOf('\n\n');
    while (end !== -1) {
      const frame = parseFrame(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (frame) yield frame;
      end = rest.indexOf('\n\n');
    }
  }
}

function parseFrame(block: string): StreamFrame | null {
  const frame: StreamFrame = { id: null, event: 'message', data: '' };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith(':') || line === '') continue;
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') frame.id = value;
    else if (field === 'event') frame.event = value;
    else if (field === 'data') data.push(value);
  }
  if (data.length === 0) return null;
  frame.data = data.join('\n');
  return frame;
}

export async function* followEvents(
  client: ApiClient,
  query: Record<string, string | undefined>,
  signal: AbortSignal,
): AsyncGenerator<StreamFrame> {
  let lastId: string | undefined;
  let waitMs = 250;
  while (!signal.aborted) {
    try {
      const response = await client.fetch('GET', '/stream', {
        query: { ...query, lastEventId: lastId },
        signal,
        timeoutMs: 2_147_483_000,
      });
      if (response.ok && response.body) {
        waitMs = 250;
        for await (const frame of parseEventStream(response.body)) {
          if (frame.id !== null) lastId = frame.id;
          yield frame;
        }
      }
    } catch {
      // A cut stream is normal: a server restarts, a laptop sleeps. The loop resumes from the last id.
    }
    if (signal.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
    waitMs = Math.min(waitMs * 2, 5000);
  }
}
