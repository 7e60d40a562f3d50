/**
 * The hash chain of the log. Each event's hash covers its predecessor's in the stream and the SHA-256 of its data (not
 * the data itself, so that a leaked secret can be erased and the chain still holds). The publisher rolls one more hash
 * over all events in commit order, so that a missing tail or stream shows.
 */
import type { Actor } from '../words.ts';

export const GENESIS = '0'.repeat(64);

export interface Chained {
  stream: string;
  version: number;
  type: string;
  actor: Actor;
  at: number;
  dataHash: string;
}

/** What `hash` covers; a change of this text is a change of the format. */
export function chainText(previous: string, event: Chained): string {
  return [
    previous,
    event.stream,
    event.version,
    event.type,
    event.actor.kind,
    event.actor.id,
    event.at,
    event.dataHash,
  ].join('\n');
}

export function rollText(previous: string, seq: number, hash: string): string {
  return `${previous}\n${seq}\n${hash}`;
}
