/** Jobs of Mission Control itself, and recurring tickets, which are jobs that people set up. */
import { z } from 'zod';
import * as requests from '../../../contract/requests.ts';
import * as jobShapes from '../../../contract/job-shapes.ts';
import * as shapes from '../../../contract/shapes.ts';
import type { Job, Stamped } from '../../../domain/config.ts';
import { type Refusal, isRefusal } from '../../../domain/refusal.ts';
import type { Schedule } from '../../../domain/schedule/schedule.ts';
import { changeJob } from '../../../services/configuration.ts';
import { notFound } from '../../../services/deps.ts';
import { jobView, scheduleAsJob, scheduleView } from '../../../services/present-jobs.ts';
import {
  changeSchedule,
  createSchedule,
  nextSlot,
  previewSlots,
  runScheduleNow,
} from '../../../services/schedules.ts';
import { EMPTY_FIELDS, fieldsOf } from '../../ticket-input.ts';
import { listQuery, pageOf } from '../listing.ts';
import type { Answer, Api } from '../route.ts';

const listed = z.object(listQuery);
const named = z.object({ name: z.string().max(100) });
const previewQuery = z.object({
  cron: z.string().min(1).max(200),
  timezone: z.string().min(1).max(100).default('UTC'),
});
const idParam = z.object({ id: z.string().max(100) });

/** @param runJob runs a job of Mission Control now, and ends when it has */
export function jobRoutes(api: Api, runJob: (name: string) => Promise<void>): void {
  const { deps } = api;
  const jobs = async (): Promise<jobShapes.Job[]> => {
    const [all, runs, schedules, now] = await Promise.all([
      deps.store.documents<Job>('job'),
      deps.store.jobRuns(),
      deps.store.documents<Schedule>('schedule'),
      deps.store.now(),
    ]);
    return [
      ...all.map((job) =>
        jobView(
          job,
          EVERY[job.name] ?? 'on change',
          runs.find((run) => run.name === job.name),
        ),
      ),
      ...schedules.map((schedule) => scheduleAsJob(schedule, nextSlot(schedule, now))),
    ];
  };
  const oneJob = async (name: string): Promise<Answer | Refusal> => {
    const job = (await jobs()).find((candidate) => candidate.name === name);
    return job ? { body: job, version: job.version } : notFound('job', name);
  };
  api.route({
    method: 'GET',
    path: '/jobs',
    summary: 'Lists jobs, recurring tickets among them, with their last and next run',
    access: 'read',
    query: listed,
    response: shapes.page(jobShapes.job),
    handler: async ({ query }) => ({ body: pageOf(await jobs(), query) }),
  });
  api.route({
    method: 'PATCH',
    path: '/jobs/:name',
    summary: 'Enables or disables a job, with a reason',
    access: 'person',
    ifMatch: 'honoured',
    params: named,
    body: requests.patchJob,
    response: jobShapes.job,
    handler: async (c) => {
      const { name } = c.params;
      const isSchedule = (await deps.store.document<Schedule>('schedule', name)) !== null;
      const result = isSchedule
        ? await changeSchedule(deps, c.caller, name, c.body, { ifMatch: c.ifMatch })
        : await changeJob(deps, c.caller, name, c.body, { ifMatch: c.ifMatch });
      return isRefusal(result) ? result : oneJob(name);
    },
  });
  api.route({
    method: 'POST',
    path: '/jobs/:name/run',
    summary: 'Runs a job now',
    access: 'person',
    params: named,
    response: jobShapes.job,
    handler: async (c) => {
      const { name } = c.params;
      if (await deps.store.document<Schedule>('schedule', name)) {
        const result = await runScheduleNow(deps, c.caller, name);
        if (isRefusal(result)) return result;
      } else {
        if (!(await deps.store.document<Job>('job', name))) return notFound('job', name);
        await runJob(name);
      }
      return oneJob(name);
    },
  });
  scheduleRoutes(api);
}

function scheduleRoutes(api: Api): void {
  const { deps } = api;
  const show =
    (now: number, status?: number) =>
    (state: Schedule & Stamped): Answer => ({
      body: scheduleView(state, nextSlot(state, now)),
      version: state.version,
      ...(status === undefined ? {} : { status }),
    });
  api.route({
    method: 'POST',
    path: '/schedules',
    summary: 'Sets up a recurring ticket: one ticket with a history, made ready at each slot of a cron line',
    access: 'person',
    body: requests.createSchedule,
    response: jobShapes.schedule,
    status: 201,
    handler: async (c) => {
      const { project, cron, timezone, missedRun, ticket } = c.body;
      const input = {
        project,
        cron,
        timezone: timezone ?? 'UTC',
        missedRun: missedRun ?? ('run_once' as const),
        ticket: { ...EMPTY_FIELDS, ...fieldsOf(ticket) },
      };
      const shown = show(await deps.store.now(), 201);
      const result = await createSchedule(deps, c.caller, input, { respond: c.respond(shown) });
      return isRefusal(result) ? result : shown(result);
    },
  });
  api.route({
    method: 'GET',
    path: '/schedules',
    summary: 'Lists recurring tickets',
    access: 'read',
    query: listed,
    response: shapes.page(jobShapes.schedule),
    handler: async ({ query }) => {
      const [all, now] = await Promise.all([deps.store.documents<Schedule>('schedule'), deps.store.now()]);
      return {
        body: pageOf(
          all.map((state) => scheduleView(state, nextSlot(state, now))),
          query,
        ),
      };
    },
  });
  api.route({
    method: 'GET',
    path: '/schedules/preview',
    summary: 'When a cron line would be due in its next three slots; nothing is set up',
    access: 'read',
    query: previewQuery,
    response: jobShapes.schedulePreview,
    handler: async ({ query }) => {
      const slots = await previewSlots(deps, query, 3);
      return isRefusal(slots) ? slots : { body: { runs: slots.map((at) => new Date(at).toISOString()) } };
    },
  });
  api.route({
    method: 'GET',
    path: '/schedules/:id',
    summary: 'One recurring ticket',
    access: 'read',
    params: idParam,
    response: jobShapes.schedule,
    handler: async ({ params }) => {
      const found = await deps.store.document<Schedule>('schedule', params.id);
      return found ? show(await deps.store.now())(found) : notFound('schedule', params.id);
    },
  });
  api.route({
    method: 'PATCH',
    path: '/schedules/:id',
    summary: 'Changes a recurring ticket; what was due while it was off is not made up for',
    access: 'person',
    ifMatch: 'honoured',
    params: idParam,
    body: requests.patchSchedule,
    response: jobShapes.schedule,
    handler: async (c) => {
      const { ticket, ...rest } = c.body;
      const change = { ...rest, ...(ticket ? { ticket: fieldsOf(ticket) } : {}) };
      const result = await changeSchedule(deps, c.caller, c.params.id, change, { ifMatch: c.ifMatch });
      return isRefusal(result) ? result : show(await deps.store.now())(result);
    },
  });
}

const EVERY: Record<string, string> = {
  'ticket-pickup': 'on change, and every few seconds',
  'needs-input-pickup': 'on change, and every few seconds',
  operator: 'every 15 s',
  audit: 'every hour',
  retention: 'every hour',
};
