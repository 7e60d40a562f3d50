/**
 * One run of an orchestrator's session: the agent is started in its own session, told what waits, and given one turn.
 * What it decides it sends to the control plane itself, with its own token; here is only its process, its output and
 * its end. Its session and HOME stay, so that it knows next time what it knew.
 */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttemptOffer, SessionOffer } from '../../contract/runner-protocol.ts';
import { TRANSCRIPT_STREAM } from '../../contract/transcript.ts';
import type { AgentHost, Launch, Memory, RunningAgent } from '../adapters/adapter.ts';
import { readJsonFile, writeFileAtomically } from '../atomic-file.ts';
import type { AttemptContext } from '../attempt/attempt-context.ts';
import { openMeter, secretsOf } from '../attempt/open-meter.ts';
import { sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import {
  agentEnvironment,
  fillPlaceholders,
  furnishHome,
  homeOf,
  type EnvironmentInput,
} from '../environment.ts';
import type { Budget } from '../../contract/shapes.ts';
import type { Meter } from '../gateway/meter.ts';
import { OutputPump } from '../output/output-pump.ts';
import type { Tree } from '../ports.ts';
import type { ProcessId } from '../processes/process-table.ts';
import { makeMarker } from '../processes/stray-processes.ts';
import { TranscriptFile } from '../transcript/transcript-file.ts';
import { WorkSession } from '../work-session.ts';

const LOOK_MS = 100;
const OUTPUT_LAST_MS = 5000;

interface Kept {
  memory: Memory;
  session: string | null;
}

interface Result {
  outcome: 'done' | 'unable';
  reason?: string;
  notBefore?: number;
}

export class SessionRun {
  readonly id: string;
  readonly fence: number;
  readonly done: Promise<void>;
  readonly #context: AttemptContext;
  readonly #offer: SessionOffer;
  readonly #work: WorkSession;
  readonly #tree: Tree;
  readonly #marker: string;
  /** Kept from run to run. */
  readonly #home: string;
  /** Of this run. */
  readonly #dir: string;
  readonly #kept: Kept;
  readonly #keepers: ProcessId[] = [];
  #agent: RunningAgent | undefined;
  #meter: Meter | null = null;
  /** What this run may use, as the control plane said last. */
  #budget: Budget = {};

  constructor(context: AttemptContext, offer: SessionOffer) {
    this.id = offer.work;
    this.fence = offer.fence;
    this.#context = context;
    this.#offer = offer;
    this.#work = new WorkSession(context, offer, {
      used: () => this.#used(),
      allow: (budget) => {
        this.#budget = budget;
        this.#meter?.allow(budget);
      },
    });
    const name = offer.profile.id.replace(/[^A-Za-z0-9._-]/g, '_');
    this.#home = join(context.dataDir, 'sessions', name);
    this.#dir = join(context.dataDir, 'run', `session-${offer.work.replace(/[^A-Za-z0-9_-]/g, '_')}`);
    this.#marker = makeMarker(`session-${name}`, context.ownerTag);
    this.#tree = context.processes.tree(this.#marker, this.#keepers);
    const kept = readJsonFile<Kept>(join(this.#home, 'kept.json'));
    const isSame = kept !== undefined && offer.resume !== null && kept.session === offer.resume.session;
    this.#kept = isSame ? kept : { memory: {}, session: offer.resume?.session ?? null };
    this.done = this.#run()
      .catch((error: unknown) => context.log('session broke', { work: this.id, error: String(error) }))
      .finally(() => this.#work.lease.end());
  }

  cancel(reason: string): void {
    this.#work.cancel(reason);
  }
  poke(): void {
    this.#work.lease.poke();
  }

  async #run(): Promise<void> {
    if (!(await this.#work.accept())) return;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    mkdirSync(join(this.#home, 'place'), { recursive: true, mode: 0o700 });
    const { gateway } = this.#context;
    try {
      const pump = this.#pump();
      pump.start();
      const result = await this.#turn();
      await this.#stop();
      const session = this.#agent?.session() ?? this.#kept.session;
      await Promise.race([pump.finish(OUTPUT_LAST_MS), sleep(this.#context.clock, OUTPUT_LAST_MS)]);
      await this.#work.report({
        outcome: result.outcome,
        ...(result.reason === undefined ? {} : { reason: result.reason.slice(0, 9000) }),
        result: {
          session,
          ...this.#used(),
          ...(result.notBefore === undefined ? {} : { notBefore: new Date(result.notBefore).toISOString() }),
        },
      });
    } finally {
      await this.#stop();
      gateway?.close(this.id);
      rmSync(this.#dir, { recursive: true, force: true });
    }
  }

  async #turn(): Promise<Result> {
    const { adapters, clock } = this.#context;
    const { profile } = this.#offer;
    const adapter = adapters[profile.adapter];
    if (!adapter) return { outcome: 'unable', reason: `This runner has no adapter "${profile.adapter}".` };
    try {
      this.#meter = openMeter(this.#context, this.#pretended(), null);
      this.#meter?.allow(this.#budget);
      this.#agent = await adapter.start(this.#launch(), this.#host());
    } catch (error) {
      return { outcome: 'unable', reason: error instanceof Error ? error.message : String(error) };
    }
    const ends = clock.monotonic() + profile.timeoutSeconds * 1000;
    for (;;) {
      const state = this.#agent.state();
      if (state !== 'running') return this.#ended(state);
      if (this.#work.cancelled.isSettled)
        return { outcome: 'unable', reason: `broken off: ${this.#work.cancelled.value ?? ''}` };
      if (clock.monotonic() > ends) {
        await this.#agent.windUp(false);
        return { outcome: 'unable', reason: `no end of its turn within ${profile.timeoutSeconds} s` };
      }
      this.#tree.track();
      await sleep(clock, LOOK_MS, this.#work.signal);
    }
  }

  #ended(end: Exclude<ReturnType<RunningAgent['state']>, 'running'>): Result {
    if (this.#meter?.isSpent) return { outcome: 'unable', reason: 'budget_exhausted' };
    const until = this.#meter?.rateLimitedUntil ?? 0;
    const notBefore = end.notBefore ?? (until > this.#context.clock.now() ? until : undefined);
    if (end.outcome === 'rate_limited' || (notBefore !== undefined && end.exitCode !== 0))
      return {
        outcome: 'unable',
        reason: end.reason ?? 'provider_rate_limited',
        ...(notBefore ? { notBefore } : {}),
      };
    // How it left proves nothing: what it decided stands with the control plane.
    return end.outcome === 'failed'
      ? { outcome: 'unable', reason: end.reason ?? 'agent_failed' }
      : { outcome: 'done' };
  }

  #used(): object {
    if (this.#meter) return { usage: { ...this.#meter.used, metered: true } };
    const said = this.#agent?.usage();
    return said && Object.keys(said).length > 0 ? { usage: { ...said, metered: false } } : {};
  }

  async #stop(): Promise<void> {
    const { killGraceMs, clock } = this.#context;
    for (let graceMs = killGraceMs; !(await this.#tree.stop({ graceMs })); graceMs = 0)
      await sleep(clock, 1000);
  }

  /** What an adapter knows of an attempt, for one that is none. */
  #pretended(): AttemptOffer {
    const { work, fence, token, profile, prompt, resume, mcp } = this.#offer;
    return {
      kind: 'attempt',
      attempt: work,
      number: 0,
      ticket: 'orchestrator',
      fence,
      token,
      project: { key: '', repository: {}, defaultBranch: '', setup: null },
      // Nobody can be asked in the middle of a decision; what the profile does not allow is denied.
      profile: { ...profile, permissions: profile.permissions === 'ask' ? 'deny' : profile.permissions },
      prompt,
      restartPrompt: prompt,
      resume: resume ? { session: resume.session, answers: [] } : null,
      startAt: null,
      continues: null,
      mcp,
    };
  }

  #launch(): Launch {
    const { dataDir, environment, controlPlane, gateway } = this.#context;
    const offer = this.#pretended();
    const promptFile = join(this.#dir, 'prompt.md');
    writeFileSync(promptFile, offer.prompt, { mode: 0o600 });
    const input: EnvironmentInput = {
      offer,
      dataDir,
      url: controlPlane.url,
      promptFile,
      home: homeOf(dataDir, offer, environment),
      own: environment,
      gateway:
        gateway && offer.profile.gateway !== null
          ? { url: gateway.url, token: gateway.tokenFor(offer.attempt) }
          : null,
    };
    furnishHome(input);
    return {
      offer,
      command: offer.profile.command.map((part) => fillPlaceholders(part, input)),
      worktree: join(this.#home, 'place'),
      env: agentEnvironment(input),
      promptFile,
      prompt: offer.prompt,
      restartPrompt: offer.prompt,
      session: this.#kept.session,
      mcp: offer.mcp === true ? { url: `${input.url}/mcp`, token: offer.token } : null,
      answers: [],
    };
  }

  #host(): AgentHost {
    const { processes, clock } = this.#context;
    const file = (name: string): string => join(this.#dir, name);
    const signal = this.#work.signal;
    const keep = (keeper: ProcessId): ProcessId => {
      this.#keepers.push(keeper);
      this.#tree.addRoot(keeper);
      return keeper;
    };
    const files = { errors: file('stderr'), exit: file('exit') };
    return {
      start: async ({ events, ...spec }) =>
        keep(
          await processes.start({
            ...spec,
            ...files,
            marker: this.#marker,
            output: file(events ?? 'stdout'),
          }),
        ),
      open: async (spec) => {
        const opened = await processes.open({ ...spec, ...files, marker: this.#marker });
        keep(opened.keeper);
        return opened;
      },
      readExit: (keeper) => processes.readExit(files.exit, keeper),
      clear: async () => {
        await this.#tree.stop({ graceMs: this.#context.killGraceMs });
      },
      file,
      note: (text) => appendFileSync(file('notes'), `${text}\n`),
      transcript: new TranscriptFile(file('transcript')),
      memory: () => this.#kept.memory,
      remember: (memory) => {
        this.#kept.memory = memory;
        this.#keep();
      },
      setSession: (session) => {
        this.#kept.session = session;
        this.#keep();
      },
      ask: () => Promise.reject(new Error('an orchestrator has nobody to ask for permission')),
      park: () => Promise.resolve(false),
      // One turn a run: what is left undecided is seen by the control plane, which reminds.
      isOver: () => Promise.resolve(true),
      pause: (ms) => sleep(clock, ms, signal),
      get isEnding() {
        return signal.aborted;
      },
      now: () => clock.now(),
    };
  }

  #keep(): void {
    writeFileAtomically(join(this.#home, 'kept.json'), JSON.stringify(this.#kept));
  }

  #pump(): OutputPump {
    const { clock, controlPlane } = this.#context;
    const { work, fence } = this.#offer;
    const path = (name: string): string => join(this.#dir, name);
    return new OutputPump({
      sources: [
        { stream: 'stdout', path: path('stdout') },
        { stream: TRANSCRIPT_STREAM, path: path('transcript') },
        { stream: 'stderr', path: path('stderr') },
        { stream: 'runner', path: path('notes') },
      ],
      cursor: path('cursor.json'),
      secrets: secretsOf(this.#context, this.#pretended()),
      clock,
      firstSeq: 1,
      send: async (items) => {
        try {
          await controlPlane.work(work, 'output', { fence, evidence: work, items });
          return 'sent';
        } catch (error) {
          return failureOf(error) === 'retry' ? 'retry' : 'refused';
        }
      },
    });
  }
}
