/**
 * From an accepted offer to an agent that runs: worktree, HOME, prompt, setup, then the agent. Every step before the
 * last leaves nothing that could act; each failure is a reason that says what to do.
 */
import { writeFileSync } from 'node:fs';
import type { AgentHost, Launch, RunningAgent } from '../adapters/adapter.ts';
import { sleep } from '../clock.ts';
import {
  agentEnvironment,
  type EnvironmentInput,
  fillPlaceholders,
  furnishHome,
  homeOf,
  plainEnvironment,
  ProfileProblem,
} from '../environment.ts';
import { RepositoryProblem } from '../git/clones.ts';
import { attemptBranch } from '../git/saved-work.ts';
import { ProgramNotFound } from '../processes/agent-process.ts';
import type { WorktreePlan, WorktreeRequest } from '../git/worktrees.ts';
import type { Tree } from '../ports.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptFiles, AttemptRecord } from './attempt-record.ts';

/** The attempt cannot go on; the message is its reason. */
export class AttemptFailure extends Error {}

export interface Preparation {
  context: AttemptContext;
  record: AttemptRecord;
  files: AttemptFiles;
  tree: Tree;
  save: () => void;
  note: (text: string) => void;
  signal: AbortSignal;
  plan: Promise<WorktreePlan>;
  /** Tells the server where the work starts, unless it knows. */
  announce: (plan: WorktreePlan) => Promise<void>;
  host: AgentHost;
  /** One renewal, answered "continue": the ticket did not move meanwhile. */
  mayStart: () => Promise<boolean>;
}

/** What to make a worktree from; nothing is changed by asking. */
export function planWorktree(
  context: AttemptContext,
  record: AttemptRecord,
  signal: AbortSignal,
): Promise<WorktreePlan> {
  const { attempt, ticket, number, project, startAt, bundles = [] } = record.offer;
  const earlier = findEarlier(context, record);
  const fetchEarlier = (halt?: AbortSignal) => context.handOver.fetch(project, bundles, halt);
  return context.workspaces.plan(
    { attempt, ticket, number, project, startAt, earlier, fetchEarlier },
    signal,
  );
}

export async function prepareWorktree(preparation: Preparation): Promise<void> {
  const { context, record, signal, save } = preparation;
  try {
    const plan = await preparation.plan;
    record.base = plan.base;
    record.branch = plan.branch;
    await preparation.announce(plan);
    const worktree = await context.workspaces.make(plan, signal);
    record.worktree = worktree.path;
    save();
    if (worktree.isFresh) await runSetup(preparation, worktree.path);
  } catch (error) {
    if (error instanceof AttemptFailure || signal.aborted) throw error;
    if (error instanceof RepositoryProblem) throw new AttemptFailure(error.message);
    throw new AttemptFailure(`worktree_failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function findEarlier(context: AttemptContext, record: AttemptRecord): WorktreeRequest['earlier'] {
  const { offer } = record;
  if (offer.resume) {
    return { path: record.worktree, base: record.base, number: offer.number, isSameAttempt: true };
  }
  if (!offer.continues) return null;
  const before = context.records.load(offer.continues.attempt);
  return {
    path: before?.worktree ?? null,
    base: before?.base ?? null,
    number: offer.continues.number,
    isSameAttempt: false,
  };
}

async function runSetup(preparation: Preparation, worktree: string): Promise<void> {
  const { context, record, files, tree, save, signal, note } = preparation;
  const { setup } = record.offer.project;
  if (!setup) return;
  const home = homeOf(context.dataDir, record.offer, context.environment);
  try {
    const keeper = await context.processes.start({
      command: setup.command,
      cwd: worktree,
      env: plainEnvironment(context.environment, home),
      marker: record.marker,
      input: null,
      output: files.setup,
      errors: files.setup,
      exit: files.exit('setup'),
    });
    record.keepers.push(keeper);
    tree.addRoot(keeper);
    save();
    const ends = context.clock.monotonic() + setup.timeoutSeconds * 1000;
    for (;;) {
      const state = context.processes.readExit(files.exit('setup'), keeper);
      if (state !== 'running') {
        if (state.exitCode === 0) return;
        note(`The project's setup ended with exit code ${state.exitCode ?? 'unknown'}.`);
        throw new AttemptFailure('setup_failed');
      }
      if (signal.aborted) throw new AttemptFailure('stopped');
      if (context.clock.monotonic() > ends) {
        note(`The project's setup did not end within ${setup.timeoutSeconds} s.`);
        throw new AttemptFailure('setup_failed');
      }
      await sleep(context.clock, 50, signal);
    }
  } catch (error) {
    if (error instanceof AttemptFailure) throw error;
    note(
      `The project's setup could not be started: ${error instanceof Error ? error.message : String(error)}.`,
    );
    throw new AttemptFailure('setup_failed');
  }
}

