/**
 * An agent that is a program run once a turn: the prompt on its standard input, events as JSON lines on its output, and
 * a session that the next run goes on with. Its output goes into a file, not to us, so it outlives this runner; a later
 * life reads the same file again from where the turn began and gets the same entries, of which it leaves out as many as
 * are in the transcript already.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { TranscriptEntry } from '../../../contract/transcript.ts';
import type { ExitState } from '../../processes/agent-process.ts';
import type { ProcessId } from '../../processes/process-table.ts';
import {
  type Adapter,
  addUsage,
  type AgentEnd,
  type AgentHost,
  type Launch,
  type Memory,
  type RunningAgent,
  type Usage,
} from '../adapter.ts';
import { AgentProblem, brokenEnd, converse, type Speaker, type TurnEnd } from '../conversation.ts';
import { findRateLimitInReply } from '../rate-limit.ts';
import { readTail } from '../read-tail.ts';
import type { Dialect, EventParser } from './dialect.ts';

const EVENTS = 'events';
const LOOK_MS = 100;
const LAST_LOOK_MS = 20;
/** An agent that prints more than this is not working. */
const MOST_EVENTS = 512 * 1024 * 1024;
const LONGEST_LINE = 64 * 1024 * 1024;
const PIECE = 1024 * 1024;
const NOT_RESUMABLE =
  /no (?:conversation|session|rollout|thread|saved session)s? (?:was |were )?found|(?:session|thread|conversation)[^\n]{0,80}(?:not found|does not exist|unknown)|failed to (?:load|find|resume)[^\n]{0,40}(?:session|thread|rollout)/i;

export function headlessAdapter(dialect: Dialect): Adapter {
  return {
    async start(launch, host) {
      // Of what an earlier attempt remembered only what belongs to its session is still true.
      const { parser } = host.memory();
      host.remember({ reminders: 0, session: launch.session, parser });
      const agent = new HeadlessAgent(dialect, launch, host);
      // A program that is not there is found out here, and said with the attempt's start.
      const first = await agent.begin(launch.prompt);
      agent.converse(agent.follow(first));
      return agent;
    },
    adopt(keeper, host, launch) {
      if (typeof host.memory()['turnFrom'] !== 'number') return null;
      const agent = new HeadlessAgent(dialect, launch, host);
      agent.converse(agent.follow(keeper));
      return agent;
    },
  };
}

class HeadlessAgent implements RunningAgent, Speaker {
  readonly #dialect: Dialect;
  readonly #launch: Launch;
  readonly #host: AgentHost;
  #parser: EventParser;
  #spent: Usage;
  #state: 'running' | AgentEnd = 'running';
  /** Whether the program of the present turn has ended. */
  #isTurnOver = false;

  constructor(dialect: Dialect, launch: Launch, host: AgentHost) {
    this.#dialect = dialect;
    this.#launch = launch;
    this.#host = host;
    const before = beforeTurn(host);
    this.#spent = before.spent;
    this.#parser = dialect.parser(before.parser, () => host.now());
  }

