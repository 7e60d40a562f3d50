/** What all attempts of one runner share. */
import type { Adapter } from '../adapters/adapter.ts';
import type { Clock } from '../clock.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { HandOver } from '../hand-over.ts';
import type { Log } from '../log.ts';
import type { ControlPlane, Processes, Workspaces } from '../ports.ts';
import type { AttemptRecords } from './attempt-record.ts';

export interface AttemptContext {
  clock: Clock;
  log: Log;
  controlPlane: ControlPlane;
  processes: Processes;
  workspaces: Workspaces;
  records: AttemptRecords;
  adapters: Partial<Record<string, Adapter>>;
  dataDir: string;
  ownerTag: string;
  bootId: string;
  /** The environment of the runner itself, of which allow-lists let something through. */
  environment: NodeJS.ProcessEnv;
  /** In front of the models of profiles that have a gateway. */
  gateway: Gateway | null;
  /** Between SIGTERM and SIGKILL. */
  killGraceMs: number;
  /** How long an agent that has submitted, asked or failed may take to exit by itself. */
  courtesyMs: number;
  /** Until the server has said otherwise. */
  leaseMs: () => number;
  /** How long an offer stands. */
  offerMs: () => number;
  /** The largest bundle that the server takes; 0 where it takes none, null until it has said so. */
  bundleMaxBytes: () => number | null;
  handOver: HandOver;
  /** How much of an attempt's output is kept; as the pump says where nothing is said here. */
  outputCapBytes?: number;
}
