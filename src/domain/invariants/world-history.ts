/**
 * What must hold across streams, fed with all events in `seq` order: epochs, limits, who changes jobs. Memory is
 * bounded by what is open and configured, not by the length of the log.
 */
import type { Campaign, Policy, Profile, Project } from '../config.ts';
import type { Completion, Ticket } from '../ticket/state.ts';
import { effectiveCompletion } from '../ticket/completion.ts';
import type { Actor } from '../words.ts';
import type { InvariantReport } from './report.ts';

export interface LoggedEvent {
  seq: number;
  stream: string;
  type: string;
  actor: Actor;
  at: number;
  data: unknown;
}

interface Holder {
  project: string;
  profile: string | null;
  campaign: string | null;
  runner: string | null;
}

export class WorldHistory {
  readonly #report: InvariantReport;
  #epoch = 0;
  /** The dispatcher that holds the present epoch; nobody else ever does. */
  #epochHolder = '';
  readonly #holders = new Map<string, Holder>();
  readonly #documents = new Map<string, Record<string, unknown>>();
  /** Every completion policy that a project has had, with the seq from which it was in force. */
  readonly #policies = new Map<string, { from: number; completion: Completion }[]>();
  readonly #projectOf: (ticket: string) => string;

  constructor(report: InvariantReport) {
    this.#report = report;
    this.#projectOf = (ticket) => ticket.slice(0, ticket.lastIndexOf('-'));
  }

  event(event: LoggedEvent): void {
    const [kind, ...rest] = event.stream.split(':');
    const id = rest.join(':');
    if (kind === 'ticket') this.#ticketEvent(event, id);
    else if (kind !== undefined && DOCUMENTS.has(kind)) this.#documentEvent(event, kind, id);
  }

  /** The completion policy in force for this ticket at this seq. */
  policyAt(seq: number, ticket: Ticket): Completion | null {
    const project = this.#policies.get(ticket.project)?.findLast((entry) => entry.from <= seq);
    return project ? effectiveCompletion(project.completion, ticket.completion) : null;
  }

  #documentEvent(event: LoggedEvent, kind: string, id: string): void {
    const set = (event.data as { set?: Record<string, unknown> }).set ?? {};
    const state = { ...this.#documents.get(event.stream), ...set };
    this.#documents.set(event.stream, state);
    if (kind === 'project' && set['completion'] !== undefined) {
      const list = this.#policies.get(id) ?? [];
      list.push({ from: event.seq, completion: set['completion'] as Completion });
      this.#policies.set(id, list);
    }
    if (kind === 'job' && event.type === 'job.changed') {
      const policy = this.#document<Policy>('policy:policy');
      const remedy = (event.data as { policy?: string }).policy;
      this.#report.expect(
        'I9',
        event.actor.kind === 'human' ||
          (remedy !== undefined && (policy?.remedies ?? []).some((allowed) => allowed === remedy)),
        () => `seq ${event.seq}: ${event.actor.kind} changed job ${id} without the maintenance policy`,
      );
    }
  }

  #ticketEvent(event: LoggedEvent, ticket: string): void {
    const data = event.data as Record<string, unknown>;
    if (event.type === 'attempt.offered' && data['kind'] === 'agent') {
      this.#report.expect(
        'I3',
        event.actor.kind === 'dispatcher' &&
          Number(data['epoch']) >= this.#epoch &&
          Number(data['epoch']) > 0,
        () =>
          `seq ${event.seq}: ${ticket} was started under epoch ${String(data['epoch'])} after ${this.#epoch}`,
      );
      if (Number(data['epoch']) > this.#epoch) this.#epochHolder = event.actor.id;
      this.#report.expect(
        'I3',
        this.#epochHolder === event.actor.id,
        () =>
          `seq ${event.seq}: ${event.actor.id} started ${ticket} under epoch ${String(data['epoch'])} of ${this.#epochHolder}`,
      );
      this.#epoch = Math.max(this.#epoch, Number(data['epoch']));
      this.#holders.set(String(data['attempt']), {
        project: this.#projectOf(ticket),
        profile: data['profile'] as string | null,
        campaign: data['campaign'] as string | null,
        runner: data['runner'] as string | null,
      });
      this.#limits(event.seq, ticket, String(data['attempt']));
    } else if (event.type === 'attempt.ended' || event.type === 'attempt.parked') {
      this.#holders.delete(String(data['attempt']));
    }
  }

  #limits(seq: number, ticket: string, attempt: string): void {
    const holder = this.#holders.get(attempt);
    if (!holder) return;
    const count = (of: (candidate: Holder) => boolean): number =>
      [...this.#holders.values()].filter(of).length;
    const check = (what: string, limit: number | null | undefined, used: number): void => {
      if (limit === null || limit === undefined) return;
      this.#report.expect(
        'I4',
        used <= limit,
        () => `seq ${seq}: ${ticket} made ${used} workers of ${what}, limit ${limit}`,
      );
    };
    const policy = this.#document<Policy>('policy:policy');
    check('all', policy?.maxWorkers, this.#holders.size);
    check(
      'its project',
      this.#document<Project>(`project:${holder.project}`)?.limits?.maxWorkers,
      count((h) => h.project === holder.project),
    );
    if (holder.profile !== null) {
      const profile = this.#document<Profile>(`profile:${holder.profile}`);
      check(
        `profile ${holder.profile}`,
        profile?.maxWorkers,
        count((h) => h.profile === holder.profile),
      );
    }
    if (holder.campaign !== null) {
      const campaign = this.#document<Campaign>(`campaign:${holder.campaign}`);
      check(
        `campaign ${holder.campaign}`,
        campaign?.maxWorkers,
        count((h) => h.campaign === holder.campaign),
      );
    }
    if (holder.runner !== null) {
      const runner = this.#document<{ slots: number }>(`runner:${holder.runner}`);
      check(
        `runner ${holder.runner}`,
        runner?.slots,
        count((h) => h.runner === holder.runner),
      );
    }
  }

  #document<T>(stream: string): T | undefined {
    return this.#documents.get(stream) as T | undefined;
  }
}

const DOCUMENTS: ReadonlySet<string> = new Set(['project', 'profile', 'campaign', 'policy', 'job', 'runner']);