  converse(ongoing: Promise<TurnEnd>): void {
    void converse(this, this.#host, { ongoing, ticket: this.#launch.offer.ticket })
      .catch(brokenEnd)
      .then((end) => {
        this.#state = end;
      });
  }

  state(): 'running' | AgentEnd {
    return this.#state;
  }

  session(): string | null {
    return this.#parser.session() ?? this.#session;
  }

  usage(): Usage | null {
    const total = addUsage(this.#spent, this.#isTurnOver ? {} : this.#parser.usage());
    return Object.keys(total).length === 0 ? null : total;
  }

  isHeld(): boolean {
    return false;
  }

  answer(): void {
    // Nobody can be asked without a terminal: there are no permission questions.
  }

  windUp(): Promise<void> {
    return Promise.resolve();
  }

  async say(text: string): Promise<TurnEnd> {
    return this.follow(await this.begin(text));
  }

  get #session(): string | null {
    const { session } = this.#host.memory();
    return typeof session === 'string' ? session : null;
  }

  /** Starts the program of one turn. @returns its keeper */
  async begin(text: string): Promise<ProcessId> {
    const host = this.#host;
    const { env, worktree } = this.#launch;
    const files = { mcp: host.file('mcp.json') };
    const mcp = this.#dialect.mcpFile?.(this.#launch) ?? null;
    if (mcp !== null) writeFileSync(files.mcp, mcp, { mode: 0o600 });
    const prompt = host.file('turn.md');
    writeFileSync(prompt, text, { mode: 0o600 });
    // Where reading begins is written down before there is anything to read.
    const turnFrom = statSync(host.file(EVENTS), { throwIfNoEntry: false })?.size ?? 0;
    const memory = host.memory();
    host.remember({
      ...memory,
      turnFrom,
      entriesBefore: host.transcript.countFromAgent(),
      before: { spent: this.#spent, parser: memory['parser'] ?? {} },
    });
    this.#parser = this.#dialect.parser(beforeTurn(host).parser, () => host.now());
    this.#isTurnOver = false;
    host.transcript.add({ kind: 'prompt', text });
    return host.start({
      command: this.#dialect.command(this.#launch, this.#session, files),
      cwd: worktree,
      env,
      input: prompt,
      events: EVENTS,
    });
  }

  /** Reads what the program prints until it has ended. */
  async follow(keeper: ProcessId): Promise<TurnEnd> {
    const host = this.#host;
    const memory = host.memory();
    let known = host.transcript.countFromAgent() - Number(memory['entriesBefore'] ?? 0);
    const reader = new LineReader(host.file(EVENTS), Number(memory['turnFrom'] ?? 0));
    let reply = '';
    let calls = 0;
    let isSaid = false;
    const take = (line: string): void => {
      for (const entry of this.#parser.feed(line)) {
        if (entry.kind === 'message') reply = (reply + entry.text).slice(-4096);
        if (entry.kind === 'tool') calls += 1;
        if (known > 0) known -= 1;
        else host.transcript.add(this.#withTotals(entry));
      }
      const session = this.#parser.session();
      if (session !== null && !isSaid) {
        isSaid = true;
        if (session !== this.#session) {
          host.remember({ ...host.memory(), session });
          host.setSession(session);
        }
      }
    };
    let exit: ExitState = 'running';
    try {
      for (;;) {
        // Looked at before the rest is read: what is written before the end is read after it.
        exit = host.readExit(keeper);
        while (reader.read(take)) await Promise.resolve();
        if (reader.size > MOST_EVENTS)
          throw new AgentProblem('agent_failed: it printed more than 512 MiB of events.');
        if (exit !== 'running') break;
        // Also while the attempt ends: what it used is in its last words.
        await pause(host.isEnding ? LAST_LOOK_MS : LOOK_MS);
      }
    } finally {
      reader.close();
    }
    return this.#ended(exit, { reply, calls });
  }

  async #ended(exit: ExitState, said: { reply: string; calls: number }): Promise<TurnEnd> {
    const host = this.#host;
    const exitCode = exit === 'running' ? null : exit.exitCode;
    const end = this.#parser.end();
    const isUnknown = this.#session !== null && this.#parser.session() === null && said.calls === 0;
    if (!host.isEnding && isUnknown && exitCode !== 0 && this.#saysNotResumable(end)) return this.#anew();
    this.#isTurnOver = true;
    this.#spent = addUsage(this.#spent, this.#parser.usage());
    host.remember({ ...host.memory(), parser: this.#parser.remember() });
    if (end === null) {
      if (exitCode === 0) return { kind: 'ended', reason: 'exited' };
      // A program that ends by itself without a word of its own says why on its standard error.
      const last = readTail(host.file('stderr'));
      const isSignal = exitCode === null || exitCode >= 128;
      return isSignal || last === ''
        ? { kind: 'gone', exitCode }
        : { kind: 'failed', message: `exit code ${exitCode}: ${last}` };
    }
    const limit =
      end.kind === 'ended' && said.calls === 0 ? findRateLimitInReply(said.reply, host.now()) : null;
    if (limit) return { kind: 'failed', message: said.reply, notBefore: limit.notBefore };
    return end;
  }

  #saysNotResumable(end: ReturnType<EventParser['end']>): boolean {
    const said = end?.kind === 'failed' ? end.message : '';
    return NOT_RESUMABLE.test(said) || NOT_RESUMABLE.test(readTail(this.#host.file('stderr')));
  }

  /** The session is not to be had any more: a new one, told all that came before. */
  async #anew(): Promise<TurnEnd> {
    const host = this.#host;
    host.transcript.add({
      kind: 'notice',
      code: 'session_not_resumed',
      text: `The agent's session ${this.#session ?? ''} could not be continued. It is a new session, told what came before.`,
    });
    host.remember({ ...host.memory(), session: null });
    return this.follow(await this.begin(this.#launch.restartPrompt));
  }

  #withTotals(entry: TranscriptEntry): TranscriptEntry {
    return entry.kind === 'usage' ? { kind: 'usage', ...addUsage(this.#spent, this.#parser.usage()) } : entry;
  }
}

/** What was known when the present turn began: a later life that reads the turn again starts from the same. */
function beforeTurn(host: AgentHost): { spent: Usage; parser: Memory } {
  const before = host.memory()['before'] as { spent?: Usage; parser?: Memory } | undefined;
  return { spent: before?.spent ?? {}, parser: before?.parser ?? {} };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Whole lines of a file that grows. */
class LineReader {
  readonly #path: string;
  #fd: number | null = null;
  #at: number;
  #rest = '';
  readonly #decoder = new StringDecoder('utf8');

  constructor(path: string, from: number) {
    this.#path = path;
    this.#at = from;
  }

  get size(): number {
    return this.#at;
  }

  /** @returns whether there may be more at once */
  read(take: (line: string) => void): boolean {
    this.#fd ??= statSync(this.#path, { throwIfNoEntry: false }) ? openSync(this.#path, 'r') : null;
    if (this.#fd === null) return false;
    const length = Math.min(PIECE, fstatSync(this.#fd).size - this.#at);
    if (length <= 0) return false;
    const buffer = Buffer.alloc(length);
    const read = readSync(this.#fd, buffer, 0, length, this.#at);
    this.#at += read;
    const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, read))).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) this.#rest = '';
    for (const line of lines) take(line);
    return read > 0;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
  }
}
