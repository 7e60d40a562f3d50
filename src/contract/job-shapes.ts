/** What Mission Control does by itself: jobs, recurring tickets, orchestrators; and the agent programs it knows. */
import { z } from 'zod';
import { ADAPTERS } from '../domain/words.ts';
import { MISSED_RUNS, SLOT_OUTCOMES } from '../domain/schedule/schedule.ts';
import { budget, nullable, time } from './shapes.ts';

export const job = z.object({
  /** Of a recurring ticket it is the schedule's id. */
  name: z.string(),
  kind: z.enum(['system', 'recurring']),
  /** What a recurring ticket is about; null for Mission Control's own jobs. */
  title: nullable(z.string()),
  ticket: nullable(z.string()),
  enabled: z.boolean(),
  schedule: z.string(),
  lastRun: nullable(z.object({ at: time, outcome: z.string(), detail: z.string() })),
  nextRun: nullable(time),
  changedBy: nullable(z.string()),
  reason: nullable(z.string()),
  version: z.number().int(),
});
export type Job = z.infer<typeof job>;

export const schedule = z.object({
  id: z.string(),
  project: z.string(),
  cron: z.string(),
  timezone: z.string(),
  missedRun: z.enum(MISSED_RUNS),
  ticket: z.object({
    title: z.string(),
    description: z.string(),
    priority: z.number().int(),
    assignee: nullable(z.string()),
    campaign: nullable(z.string()),
    profile: nullable(z.string()),
    labels: z.array(z.string()),
    acceptanceCriteria: z.array(z.string()),
    completion: z.unknown(),
    budget: nullable(budget),
  }),
  /** Its one ticket; null before the first run. */
  key: nullable(z.string()),
  enabled: z.boolean(),
  lastRun: nullable(
    z.object({ slot: nullable(time), at: time, outcome: z.enum(SLOT_OUTCOMES), detail: z.string() }),
  ),
  nextRun: nullable(time),
  createdBy: z.string(),
  changedBy: nullable(z.string()),
  reason: nullable(z.string()),
  version: z.number().int(),
});
export type Schedule = z.infer<typeof schedule>;

/** The next slots of a cron line, the earliest first. */
export const schedulePreview = z.object({ runs: z.array(time) });
export type SchedulePreview = z.infer<typeof schedulePreview>;

/** An orchestrator that is an agent, by its profile. */
export const orchestrator = z.object({
  profile: z.string(),
  state: z.enum(['idle', 'running']),
  /** The agent's own session, which the next run goes on with. */
  session: nullable(z.string()),
  runner: nullable(z.string()),
  /** Decisions that wait for it. */
  waiting: z.number().int(),
  lastRun: nullable(z.object({ at: time, outcome: z.enum(['done', 'unable']), detail: z.string() })),
  notBefore: nullable(time),
  /** Why it is not woken although something waits. */
  whyNotRunning: nullable(
    z.object({ code: z.enum(['paused', 'budget_exhausted', 'not_before']), detail: z.string() }),
  ),
  cost: z.object({
    usd: z.number(),
    inputTokens: z.number(),
    outputTokens: z.number(),
    metered: z.boolean().optional(),
  }),
  version: z.number().int(),
});
export type Orchestrator = z.infer<typeof orchestrator>;

export const knownAgent = z.object({
  id: z.string(),
  name: z.string(),
  /** Where the program is on the server's machine; null where it is not. */
  path: nullable(z.string()),
  version: nullable(z.string()),
  /** Why it is of no use as it is. */
  problem: nullable(z.string()),
  install: z.string(),
  /** Profiles that run it already. */
  profiles: z.array(z.string()),
  /** As `POST /profiles` takes it. */
  offer: z.object({
    id: z.string(),
    adapter: z.enum(ADAPTERS),
    command: z.array(z.string()),
    home: z.enum(['isolated', 'inherit']),
    permissions: z.enum(['ask', 'allow', 'deny']),
    acp: z.object({ authMethod: z.string().optional(), mode: z.string().optional() }).optional(),
    env: z.record(z.string(), z.string()).optional(),
    envAllow: z.array(z.string()).optional(),
  }),
});
export type KnownAgentView = z.infer<typeof knownAgent>;
