/**
 * From accepted to pushed:
 *
 *     has an announced push arrived? ── yes ─▶ pushed
 *     merge in a clean worktree ─▶ the project's checks on the result ─▶ has the branch moved? ── yes ─▶ again
 *       ─▶ is the user's clone clean? ─▶ announce ─▶ push, expecting what was merged onto
 *
 * A push whose answer was lost is looked for in the repository; where that cannot be read either, nothing is known,
 * and that is what is reported.
 */
import type { LandResult } from '../../contract/runner-requests.ts';
import { ApiProblem } from '../../client/api-client.ts';
import { sleep } from '../clock.ts';
import { failureOf } from '../control-plane.ts';
import { sourceOf } from '../git/clones.ts';
import { isAncestor, isBranchName, isFullCommitId, objectType, readRef } from '../git/git.ts';
import { buildMerge } from '../git/merge.ts';
import { pushCommit, uncommittedIn, worktreeOf } from '../git/push.ts';
import { CleanWorktree } from '../verify/clean-worktree.ts';
import { type PassedChecks, runChecks } from './merge-checks.ts';
import type { LandStep } from './land-run.ts';

/** Within one piece of work; after that the control plane counts. */
const REBUILDS = 5;
const NO_COMMIT = '0'.repeat(40);
const short = (commit: string): string => commit.slice(0, 12);

export async function pushMerge(step: LandStep): Promise<LandResult> {
  const { context, offer, session } = step;
  const { signal } = session;
  const clone = await context.clones.refresh(offer.project, signal);
  const arrived = await arrivedPush(step, clone);
  if (arrived !== null) return { state: 'pushed', commit: arrived };
  if (offer.announced) return { state: 'moved', reason: 'The announced push has not arrived.' };
  await context.handOver.fetch(offer.project, [offer.bundle], signal);
  if (!isFullCommitId(offer.commit) || (await objectType(clone, offer.commit, signal)) !== 'commit') {
    return {
      state: 'unable',
      reason: `Commit ${short(offer.commit)} is not in this runner's clone of the project.`,
    };
  }
  for (let round = 0; round < REBUILDS; round++) {
    const head = await context.clones.defaultHead(offer.project, signal);
    const built = await build(step, clone, head);
    if ('state' in built) return built;
    await context.clones.refresh(offer.project, signal);
    if ((await context.clones.defaultHead(offer.project, signal)) !== head) continue;
    if (built.contained) return { state: 'contained', commit: built.commit, checks: built.checks };
    const answer = await push(step, clone, head, built);
    if (answer !== null) return answer;
  }
  return { state: 'moved', reason: `${offer.project.defaultBranch} moved while the merge was checked.` };
}

/** The newest announced commit that the repository has, where it was to go or already in the default branch. */
async function arrivedPush({ offer, session }: LandStep, clone: string): Promise<string | null> {
  const { signal } = session;
  const places = offer.mode === 'pull_request' ? [offer.branch] : [];
  for (const { commit } of offer.intents.toReversed()) {
    // What it has it sent with the fetch: what is not here has not arrived there.
    if ((await objectType(clone, commit, signal)) !== 'commit') continue;
    for (const branch of [...places, offer.project.defaultBranch]) {
      const head = await readRef(clone, `refs/remotes/origin/${branch}`, signal);
      if (head !== null && (await isAncestor(clone, commit, head, signal))) return commit;
    }
  }
  return null;
}

interface Built {
  commit: string;
  checks: PassedChecks;
  /** Nothing has to be pushed: the branch has it all. */
  contained: boolean;
}

async function build(step: LandStep, clone: string, head: string): Promise<Built | LandResult> {
  const { context, offer, session, name } = step;
  const { signal } = session;
  const { commit, mode, project, message, at } = offer;
  const isContained = await isAncestor(clone, commit, head, signal);
  const worktree = await CleanWorktree.make(context.clones, context.worktrees, project, head, name, signal);
  try {
    let result = head;
    let contained = isContained;
    if (!isContained) {
      const merge = await buildMerge(
        { worktree: worktree.path, head, commit, mode: mode === 'squash' ? 'squash' : 'merge', message, at },
        signal,
      );
      if ('conflicts' in merge) return conflict(step, head, merge.conflicts);
      if ('made' in merge) result = merge.made;
      else contained = true;
    }
    await worktree.moveTo(result);
    const checked = await runChecks(
      step,
      worktree,
      `${short(commit)} merged into ${project.defaultBranch} (${short(head)})`,
    );
    if ('state' in checked) return checked;
    // What is pushed for a pull request is the work itself; merging it is left to whoever merges it there.
    const pushed = mode === 'pull_request' && !contained ? commit : result;
    return { commit: pushed, checks: checked.passed, contained };
  } finally {
    await worktree.remove();
  }
}

