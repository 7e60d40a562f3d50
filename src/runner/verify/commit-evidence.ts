/**
 * Is this commit what the attempt claims? Answers yes, no, or unknown: a git that fails is no "no".
 *
 * It exists, descends from the attempt's base, was made on the attempt's branch (for work that a person hands in: is
 * on any branch of the project's repository), and changes something, unless nothing has to change.
 */
import type { VerifyOffer } from '../../contract/runner-protocol.ts';
import type { VerifyResult } from '../../contract/runner-requests.ts';
import { changedFiles } from '../git/diff.ts';
import { gitText, isAncestor, isFullCommitId, objectType, readRef, runGit } from '../git/git.ts';
import { attemptBranch } from '../git/saved-work.ts';
import { matchesAny } from './glob.ts';
import { cleanText } from '../output/output-chunk.ts';

export type EvidenceResult = VerifyResult['evidence'][number];

/** What is listed; what counts is decided on all. */
const MOST_FILES = 1000;

export async function verifyCommit(
  clone: string,
  offer: Pick<
    VerifyOffer,
    | 'base'
    | 'branch'
    | 'personal'
    | 'allowEmptyDiff'
    | 'protectedPaths'
    | 'ticket'
    | 'attemptNumber'
    | 'project'
  >,
  evidence: { id: string; commit: string },
  signal?: AbortSignal,
): Promise<EvidenceResult> {
  const { id, commit } = evidence;
  const refuted = (reason: string): EvidenceResult => ({ id, state: 'refuted', reason, details: {} });
  const unverified = (reason: string): EvidenceResult => ({ id, state: 'unverified', reason, details: {} });
  if (!isFullCommitId(commit)) return refuted(`${cleanText(commit, 100)} is not a full commit id.`);
  const branch = offer.branch ?? attemptBranch(offer.ticket, offer.attemptNumber);
  const head = offer.personal ? null : await readRef(clone, `refs/heads/${branch}`, signal);
  if (!offer.personal && head === null) return unverified(notHere(branch));
  const type = await objectType(clone, commit, signal);
  if (type === null) return refuted(`Commit ${commit} does not exist in the project's repository.`);
  if (type !== 'commit') return refuted(`${commit} is a ${type}, not a commit.`);
  const base = offer.base ?? (await forkPoint(clone, offer, commit, signal));
  if (base === null && !offer.personal) return unverified('The base of the attempt is not known.');
  if (base !== null && !(await isAncestor(clone, base, commit, signal))) {
    return refuted(`Commit ${commit} does not descend from the attempt's base ${base}.`);
  }
  if (offer.personal) {
    const branches = await gitText(
      ['for-each-ref', '--count=1', '--format=%(refname)', `--contains=${commit}`, 'refs/remotes/origin/'],
      { cwd: clone, signal },
    );
    if (branches === '') return refuted(`Commit ${commit} is on no branch of the project's repository.`);
  } else if (head !== null && !(await isAncestor(clone, commit, head, signal))) {
    return refuted(`Commit ${commit} is not on the attempt's branch ${branch}.`);
  }
  const files = base === null ? [] : await changedFiles(clone, base, commit);
  if (files.length === 0 && base !== null && !offer.allowEmptyDiff) {
    return refuted(`Commit ${commit} changes nothing against the attempt's base ${base}.`);
  }
  const touched = files.filter((file) => matchesAny(file, offer.protectedPaths));
  return {
    id,
    state: 'verified',
    reason: null,
    details: { files: list(files), protectedPaths: list(touched) },
  };
}

export function notHere(branch: string): string {
  return `Branch ${branch} is not in this runner's clone of the project.`;
}

function list(paths: string[]): string[] {
  return paths.slice(0, MOST_FILES).map((path) => cleanText(path, 1000));
}

/** Where the work left the default branch, for work whose base is not on record. */
async function forkPoint(
  clone: string,
  { project, personal }: Pick<VerifyOffer, 'project' | 'personal'>,
  commit: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const head = await readRef(clone, `refs/remotes/origin/${project.defaultBranch}`, signal);
  if (head === null) return null;
  // A person may hand in what is merged already: then no fork is left, and its own parent is what it changed.
  if (personal && (await isAncestor(clone, commit, head, signal)))
    return readRef(clone, `${commit}^1`, signal);
  const { exitCode, stdout } = await runGit(['merge-base', '--end-of-options', head, commit], {
    cwd: clone,
    accept: [0, 1],
    signal,
  });
  return exitCode === 0 ? stdout.toString().trim() : null;
}