/** @returns the agent, or null when the server said that this ticket has moved on */
export async function startAgent(preparation: Preparation): Promise<RunningAgent | null> {
  const { context, record, files, save } = preparation;
  const { offer } = record;
  const adapter = context.adapters[offer.profile.adapter];
  if (!adapter) throw new AttemptFailure(unknownAdapter(context, offer.profile.adapter));
  const url = context.controlPlane.url;
  try {
    furnishHome(environmentInput(context, record, files, url));
  } catch (error) {
    if (error instanceof ProfileProblem) throw new AttemptFailure(`profile_unusable: ${error.message}`);
    throw new AttemptFailure(`home_failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  writeFileSync(files.prompt, offer.prompt, { mode: 0o600 });
  const launch = launchOf(context, record, files, url);
  if (!(await preparation.mayStart())) return null;
  // From here on there may be a process: a later life must look for it even if we die before the next line.
  record.phase = 'running';
  record.url = url;
  record.startedAt = context.clock.monotonic();
  save();
  try {
    return await adapter.start(launch, preparation.host);
  } catch (error) {
    if (error instanceof ProgramNotFound) throw new AttemptFailure(`program_not_found: ${error.message}`);
    throw new AttemptFailure(`start_failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function environmentInput(
  context: AttemptContext,
  record: AttemptRecord,
  files: AttemptFiles,
  url: string,
): EnvironmentInput {
  const { dataDir, environment: own } = context;
  const home = homeOf(dataDir, record.offer, own);
  const gateway =
    record.offer.profile.gateway === null || !context.gateway
      ? null
      : { url: context.gateway.url, token: context.gateway.tokenFor(record.attempt) };
  return { offer: record.offer, dataDir, url, promptFile: files.prompt, home, own, gateway };
}

/** All that an adapter needs to start the agent; the same in every life of the runner. */
export function launchOf(
  context: AttemptContext,
  record: AttemptRecord,
  files: AttemptFiles,
  url: string,
): Launch {
  const { offer } = record;
  const input = environmentInput(context, record, files, url);
  return {
    offer,
    command: offer.profile.command.map((part) => fillPlaceholders(part, input)),
    worktree: record.worktree ?? '',
    env: agentEnvironment(input),
    promptFile: files.prompt,
    prompt: offer.prompt,
    restartPrompt: offer.restartPrompt ?? offer.prompt,
    session: offer.resume?.session ?? offer.continues?.session ?? null,
    mcp: offer.mcp === true ? { url: `${url}/mcp`, token: offer.token } : null,
    answers: offer.resume?.answers ?? [],
  };
}

export function unknownAdapter(context: AttemptContext, adapter: string): string {
  const known = Object.keys(context.adapters).join(', ');
  return `adapter_unavailable: this runner has no adapter "${adapter}" (it has: ${known}). Change the profile's adapter, or run a newer runner.`;
}

export function branchOf(record: AttemptRecord): string {
  return record.branch ?? attemptBranch(record.ticket, record.number);
}