function conflict({ offer }: LandStep, head: string, files: string[]): LandResult {
  const { project, commit } = offer;
  const named = files.slice(0, 20).join(', ') + (files.length > 20 ? ` and ${files.length - 20} more` : '');
  return {
    state: 'failed',
    cause: 'conflict',
    reason: `Commit ${short(commit)} does not merge into ${project.defaultBranch} (${short(head)}): ${named}. Request changes, and the next attempt resolves it; or merge it by hand into ${project.defaultBranch}, and retry.`,
  };
}

/** @returns null when the branch has moved before anything was announced */
async function push(step: LandStep, clone: string, head: string, built: Built): Promise<LandResult | null> {
  const { context, offer, session } = step;
  const { project, mode } = offer;
  const branch = mode === 'pull_request' ? offer.branch : project.defaultBranch;
  const place = { env: context.clones.sourceEnvironment(), signal: session.signal };
  if (!isBranchName(branch)) return refused(`${branch} is not a name for a branch.`);
  let onto: string | null = head;
  if (mode === 'pull_request') {
    onto = await readRef(clone, `refs/remotes/origin/${branch}`, session.signal);
    if (onto !== null && !(await isAncestor(clone, onto, built.commit, session.signal))) {
      return refused(
        `The repository has a branch ${branch} with other commits on it. Rename or delete it there, and retry.`,
      );
    }
  }
  const { path } = project.repository;
  const user = path === undefined ? null : await worktreeOf(path, branch, place);
  const unclean = user ? await refuseUnclean(branch, user.checkedOutAt, place) : null;
  if (unclean) return unclean;
  const held = await announce(step, {
    commit: built.commit,
    onto: onto ?? NO_COMMIT,
    branch,
    checks: built.checks,
  });
  if (held) return held;
  const arrived: LandResult = { state: 'pushed', commit: built.commit };
  try {
    // The last look at the lease: who no longer holds it must not push any more.
    if (session.signal.aborted || context.clock.monotonic() >= session.lease.trustedUntil)
      throw new Error('the lease of the landing is over');
    const answer = await pushCommit(
      {
        clone,
        source: sourceOf(project),
        hasWorktree: user?.hasWorktree ?? false,
        branch,
        commit: built.commit,
        onto,
      },
      place,
    );
    if (answer.state === 'pushed') return arrived;
    if (answer.state === 'stale') return { state: 'moved', reason: `${branch} moved right before the push.` };
    const now = user ? await refuseUnclean(branch, user.checkedOutAt, place) : null;
    return (
      now ?? refused(`The repository refused the push to ${branch}: ${answer.reason}. Mend that, and retry.`)
    );
  } catch (error) {
    // The answer is not known: the repository knows.
    if (session.signal.aborted) throw error;
    const fresh = await context.clones.refresh(project, session.signal);
    const there = await readRef(fresh, `refs/remotes/origin/${branch}`, session.signal);
    if (there !== null && (await isAncestor(fresh, built.commit, there, session.signal))) return arrived;
    return { state: 'moved', reason: `The push to ${branch} did not arrive: ${String(error)}` };
  }
}

function refused(reason: string): LandResult {
  return { state: 'failed', cause: 'push_refused', reason };
}

async function refuseUnclean(
  branch: string,
  worktree: string | null,
  place: { env: Record<string, string>; signal: AbortSignal },
): Promise<LandResult | null> {
  if (worktree === null) return null;
  const files = await uncommittedIn(worktree, place);
  if (files.length === 0) return null;
  const named = files
    .slice(0, 10)
    .map((line) => line.slice(3))
    .join(', ');
  return {
    state: 'failed',
    cause: 'unclean_clone',
    reason: `${branch} is checked out in ${worktree}, where ${files.length} file(s) are not committed: ${named}. Commit, stash or ignore them, or switch to another branch there, and retry.`,
  };
}

/** @returns null when the control plane has it on record, else what to report instead */
async function announce(
  { context, session }: LandStep,
  intent: { commit: string; onto: string; branch: string; checks: PassedChecks },
): Promise<LandResult | null> {
  for (let waitMs = 200; ; waitMs = Math.min(waitMs * 2, 2000)) {
    try {
      await context.controlPlane.work(session.id, 'intent', { fence: session.fence, ...intent });
      return null;
    } catch (error) {
      const failure = failureOf(error);
      if (error instanceof ApiProblem && error.code === 'paused')
        return { state: 'held', reason: 'Mission Control is paused.' };
      if (error instanceof ApiProblem && error.code === 'evidence_incomplete')
        return { state: 'failed', cause: 'evidence_incomplete', reason: error.problem.detail };
      if (failure === 'stale' || failure === 'superseded') session.cancel('stale');
      if (failure !== 'retry' || session.signal.aborted) throw error;
      context.log('push could not be announced', { work: session.id, error: String(error) });
    }
    // Whether it was heard is not known, so it is said again, or somebody looks later.
    if (context.clock.monotonic() >= session.lease.trustedUntil) throw new Error('the lease is over');
    await sleep(context.clock, waitMs, session.signal);
  }
}
