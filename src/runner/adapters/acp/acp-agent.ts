/**
 * An agent that speaks the Agent Client Protocol over its standard streams. Its streams belong to this process, so it
 * ends with the runner; a later life goes on in its session. The protocol is for control and for the live view; what
 * the agent says with it is never evidence.
 */
import { Readable, Writable } from 'node:stream';
import * as acp from '@agentclientprotocol/sdk';
import type { ProcessId } from '../../processes/process-table.ts';
import { ChunkMerger } from '../../transcript/chunk-merger.ts';
import type { AgentEnd, AgentHost, Launch, RunningAgent, Usage } from '../adapter.ts';
import { AgentProblem, brokenEnd, converse, messageOf, type Speaker, type TurnEnd } from '../conversation.ts';
import { readTail } from '../read-tail.ts';
import { findRateLimitInReply } from '../rate-limit.ts';
import { HeldPermissions } from './held-permissions.ts';
import { Refusals } from './refusals.ts';
import { openSession } from './session.ts';
import { toolEntry, UpdateMapper } from './updates.ts';
import { readInside, writeInside } from './worktree-files.ts';

const FLUSH_MS = 200;
const LAST_WORDS_MS = 1500;
const CANCEL_MS = 1500;
const REFUSAL_LOOK_MS = 500;
const EXIT_MS = 3000;
const EXIT_LOOK_MS = 200;
const LARGEST_MESSAGE = 64 * 1024 * 1024;

interface Link {
  keeper: ProcessId;
  input: Writable;
  connection: acp.ClientConnection;
  agent: acp.ClientContext;
}

export class AcpAgent implements RunningAgent, Speaker {
  readonly #launch: Launch;
  readonly #host: AgentHost;
  readonly #transcript: ChunkMerger;
  readonly #mapper = new UpdateMapper();
  readonly #held: HeldPermissions;
  readonly #flushing: NodeJS.Timeout;
  #link: Link | null = null;
  /** The link that has a session. */
  #ready: Link | null = null;
  #session: string | null;
  #isReplaying = false;
  #refusals: Refusals | null = null;
  #turn: Promise<TurnEnd> | null = null;
  #state: 'running' | AgentEnd = 'running';

