/**
 * The way out: requests to addresses that people or browsers have named. Wired by main (`src/outgoing/`), so that this
 * room does no I/O of its own; the simulation has a world of its own at the other end.
 */
export interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

export type OutgoingAnswer =
  | { answered: true; status: number; text: string; retryAfterMs: number | null }
  /** Nobody has answered; `refused` where it was not even tried, because the address is none to send to. */
  | { answered: false; problem: string; refused: boolean };

export interface PushMessage {
  payload: string;
  ttlSeconds: number;
  urgency: 'low' | 'normal' | 'high';
  /** A message that waits at the push service is replaced by a later one of the same topic. */
  topic: string;
}

export interface Outgoing {
  /** Sends and never throws; within its limits of time and size, and to no address that is not for it. */
  post(request: OutgoingRequest): Promise<OutgoingAnswer>;
  /** Why nothing would ever be sent to this address, as far as the address alone tells; null when nothing is wrong. */
  problemOf(url: string): string | null;
  /** The public half of the key that push services know this installation by. */
  pushKey(): Promise<string>;
  /** Encrypted for one device, and signed for its push service. */
  pushRequest(target: Record<string, string>, message: PushMessage): Promise<OutgoingRequest>;
}
