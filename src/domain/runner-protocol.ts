/** Which runners and servers understand each other. */

/**
 * What this version speaks, raised whenever a runner and a server of different versions would misunderstand each other.
 * 1 (also where none is said): all before 2. 2: bundles and draining, which a runner of 1 does not know and does not need.
 * 3: a runner's poll says what it was told already, which a server of 2 would refuse.
 */
export const RUNNER_PROTOCOL = 3;
/** The oldest that a server of this version takes. */
export const OLDEST_RUNNER_PROTOCOL = 1;

/**
 * What stands before the bytes of a bundle where its hash is made, and where it is stored: so that no bundle has the hash
 * of an artifact, whatever is in either.
 */
export const BUNDLE_MARK = 'bundle of Mission Control\n';
