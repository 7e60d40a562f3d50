/**
 * Permission requests that neither the profile nor an earlier answer settles: they become questions. The agent is held
 * for a while; then the attempt parks, and what is answered meanwhile is used when the agent, in its next life, asks
 * for the same again: once.
 */
import type {
  PermissionOption,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from '@agentclientprotocol/sdk';
import type { TranscriptEntry } from '../../../contract/transcript.ts';
import type { AgentHost, Launch } from '../adapter.ts';
import {
  type AskedPermission,
  choicesOf,
  questionText,
  respond,
  selectByPolicy,
  selectLike,
  subjectOf,
} from './permissions.ts';

type PermissionEntry = Extract<TranscriptEntry, { kind: 'permission' }>;

export interface PermissionParts {
  launch: Launch;
  host: AgentHost;
  write: (entry: TranscriptEntry) => void;
  session: () => string | null;
}

/** How often an agent that is parking, or an answer that is on its way, is looked after. */
const AGAIN_MS = 1000;

export class HeldPermissions {
  readonly #parts: PermissionParts;
  readonly #waiting = new Map<string, (choice: string | null) => void>();
  /** Open questions of an agent that died while it waited, by subject: asked again, they are the same questions. */
  readonly #orphans = new Map<string, string>();
  #isReleased = false;

  constructor(parts: PermissionParts) {
    this.#parts = parts;
  }

  get isHolding(): boolean {
    return this.#waiting.size > 0;
  }

  answer(question: string, choice: string): void {
    this.#waiting.get(question)?.(choice);
  }

  /** The agent that waited is gone; another may ask the same. */
  drop(): void {
    for (const settle of this.#waiting.values()) settle(null);
  }

  /** No answer is coming in this life. */
  release(): void {
    this.#isReleased = true;
    this.drop();
  }

  async respond(request: RequestPermissionRequest): Promise<RequestPermissionResponse> {
    const { launch, write } = this.#parts;
    const policy = launch.offer.profile.permissions;
    const about: PermissionEntry = {
      kind: 'permission',
      tool: request.toolCall.toolCallId,
      title: request.toolCall.title ?? request.toolCall.toolCallId,
      outcome: 'cancelled',
    };
    if (policy !== 'ask') {
      const option = selectByPolicy(request.options, policy);
      write({ ...about, outcome: outcomeOf(option), by: 'policy' });
      return respond(option);
    }
    const kind = this.#takeEarlier(subjectOf(request));
    if (kind !== null) {
      const option = selectLike(request.options, kind);
      write({ ...about, outcome: outcomeOf(option), by: 'earlier_answer' });
      return respond(option);
    }
    return this.#hold(request, about);
  }

  /** An answer to the same request, given while the attempt was parked; it counts once. */
  #takeEarlier(subject: string): PermissionOption['kind'] | null {
    const { host, launch } = this.#parts;
    const memory = host.memory();
    const asked = askedIn(memory);
    for (const { question, choice } of launch.answers) {
      const match = asked.find((one) => one.question === question && one.subject === subject);
      const kind = match?.kinds[choice];
      if (!match || kind === undefined) continue;
      host.remember({ ...memory, asked: asked.filter((one) => one !== match) });
      return kind;
    }
    return null;
  }

  async #hold(request: RequestPermissionRequest, about: PermissionEntry): Promise<RequestPermissionResponse> {
    const { host, launch, write, session } = this.#parts;
    const choices = choicesOf(request.options);
    if (this.#isReleased || choices.length === 0) return respond(null);
    const subject = subjectOf(request);
    let question = this.#orphans.get(subject);
    try {
      question ??= await host.ask(
        questionText(request),
        choices.map(({ id, label }) => ({ id, label })),
      );
    } catch (error) {
      write({ kind: 'error', text: `The permission question could not be asked: ${String(error)}` });
      write(about);
      return respond(null);
    }
    const kinds = Object.fromEntries(choices.map(({ id, option }) => [id, option.kind]));
    const asked: AskedPermission = { question, subject, kinds };
    host.remember({ ...host.memory(), asked: [...othersIn(host, question), asked] });
    const options = choices.map(({ id, label }) => ({ id, label }));
    write({ ...about, question, options, outcome: 'asked' });
    const settle = (resolve: (choice: string | null) => void): void => {
      this.#waiting.set(question, resolve);
    };
    const answered = new Promise<string | null>(settle);
    if (this.#isReleased) this.#waiting.get(question)?.(null);
    void this.#park(question, launch.offer.profile.holdSeconds * 1000, session);
    const choice = await answered;
    this.#waiting.delete(question);
    if (choice === null) {
      this.#orphans.set(subject, question);
      return respond(null);
    }
    this.#orphans.delete(subject);
    host.remember({ ...host.memory(), asked: othersIn(host, question) });
    const option = choices.find(({ id }) => id === choice)?.option ?? null;
    write({ ...about, question, outcome: outcomeOf(option), by: 'person' });
    return respond(option);
  }

  /** Where the attempt cannot be parked, the answer came just now, and reaches us with the next renewal. */
  async #park(question: string, holdMs: number, session: () => string | null): Promise<void> {
    const { host, write } = this.#parts;
    await host.pause(holdMs);
    while (this.#waiting.has(question) && !host.isEnding) {
      if (await host.park(session())) {
        write({
          kind: 'notice',
          code: 'parking',
          text: 'Nobody answered while the agent was held: the attempt is parked, and goes on in this session once it is answered.',
        });
        return;
      }
      await host.pause(AGAIN_MS);
    }
  }
}

function outcomeOf(option: PermissionOption | null): PermissionEntry['outcome'] {
  return option === null ? 'cancelled' : option.kind.startsWith('allow') ? 'allowed' : 'denied';
}

function askedIn(memory: Record<string, unknown>): AskedPermission[] {
  return Array.isArray(memory['asked']) ? (memory['asked'] as AskedPermission[]) : [];
}

function othersIn(host: AgentHost, question: string): AskedPermission[] {
  return askedIn(host.memory()).filter((one) => one.question !== question);
}
