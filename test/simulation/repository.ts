/** A project's repository as the simulation knows it: what its branch was at, and what each commit contains. */
import { createHash } from 'node:crypto';

export interface Push {
  /** The submitted commit that came in with it. */
  work: string;
  commit: string;
  onto: string;
}

export class SimRepository {
  head = 'base';
  readonly pushes: Push[] = [];
  /** Branches of pull requests. */
  readonly branches = new Map<string, string>();
  /** Ground truth: merge results whose checks pass. */
  readonly goodMerges = new Set<string>();
  readonly #contents = new Map<string, Set<string>>([['base', new Set(['base'])]]);

  contains(commit: string, branch = this.head): boolean {
    return this.#contents.get(branch)?.has(commit) ?? false;
  }

  /** The same from the same, as the real one builds it. What is squashed is not an ancestor of the result. */
  merge(onto: string, work: string, squash = false): string {
    const commit = createHash('sha256').update(`merge ${onto} ${work}`).digest('hex').slice(0, 40);
    const own = squash ? [commit] : [work, commit];
    this.#contents.set(commit, new Set([...(this.#contents.get(onto) ?? []), ...own]));
    return commit;
  }

  /** Takes it only on what it was built on. */
  push(push: Push): boolean {
    if (this.head !== push.onto) return false;
    this.head = push.commit;
    this.pushes.push(push);
    return true;
  }

  /** Somebody else was faster. */
  move(): void {
    const commit = this.merge(this.head, `other ${this.pushes.length} ${this.head}`);
    this.head = commit;
  }
}
