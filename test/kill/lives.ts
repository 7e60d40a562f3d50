/** The tests of a list of points: lives of servers, twenty to a data directory. */
import { afterAll, expect, it } from 'vitest';
import { Lives } from './kill.ts';
import { EVENT_TYPES } from './points.ts';

const LIVES_PER_DIRECTORY = 20;
/** From the start of a server to its being there; half of them are faster on any machine. */
const RECOVERY_MS = 5000;

export function liveThrough(points: readonly string[]): void {
  let kills = 0;
  const starts: number[] = [];
  for (let from = 0; from < points.length; from += LIVES_PER_DIRECTORY) {
    const here = points.slice(from, from + LIVES_PER_DIRECTORY);
    it(`loses nothing that was answered: ${here[0]} to ${here.at(-1)}`, async () => {
      const lives = new Lives();
      try {
        await lives.begin();
        for (const failpoint of here) await lives.live(failpoint);
        await lives.end();
        expect(lives.wrong).toEqual([]);
        expect(lives.kills).toBe(here.length);
        expect(await unknownTypes(lives)).toEqual([]);
      } finally {
        kills += lives.kills;
        starts.push(...lives.starts);
        await lives.mc.stop();
      }
    });
  }
  afterAll(() => {
    const median = starts.sort((a, b) => a - b)[Math.floor(starts.length / 2)] ?? 0;
    process.stderr.write(
      `killed ${kills} times at ${points.length} points; back after ${median.toFixed(0)} ms, at most ${starts.at(-1)?.toFixed(0)} ms\n`,
    );
    expect(median).toBeLessThan(RECOVERY_MS);
  });
}

/** Types of ticket and inbox events in the log that no point names: a new one has to be listed. */
async function unknownTypes({ mc }: Lives): Promise<string[]> {
  const listed: readonly string[] = EVENT_TYPES;
  // Set up before the first kill: the project, the profile, the jobs, the tokens.
  return (await mc.eventTypes())
    .filter((type) => /^(ticket|attempt|question|evidence|waiver|inbox|runner)\./.test(type))
    .filter((type) => !listed.includes(type) && type !== 'runner.created');
}
