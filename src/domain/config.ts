/**
 * Configured resources: projects, profiles, campaigns, the policy, jobs, schedules. Each is a document in a stream of
 * its own whose events carry the members that were set, so one fold serves them all.
 */
import type { Adapter, Containment, Remedy } from './words.ts';
import type { Budget, Completion } from './ticket/state.ts';

export interface Finding {
  ok: boolean;
  subject: string;
  message: string;
}

export interface Project {
  key: string;
  name: string;
  repository: { path?: string | undefined; url?: string | undefined };
  defaultBranch: string;
  setup: { command: string[]; timeoutSeconds: number } | null;
  checks: { name: string; command: string[]; timeoutSeconds: number }[];
  deploy: {
    environment: string;
    probe: { url?: string | undefined; command?: string[] | undefined };
    timeoutSeconds: number;
  } | null;
  completion: Completion;
  protectedPaths: string[];
  defaultProfile: string | null;
  runnerLabels: string[];
  limits: { maxAttempts: number; maxWorkers: number | null; backoffSeconds: number };
  budget: Budget | null;
  warnings: Finding[];
}

export interface Profile {
  id: string;
  adapter: Adapter;
  command: string[];
  role: 'worker' | 'orchestrator';
  env: Record<string, string>;
  envAllow: string[];
  home: 'isolated' | 'inherit';
  files: Record<string, string>;
  model: string | null;
  acp: { authMethod?: string | undefined; mode?: string | undefined } | null;
  gateway: {
    upstream: string;
    key?: { env?: string | undefined; secret?: string | undefined } | undefined;
    /** US dollars for a million tokens. */
    price?:
      | { inputPerMillion: number; outputPerMillion: number; cachedPerMillion?: number | undefined }
      | undefined;
  } | null;
  timeoutSeconds: number;
  stallSeconds: number;
  holdSeconds: number;
  maxWorkers: number | null;
  permissions: 'ask' | 'allow' | 'deny';
  budget: Budget | null;
  warnings: Finding[];
}

export interface Campaign {
  key: string;
  name: string;
  owner: string;
  maxWorkers: number | null;
}

export interface Policy {
  maxWorkers: number;
  budget: Budget | null;
  /** Automatic remedies that the system may apply to jobs; none by default. */
  remedies: Remedy[];
  windows: { cron: string; minutes: number; reason?: string | undefined }[];
  paused: { by: string; reason: string; at: number; stop: boolean } | null;
}

export interface Job {
  /** One of SYSTEM_JOBS, or a schedule's id. */
  name: string;
  enabled: boolean;
  changedBy: string | null;
  reason: string | null;
}

export interface Runner {
  id: string;
  name: string;
  slots: number;
  labels: string[];
  kinds: string[];
  pid: number | null;
  /** Of the program; `version` is the document's own. */
  software: string;
  /** What keeps process trees together there, besides the marks that are looked for in /proc. */
  containment?: Containment[];
  /** The newest process under this name; an older one is refused. */
  instance: string;
  /** The token that registered it first, and that its name belongs to; empty where it was released. */
  token: string;
  /** Nothing more is given to it; it ends when nothing runs any more, and begins anew when it registers again. */
  draining?: { by: string; reason: string | null; at: number; handOver: boolean } | null;
}

export interface TokenInfo {
  id: string;
  role: string;
  name: string;
  expiresAt: number | null;
  revoked: boolean;
}

/** What every configured resource carries besides its own members. */
export interface Stamped {
  version: number;
  createdAt: number;
  updatedAt: number;
}

export interface DocumentEvent {
  type: string;
  at: number;
  data: { set: Record<string, unknown> };
}

/** The fold of every configured resource: members that an event sets replace those before. */
export function evolveDocument<T extends object>(
  state: (T & Stamped) | null,
  event: DocumentEvent,
): T & Stamped {
  return {
    ...(state ?? { createdAt: event.at }),
    ...event.data.set,
    version: (state?.version ?? 0) + 1,
    updatedAt: event.at,
  } as T & Stamped;
}
