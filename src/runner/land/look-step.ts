/** Has the pull request been merged? Seen in the repository itself: by ancestry, by the same change, by its branch. */
import type { LandResult } from '../../contract/runner-requests.ts';
import { isAncestor, objectType, readRef } from '../git/git.ts';
import { findMerged } from '../git/merged.ts';
import type { LandStep } from './land-run.ts';

export async function lookForMerge({ context, offer, session }: LandStep): Promise<LandResult> {
  const { signal } = session;
  const { project, commit, branch } = offer;
  const clone = await context.clones.refresh(project, signal);
  await context.handOver.fetch(project, [offer.bundle], signal);
  const head = await context.clones.defaultHead(project, signal);
  const tip = await readRef(clone, `refs/remotes/origin/${branch}`, signal);
  if ((await objectType(clone, commit, signal)) !== 'commit') {
    return { state: 'unable', reason: `Commit ${commit.slice(0, 12)} is in no branch of the repository.` };
  }
  // A reviewer may have added commits before it was merged; what was merged is then their tip.
  const isExtended = tip !== null && tip !== commit && (await isAncestor(clone, commit, tip, signal));
  const merged = await findMerged(clone, head, isExtended ? [tip, commit] : [commit], signal);
  if (merged !== null) return { state: 'merged', commit: merged };
  if (tip === null) {
    return {
      state: 'failed',
      cause: 'pull_request_closed',
      reason: `The branch ${branch} is gone from the repository, and its work is not in ${project.defaultBranch}: the pull request was closed, or was edited while it was squashed. Retry pushes it again.`,
    };
  }
  return { state: 'not_merged', reason: null };
}
