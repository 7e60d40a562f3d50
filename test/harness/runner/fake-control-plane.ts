/**
 * A control plane for tests of the runner: HTTP as the real one, every request checked against the contract's schemas,
 * and a small model of attempts and work. Tests say what it answers, and read what it was told.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../../src/contract/errors.ts';
import { type Signal, signal } from '../../../src/contract/requests.ts';
import * as requests from '../../../src/contract/runner-requests.ts';
import {
  attemptOffer,
  type AttemptOffer,
  landOffer,
  type LandOffer,
  verifyOffer,
  offerId,
  type VerifyOffer,
} from '../../../src/contract/runner-protocol.ts';
import type { OutputItem } from '../../../src/contract/shapes.ts';

export interface FakeAttempt {
  offer: AttemptOffer;
  state: 'offered' | 'running' | 'stopping' | 'parked' | 'ended';
  directive: 'continue' | 'park' | 'stop';
  stale: string | null;
  heartbeats: number;
  output: OutputItem[];
  base: string | null;
  ends: requests.AttemptEnd[];
  parks: z.infer<typeof requests.attemptPark>[];
  signals: Signal[];
  questions: z.infer<typeof requests.attemptPermission>[];
  /** Sent with every renewal, as the server does until it knows that they arrived. */
  answers: { question: string; choice: string }[];
  /** Answered, but the runner only hears of it after a park was refused. */
  answersLate: boolean;
  sinceSignalMs: number | null;
}

export interface FakeWork {
  offer: VerifyOffer | LandOffer;
  accepted: boolean;
  output: Map<string, OutputItem[]>;
  end: z.infer<typeof requests.workEnd> | null;
  result: requests.VerifyResult | null;
  /** Of a landing: the pushes that were announced, and what came of it. */
  intents: z.infer<typeof requests.workIntent>[];
  landed: requests.LandResult | null;
  /** Runs before an announcement is answered; a refusal is thrown. */
  onIntent: () => void;
}

export class Problem extends Error {
  readonly code: ErrorCode;
  readonly reason: string | undefined;
  constructor(code: ErrorCode, detail: string, reason?: string) {
    super(detail);
    this.code = code;
    this.reason = reason;
  }
}

export class FakeControlPlane {
  readonly attempts = new Map<string, FakeAttempt>();
  readonly work = new Map<string, FakeWork>();
  /** Requests that broke the contract; a test ends by expecting none. */
  readonly violations: string[] = [];
  readonly log: string[] = [];
  leaseMs = 3000;
  /** The instance that registered last; older ones are superseded. */
  instance = '';
  registrations: z.infer<typeof requests.registerRunner>[] = [];
  drained = false;
  #server: Server | undefined;
  #waiting = new Set<() => void>();
  #port = 0;

  async start(): Promise<string> {
    const server = createServer((request, response) => void this.#handle(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** As a killed server: connections are cut, nothing answers. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.wake();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  /** The next start is at another address. */
  forgetPort(): void {
    this.#port = 0;
  }

  offer(offer: AttemptOffer): FakeAttempt {
    const known = this.attempts.get(offer.attempt);
    const attempt: FakeAttempt = {
      offer: attemptOffer.parse(offer),
      state: 'offered',
      directive: 'continue',
      stale: null,
      heartbeats: 0,
      output: known?.output ?? [],
      base: null,
      ends: [],
      parks: [],
      signals: [],
      questions: [],
      answers: [],
      answersLate: false,
      sinceSignalMs: null,
    };
    this.attempts.set(offer.attempt, attempt);
    this.wake();
    return attempt;
  }

  offerWork(offer: VerifyOffer | LandOffer): FakeWork {
    const work: FakeWork = {
      offer: offer.kind === 'land' ? landOffer.parse(offer) : verifyOffer.parse(offer),
      accepted: false,
      output: new Map(),
      end: null,
      result: null,
      intents: [],
      landed: null,
      onIntent: () => undefined,
    };
    this.work.set(offer.work, work);
    this.wake();
    return work;
  }

  direct(attempt: FakeAttempt, directive: 'park' | 'stop'): void {
    attempt.directive = directive;
    attempt.state = 'stopping';
    this.wake();
  }

  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? '').replace(/\?.*/, '');
    try {
      if (path === '/livez') return send(response, 200, { ok: true });
      const body: unknown = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
      if (Buffer.concat(chunks).length > 1024 * 1024) throw new Problem('body_too_large', path);
      const answer = await this.#route(path.replace('/api/v1', ''), body, request);
      return send(response, 200, answer);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem('internal', String(error));
      const entry = ERRORS[problem.code];
      if (problem.code === 'invalid_request' || problem.code === 'internal')
        this.violations.push(problem.message);
      return send(response, entry.status, {
        type: 'about:blank',
        code: problem.code,
        detail: problem.message,
        reason: problem.reason,
        ...entry,
      });
    }
  }

  async #route(path: string, body: unknown, request: IncomingMessage): Promise<unknown> {
    this.log.push(path);
    if (path === '/runners') {
      this.registrations.push(this.#check(requests.registerRunner, body, path));
      this.instance = randomBytes(4).toString('hex');
      return { id: 'run_1', leaseMs: this.leaseMs, graceMs: 1000, instance: this.instance };
    }
    const [, collection, id = '', verb = ''] = path.split('/');
    if (collection === 'runners') return this.#poll(this.#check(requests.pollRunner, body, path), request);
    if (collection === 'attempts') return this.#attempt(id, verb, body, request);
    if (collection === 'work') return this.#work(id, verb, body);
    throw new Problem('not_found', path);
  }

