/** Answers of the server that the shared shapes do not name. */
import type { Policy } from '../../../src/contract/shapes.ts';
import type { Role, TicketStatus } from '../../../src/domain/words.ts';

export interface Session {
  role: Role;
  name: string;
  /** Where the log ended when this was answered; missing in what an earlier version kept on this device. */
  seq?: number;
}

export interface Overview {
  version: string;
  paused: Policy['paused'];
  dispatcher: {
    state: 'leader' | 'standby' | 'unknown';
    epoch: number | null;
    lastTick: { at: string; outcome: string; detail: string } | null;
  };
  workers: { active: number | null; max: number };
  runners: { ready: number; silent: number };
  counts: Partial<Record<TicketStatus, number>>;
  openQuestions: number;
  openReviews: number;
  openAlerts: number;
  /** When this was so. */
  at: string;
}
