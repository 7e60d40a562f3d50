/** The part of the store's port that notifications are kept behind: what was told, to whom it goes, how it has fared. */
import type { Told } from '../domain/notify/notification.ts';
import type { DeliveryState } from '../domain/words.ts';
import type { StoredEvent } from './port.ts';

/** What was told, of which event, and what became of its matter. */
export interface NotificationRow extends Told {
  id: string;
  seq: number;
  at: number;
  settled: { at: number; by: string; how: string } | null;
}

/** Where notifications go, and how it has fared there. */
export interface DestinationRow {
  id: string;
  kind: 'webhook' | 'push';
  /** Whose device it is. */
  person: string | null;
  token: string | null;
  name: string;
  /** A webhook's address, or what a push service wants to know of a device: secrets, both of them. */
  target: Record<string, string>;
  createdAt: number;
  /** Left alone until then. */
  notBefore: number;
  /** In a row. */
  failures: number;
  failingSince: number | null;
  lastOkAt: number | null;
  /** What was wrong at the last try; null when nothing was. */
  detail: string | null;
}

/** One delivery is (destination, notification, part): however often it is tried, it is the same one. */
export interface DeliveryKey {
  destination: string;
  notification: string;
  part: 'new' | 'settled' | 'digest' | 'test';
}

export interface DeliveryRow extends DeliveryKey {
  state: DeliveryState;
  tries: number;
  createdAt: number;
  /** Not before then; while it is being sent, when it is tried again should its sender be gone. */
  nextAt: number;
  doneAt: number | null;
  /** What came of the last try. */
  answer: string | null;
  /** Its own words, where they are not those of the notification. */
  body: string | null;
}

export interface NotifyPlan {
  /** The position in the log that was read from; null before there was one. The compare-and-swap. */
  from: number | null;
  to: number;
  told: {
    notification: NotificationRow;
    deliveries: Pick<DeliveryRow, 'destination' | 'state' | 'nextAt'>[];
  }[];
  /** Of what was told before that event. */
  settled: { matter: string; by: string; how: string; at: number; seq: number }[];
}

/** What a person has read: all up to a position, and some after it. */
export interface ReadMarks {
  version: number;
  until: number;
  also: string[];
}

export interface NotifyStore {
  /** Up to where the log has been read for notifications. */
  notifyCursor(): Promise<number | null>;
  /** Events of these types only: most of the log is of no interest here. */
  eventsOfTypes(
    types: readonly string[],
    after: number,
    until: number,
    limit: number,
  ): Promise<StoredEvent[]>;
  /**
   * Writes what was read from the log, once: notifications with their deliveries, what is settled, and the position.
   * A key that was told before is left out with its deliveries.
   * @returns false when another reader was faster; then nothing is changed
   */
  planNotifications(plan: NotifyPlan): Promise<boolean>;
  /** The newest first. */
  notifications(query: { before?: number | undefined; limit: number }): Promise<NotificationRow[]>;
  notification(id: string): Promise<NotificationRow | null>;
  readMarks(person: string): Promise<ReadMarks>;
  /** @returns false when they have changed since that version */
  saveReadMarks(person: string, expected: number, marks: Omit<ReadMarks, 'version'>): Promise<boolean>;
  destinations(): Promise<DestinationRow[]>;
  /** Adds it, or gives one that is there another name, target and owner; how it has fared begins anew. */
  saveDestination(destination: DestinationRow): Promise<void>;
  /** What was still to go there is dropped. */
  removeDestination(id: string, at: number): Promise<void>;
  addDelivery(delivery: DeliveryRow): Promise<void>;
  delivery(key: DeliveryKey): Promise<DeliveryRow | null>;
  /** The oldest first; none to destinations that are left alone for now. */
  dueDeliveries(now: number, limit: number): Promise<DeliveryRow[]>;
  /** When the next one is due that is not yet, or is held; what is held may have been due before. */
  nextDeliveryAt(now: number): Promise<number | null>;
  /** Takes it for one try, until then. @returns false when another sender has it */
  claimDelivery(delivery: DeliveryRow, until: number): Promise<boolean>;
  /** What came of a try, for the delivery and for its destination. */
  finishDelivery(
    delivery: DeliveryRow,
    result: { state: DeliveryState; answer: string; at: number; nextAt: number },
    destination: Pick<
      DestinationRow,
      'notBefore' | 'failures' | 'failingSince' | 'lastOkAt' | 'detail'
    > | null,
  ): Promise<void>;
  /**
   * Lets go what was held for a destination until now: one goes out as it is, several as one digest, and what is
   * settled meanwhile not at all. Two that do this at once do it once.
   */
  releaseHeld(now: number, digest: (held: readonly NotificationRow[]) => string): Promise<void>;
  /** The newest first. */
  deliveriesTo(destination: string, limit: number): Promise<DeliveryRow[]>;
}