  async #poll(body: z.infer<typeof requests.pollRunner>, request: IncomingMessage): Promise<unknown> {
    if (body.instance !== this.instance) throw new Problem('runner_superseded', 'a newer one');
    if (body.draining) this.drained = true;
    const ends = Date.now() + (body.waitMs ?? 0);
    for (;;) {
      const offers = [
        ...[...this.attempts.values()]
          .filter((a) => a.state === 'offered')
          .slice(0, body.freeSlots)
          .map((a) => a.offer),
        ...[...this.work.values()].filter((w) => !w.accepted).map((w) => w.offer),
      ];
      const stop = [...this.attempts.values()]
        .filter((a) => a.state === 'stopping')
        .map((a) => a.offer.attempt);
      const known = body.known;
      const isNews =
        stop.some((attempt) => !known?.stop.includes(attempt)) ||
        offers.some(
          (offer) => !known?.offers.some(({ id, fence }) => id === offerId(offer) && fence === offer.fence),
        );
      if (isNews || Date.now() >= ends || !this.#server) return { offers, stop };
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        request.socket.once('close', resolve);
        setTimeout(resolve, Math.max(0, ends - Date.now()));
      });
      if (request.socket.destroyed) return {};
    }
  }

  #attempt(id: string, verb: string, body: unknown, request: IncomingMessage): unknown {
    if (id === 'self') {
      const token = (request.headers.authorization ?? '').replace('Bearer ', '');
      const own = [...this.attempts.values()].find((a) => a.offer.token === token && a.state !== 'ended');
      if (!own) throw new Problem('unauthenticated', 'no such token');
      return this.#signal(own, this.#check(signal, body, verb));
    }
    const attempt = this.attempts.get(id);
    if (!attempt) throw new Problem('not_found', id);
    const check = <T extends z.ZodType<{ fence: number }>>(schema: T): z.infer<T> => {
      const checked = this.#check(schema, body, `attempts/${verb}`);
      const isLate =
        verb === 'output' ? false : checked.fence !== attempt.offer.fence || attempt.state === 'ended';
      if (attempt.stale !== null || isLate) {
        throw new Problem('stale_attempt', 'not current', attempt.stale ?? 'ended');
      }
      return checked;
    };
    switch (verb) {
      case 'accept': {
        attempt.base = check(requests.attemptAccept).base ?? attempt.base;
        if (attempt.state === 'offered') attempt.state = 'running';
        return { leaseMs: this.leaseMs, directive: attempt.directive };
      }
      case 'heartbeat':
        check(requests.attemptHeartbeat);
        attempt.heartbeats++;
        return {
          leaseMs: this.leaseMs,
          directive: attempt.directive,
          sinceSignalMs: attempt.sinceSignalMs,
          answers: attempt.answersLate ? [] : attempt.answers,
        };
      case 'output': {
        for (const item of check(requests.attemptOutput).items) {
          if (!attempt.output.some((known) => known.seq === item.seq)) attempt.output.push(item);
        }
        return {};
      }
      case 'permission':
        attempt.questions.push(check(requests.attemptPermission));
        return { id: `que_${attempt.questions.length}` };
      case 'park': {
        const park = check(requests.attemptPark);
        // What was answered meanwhile leaves nothing to park for.
        if (attempt.answers.length > 0 && attempt.state === 'running') {
          attempt.answersLate = false;
          throw new Problem('transition_not_allowed', 'no open question');
        }
        attempt.parks.push(park);
        if (park.treeGone) attempt.state = 'parked';
        else this.direct(attempt, 'park');
        return {};
      }
      case 'end': {
        const end = check(requests.attemptEnd);
        attempt.ends.push(end);
        attempt.state = end.treeGone ? 'ended' : 'stopping';
        if (!end.treeGone) attempt.directive = 'stop';
        return {};
      }
      default:
        throw new Problem('not_found', verb);
    }
  }

  #signal(attempt: FakeAttempt, signal: Signal): unknown {
    attempt.signals.push(signal);
    attempt.sinceSignalMs = 0;
    if (signal.type === 'submit' || signal.type === 'fail') this.direct(attempt, 'stop');
    if (signal.type === 'ask') this.direct(attempt, 'park');
    return { accepted: true };
  }

  #work(id: string, verb: string, body: unknown): unknown {
    const work = this.work.get(id);
    if (!work) throw new Problem('not_found', id);
    switch (verb) {
      case 'accept':
        this.#check(requests.workHeartbeat, body, 'work/accept');
        work.accepted = true;
        return { leaseMs: this.leaseMs };
      case 'heartbeat':
        this.#check(requests.workHeartbeat, body, 'work/heartbeat');
        return { leaseMs: this.leaseMs, directive: 'continue' };
      case 'output': {
        const { evidence, items } = this.#check(requests.workOutput, body, 'work/output');
        work.output.set(evidence, [...(work.output.get(evidence) ?? []), ...items]);
        return {};
      }
      case 'end':
        work.end = this.#check(requests.workEnd, body, 'work/end');
        if (work.offer.kind === 'land')
          work.landed = this.#check(requests.landResult, work.end.result, 'work/end result');
        else work.result = this.#check(requests.verifyResult, work.end.result, 'work/end result');
        return {};
      case 'intent': {
        const intent = this.#check(requests.workIntent, body, 'work/intent');
        work.onIntent();
        work.intents.push(intent);
        return { accepted: true };
      }
      default:
        throw new Problem('not_found', verb);
    }
  }

  #check<T extends z.ZodType>(schema: T, body: unknown, where: string): z.infer<T> {
    const result = schema.safeParse(body);
    if (!result.success) throw new Problem('invalid_request', `${where}: ${result.error.message}`);
    return result.data;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': status < 400 ? 'application/json' : 'application/problem+json',
  });
  response.end(JSON.stringify(body));
}