  static async start(launch: Launch, host: AgentHost): Promise<AcpAgent> {
    const { asked } = host.memory();
    host.remember({ reminders: 0, asked });
    const agent = new AcpAgent(launch, host);
    // A program that is not there is found out here, and said with the attempt's start.
    agent.#link = await agent.#open();
    void converse(agent, host, { prompt: launch.prompt, ticket: launch.offer.ticket })
      .catch(brokenEnd)
      .then((end) => {
        clearInterval(agent.#flushing);
        agent.#transcript.flush();
        agent.#state = end;
      });
    return agent;
  }

  private constructor(launch: Launch, host: AgentHost) {
    this.#launch = launch;
    this.#host = host;
    this.#session = launch.session;
    this.#transcript = new ChunkMerger(host.transcript);
    this.#held = new HeldPermissions({
      launch,
      host,
      write: (entry) => this.#transcript.add(entry),
      session: () => this.#session,
    });
    this.#flushing = setInterval(() => this.#transcript.flush(), FLUSH_MS);
    this.#flushing.unref();
  }

  state(): 'running' | AgentEnd {
    return this.#state;
  }

  session(): string | null {
    return this.#session;
  }

  usage(): Usage | null {
    const { usage } = this.#mapper;
    return Object.keys(usage).length === 0 ? null : { ...usage };
  }

  isHeld(): boolean {
    return this.#held.isHolding;
  }

  answer(question: string, choice: string): void {
    this.#held.answer(question, choice);
  }

  async windUp(mayFinish: boolean): Promise<void> {
    const link = this.#link;
    const turn = this.#turn;
    if (turn && mayFinish && !this.#held.isHolding) await Promise.race([turn, pause(LAST_WORDS_MS)]);
    if (this.#turn && link && this.#session !== null) {
      await quietly(link.agent.notify('session/cancel', { sessionId: this.#session }));
      this.#held.release();
      await Promise.race([turn, pause(CANCEL_MS)]);
    }
    this.#held.release();
    this.#transcript.flush();
    link?.input.end();
  }

  /** One turn. The first of a link opens the session before it. */
  say(text: string): Promise<TurnEnd> {
    const turn = this.#say(text).finally(() => {
      this.#transcript.flush();
      this.#turn = null;
    });
    this.#turn = turn;
    return turn;
  }

  async #say(text: string): Promise<TurnEnd> {
    let prompt = text;
    let link = this.#link;
    if (link === null || link.connection.signal.aborted) link = this.#link = await this.#open();
    if (link !== this.#ready) {
      const opened = await this.#opened(link);
      if (opened.notResumed !== null) prompt = this.#launch.restartPrompt;
    }
    this.#transcript.add({ kind: 'prompt', text: prompt });
    this.#mapper.beginTurn();
    const asked = link.agent.request('session/prompt', {
      sessionId: this.#session ?? '',
      prompt: [{ type: 'text', text: prompt }],
    });
    try {
      const over = new AbortController();
      const refused = this.#refused(over.signal);
      const result = await Promise.race([asked, this.#exited(link), refused]).finally(() => over.abort());
      if (result === null) return await this.#gone(link);
      if ('notBefore' in result) {
        await quietly(link.agent.notify('session/cancel', { sessionId: this.#session ?? '' }));
        await Promise.race([quietly(asked), pause(CANCEL_MS)]);
        return { kind: 'failed', ...result };
      }
      for (const entry of this.#mapper.endTurn(result)) this.#transcript.add(entry);
      const limit =
        this.#mapper.calls === 0 ? findRateLimitInReply(this.#mapper.reply, this.#host.now()) : null;
      if (limit) return { kind: 'failed', message: this.#mapper.reply, notBefore: limit.notBefore };
      return { kind: 'ended', reason: result.stopReason };
    } catch (error) {
      if (link.connection.signal.aborted) return this.#gone(link);
      const message = errorText(error);
      this.#transcript.add({ kind: 'error', text: message });
      return { kind: 'failed', message };
    }
  }

  async #opened(link: Link): Promise<{ notResumed: string | null }> {
    const exited = this.#exited(link);
    const opened = await Promise.race([this.#openSession(link), exited]).catch((error: unknown) => {
      if (error instanceof AgentProblem || !link.connection.signal.aborted) throw error;
      return null;
    });
    if (opened !== null) return opened;
    const { exitCode } = await this.#gone(link);
    const said = readTail(this.#host.file('stderr'));
    throw new AgentProblem(
      `agent_failed: the program ended (exit code ${exitCode ?? 'unknown'}) before it had a session${said === '' ? '' : `: ${said}`}. Try the profile's command by hand.`,
    );
  }

  async #openSession(link: Link): Promise<{ notResumed: string | null }> {
    const opened = await openSession(link.agent, this.#launch, this.#session, (isReplaying) => {
      this.#isReplaying = isReplaying;
    });
    this.#ready = link;
    this.#session = opened.id;
    this.#host.setSession(opened.id);
    if (opened.notResumed !== null) {
      this.#transcript.add({
        kind: 'notice',
        code: 'session_not_resumed',
        text: `The agent's session could not be continued (${opened.notResumed}). It is a new session, told what came before.`,
      });
    } else {
      this.#transcript.add({
        kind: 'notice',
        code: opened.isResumed ? 'session_resumed' : 'session_started',
        text: `Session ${opened.id}`,
      });
    }
    for (const text of opened.remarks) this.#transcript.add({ kind: 'notice', code: 'left_out', text });
    return opened;
  }

  /** Resolves when the program has ended; the streams may be held open by tools that it left behind. */
  async #exited(link: Link): Promise<null> {
    while (!link.connection.signal.aborted && this.#host.readExit(link.keeper) === 'running')
      await pause(EXIT_LOOK_MS);
    // What it said last is still read.
    await Promise.race([link.connection.closed, pause(EXIT_LOOK_MS)]);
    link.connection.close();
    return null;
  }

  /** Resolves when the agent's log shows that its provider goes on refusing it. */
  #refused(signal: AbortSignal): Promise<{ message: string; notBefore: number }> {
    const refusals = new Refusals(this.#host.file('stderr'));
    this.#refusals = refusals;
    return new Promise((resolve) => {
      const looking = setInterval(() => {
        const refusal = refusals.look(this.#host.now());
        if (refusal) resolve(refusal);
      }, REFUSAL_LOOK_MS);
      signal.addEventListener('abort', () => clearInterval(looking));
    });
  }

  async #gone(link: Link): Promise<Extract<TurnEnd, { kind: 'gone' }>> {
    this.#held.drop();
    const ends = Date.now() + EXIT_MS;
    let exit = this.#host.readExit(link.keeper);
    while (exit === 'running' && Date.now() < ends) {
      await pause(50);
      exit = this.#host.readExit(link.keeper);
    }
    return { kind: 'gone', exitCode: exit === 'running' ? null : exit.exitCode };
  }

  async #open(): Promise<Link> {
    const { command, worktree, env } = this.#launch;
    const { keeper, input, output } = await this.#host.open({ command, cwd: worktree, env });
    const stream = acp.ndJsonStream(
      Writable.toWeb(input) as WritableStream<Uint8Array>,
      Readable.toWeb(output) as ReadableStream<Uint8Array>,
      { maxMessageBytes: LARGEST_MESSAGE },
    );
    const connection = acp
      .client({ name: 'mission-control' })
      .onNotification('session/update', ({ params }) => {
        if (this.#isReplaying || (this.#session !== null && params.sessionId !== this.#session)) return;
        this.#refusals?.forget();
        for (const entry of this.#mapper.map(params.update)) this.#transcript.add(entry);
      })
      .onRequest('session/request_permission', async ({ params }) => {
        // Some agents name the tool call only here.
        this.#mapper.calls += 1;
        this.#transcript.add(toolEntry(params.toolCall));
        return this.#held.respond(params);
      })
      .onRequest('fs/read_text_file', ({ params }) => ({ content: readInside(worktree, params) }))
      .onRequest('fs/write_text_file', ({ params }) => {
        writeInside(worktree, params);
        return {};
      })
      .connect(stream);
    return { keeper, input, connection, agent: connection.agent };
  }
}

/** The text of an error and of what the agent put beside it: the provider's own words are often only there. */
function errorText(error: unknown): string {
  const data = (error as { data?: unknown }).data;
  const more =
    typeof data === 'string'
      ? data
      : [
          (data as { message?: unknown } | undefined)?.message,
          (data as { details?: unknown } | undefined)?.details,
        ]
          .filter((part): part is string => typeof part === 'string')
          .join(' ');
  const message = messageOf(error);
  return more === '' || message.includes(more) ? message : `${message}: ${more}`;
}

async function quietly(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // An agent that is gone already needs no word.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
