/** What the tests of a file share: made before the first of them, and anew before a second try of any. */
import { afterAll, beforeAll, beforeEach } from 'vitest';

/**
 * What a first try left (a paused server, tickets of the same name, a decision that is made) must neither fail the second
 * nor let it pass. So tests that share a world must not build on what others before them have made.
 */
export function shareWorld(make: () => Promise<void>, end: () => Promise<void>): void {
  beforeAll(make);
  afterAll(end);
  beforeEach(async ({ task }) => {
    if ((task.result?.retryCount ?? 0) === 0) return;
    await end();
    await make();
  });
}
