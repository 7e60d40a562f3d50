/**
 * Failpoints, for tests alone: `MC_FAILPOINT=name:kill@N` ends this process as `kill -9` does when it passes the named
 * point for the N-th time; `name:stop@N` only freezes it there, until somebody sends it SIGCONT. A name is a boundary of a transaction, or that and the type of an event in it, as in
 * `after-commit/attempt.offered:kill@2`. Where the variable is unset nothing is wired, and nothing is asked at any point.
 */
import { COMMIT_POINTS, type CommitPoint } from './store/commit-points.ts';
import type { StoredEvent } from './store/port.ts';

export type Failpoint = (point: CommitPoint, events: readonly StoredEvent[]) => void;

/** What the variable asks for; throws on anything but that one form, so that no mistake passes for a test. */
export function readFailpoint(
  setting: string,
  strike: (signal: 'SIGKILL' | 'SIGSTOP') => void = strikeSelf,
): Failpoint {
  const [, name, type, action, count] = /^([a-z-]+)(?:\/([a-z_.]+))?:(kill|stop)@(\d+)$/.exec(setting) ?? [];
  if (name === undefined || !COMMIT_POINTS.includes(name as CommitPoint) || Number(count) < 1) {
    throw new Error(
      `MC_FAILPOINT: ${JSON.stringify(setting)} should be one of ${COMMIT_POINTS.join(', ')}, then /event.type if wanted, then :kill@N or :stop@N`,
    );
  }
  let left = Number(count);
  return (point, events) => {
    if (point !== name || (type !== undefined && !events.some((event) => event.type === type))) return;
    left -= 1;
    if (left === 0) strike(action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  };
}

function strikeSelf(signal: 'SIGKILL' | 'SIGSTOP'): void {
  process.kill(process.pid, signal);
}
