/**
 * Failpoints, for tests alone: `MC_FAILPOINT=name:kill@N` ends this process as `kill -9` does when it passes the named
 * point for the N-th time. A name is a boundary of a transaction, or that and the type of an event in it, as in
 * `after-commit/attempt.offered:kill@2`. Where the variable is unset nothing is wired, and nothing is asked at any point.
 */
import { COMMIT_POINTS, type CommitPoint } from './store/commit-points.ts';
import type { StoredEvent } from './store/port.ts';

export type Failpoint = (point: CommitPoint, events: readonly StoredEvent[]) => void;

/** What the variable asks for; throws on anything but that one form, so that no mistake passes for a test. */
export function readFailpoint(setting: string, kill: () => void = killSelf): Failpoint {
  const [, name, type, count] = /^([a-z-]+)(?:\/([a-z_.]+))?:kill@(\d+)$/.exec(setting) ?? [];
  if (name === undefined || !COMMIT_POINTS.includes(name as CommitPoint) || Number(count) < 1) {
    throw new Error(
      `MC_FAILPOINT: ${JSON.stringify(setting)} should be one of ${COMMIT_POINTS.join(', ')}, then /event.type if wanted, then :kill@N`,
    );
  }
  let left = Number(count);
  return (point, events) => {
    if (point !== name || (type !== undefined && !events.some((event) => event.type === type))) return;
    left -= 1;
    if (left === 0) kill();
  };
}

function killSelf(): void {
  process.kill(process.pid, 'SIGKILL');
}
