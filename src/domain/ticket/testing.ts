/** Given, when, then for tickets: a small language over the deciders, used by the tests of this room. */
import type { Actor } from '../words.ts';
import { isRefusal } from '../refusal.ts';
import type { DecideContext, Decision } from './decide.ts';
import { decideCreate } from './decide-fields.ts';
import { decideAccept, decideClaim } from './decide-dispatch.ts';
import { decideEnd } from './decide-attempt.ts';
import { decideSignal, type SignalCommand } from './decide-signal.ts';
import { evolveTicket } from './evolve.ts';
import { newestAttempt, type Attempt, type Ticket, type TicketFields } from './state.ts';

export const PERSON: Actor = { kind: 'human', id: 'ada' };
export const DISPATCHER: Actor = { kind: 'dispatcher', id: 'srv' };
export const RUNNER: Actor = { kind: 'runner', id: 'run' };
export const COMMIT = 'c'.repeat(40);
export const BASE = 'b'.repeat(40);

/** Of whom nothing is said but its title. */
export const PLAIN_TICKET: TicketFields = {
  title: 'A ticket',
  description: '',
  priority: 2,
  assignee: null,
  campaign: null,
  profile: null,
  labels: [],
  acceptanceCriteria: [],
  blockedBy: [],
  completion: null,
  budget: null,
  notBefore: null,
};

export class Story {
  ticket: Ticket;
  now = 1_000_000;
  rules: DecideContext['rules'] = {
    maxAttempts: 3,
    backoffSeconds: 10,
    completion: {
      requires: ['signal', 'commit', 'check'],
      checks: ['test'],
      decidedBy: 'human',
      onAccept: 'leave_branch',
      allowEmptyDiff: false,
    },
    checkNames: ['test'],
    deployEnvironment: null,
    deployTimeoutMs: 1_800_000,
    paused: false,
  };
  #ids = 0;

  constructor(fields: Partial<TicketFields> = {}, status: 'backlog' | 'todo' = 'todo') {
    const created = decideCreate(
      {
        key: 'MC-1',
        project: 'MC',
        number: 1,
        status,
        ...PLAIN_TICKET,
        ...fields,
      },
      { actor: PERSON, now: this.now },
    );
    const [first] = created;
    if (!first) throw new Error('nothing was created');
    this.ticket = evolveTicket(null, first);
  }

  context(actor: Actor): DecideContext {
    return {
      now: this.now,
      actor,
      newId: (prefix) => `${prefix}_${(this.#ids += 1)}`,
      random: () => 0,
      sha256: (text) => `#${text.length}`,
      rules: this.rules,
    };
  }

  /** Applies what is decided; a refusal comes back, and changes nothing. */
  when(actor: Actor, decide: (ticket: Ticket, context: DecideContext) => Decision): Decision {
    const decision = decide(this.ticket, this.context(actor));
    if (!isRefusal(decision))
      this.ticket = decision.reduce<Ticket>((state, event) => evolveTicket(state, event), this.ticket);
    return decision;
  }

  get attempt(): Attempt {
    const attempt = newestAttempt(this.ticket);
    if (!attempt) throw new Error('there is no attempt');
    return attempt;
  }

  claim(): Decision {
    return this.when(DISPATCHER, (t, c) =>
      decideClaim(t, { profile: 'worker', runner: 'run', epoch: 1, fenceFloor: 0 }, c),
    );
  }
  accept(): Decision {
    const { id, fence } = this.attempt;
    return this.when(RUNNER, (t, c) =>
      decideAccept(t, { attempt: id, fence, base: BASE, branch: 'mc/MC-1/1' }, c),
    );
  }
  running(): this {
    this.claim();
    this.accept();
    return this;
  }
  signal(signal: SignalCommand, fence = this.attempt.fence): Decision {
    const { id } = this.attempt;
    return this.when({ kind: 'attempt', id }, (t, c) => decideSignal(t, { attempt: id, fence }, signal, c));
  }
  end(outcome: Attempt['outcome'] = 'failed', treeGone = true, reason: string | null = null): Decision {
    const { id, fence } = this.attempt;
    return this.when(RUNNER, (t, c) =>
      decideEnd(
        t,
        {
          attempt: id,
          fence,
          outcome: outcome ?? 'failed',
          reason,
          exitCode: 0,
          head: COMMIT,
          session: null,
          notBefore: null,
          treeGone,
        },
        c,
      ),
    );
  }
  submitted(): this {
    this.running();
    this.signal({ type: 'submit', summary: 'done', commit: COMMIT });
    this.end();
    return this;
  }
}
