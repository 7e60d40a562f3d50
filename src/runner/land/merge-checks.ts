/** The project's checks on the merge result: each in the clean worktree, without tokens, as verification runs them. */
import type { LandResult } from '../../contract/runner-requests.ts';
import { cleanTail } from '../output/output-chunk.ts';
import type { CheckResult } from '../verify/check-run.ts';
import type { CleanWorktree } from '../verify/clean-worktree.ts';
import type { LandStep } from './land-run.ts';

export type PassedChecks = { name: string; exitCode: number | null; durationMs: number }[];

const TAIL_LENGTH = 7000;
/** Each command's output has numbers of its own, in order. */
const OUTPUT_STRIDE = 100_000;

export async function runChecks(
  { offer, commands, session }: LandStep,
  worktree: CleanWorktree,
  what: string,
): Promise<{ passed: PassedChecks } | LandResult> {
  const { checks, project, landing } = offer;
  const passed: PassedChecks = [];
  if (checks.length === 0) return { passed };
  const { setup } = project;
  if (setup) {
    const ran = await commands.run(worktree.path, 'setup', setup, landing, 1);
    if (ran.state !== 'passed') return notPassed('setup', what, ran, setup.timeoutSeconds);
  }
  for (const [n, check] of checks.entries()) {
    session.signal.throwIfAborted();
    await worktree.restore();
    const ran = await commands.run(worktree.path, `check-${n}`, check, landing, (n + 1) * OUTPUT_STRIDE);
    if (ran.state !== 'passed') return notPassed(`check ${check.name}`, what, ran, check.timeoutSeconds);
    passed.push({ name: check.name, exitCode: ran.exitCode, durationMs: Math.round(ran.durationMs) });
  }
  return { passed };
}

function notPassed(name: string, what: string, ran: CheckResult, timeoutSeconds: number): LandResult {
  const tail = cleanTail(ran.text, TAIL_LENGTH);
  const said = (how: string): string => `On ${what}, ${name} ${how}\n\n${tail}`.trim();
  switch (ran.state) {
    case 'failed':
      return {
        state: 'failed',
        cause: 'check_failed',
        reason: said(`ended with exit code ${ran.exitCode}.`),
      };
    case 'timed_out':
      return {
        state: 'failed',
        cause: 'check_failed',
        reason: said(`did not end within ${timeoutSeconds} s.`),
      };
    case 'cancelled':
      throw new Error(`${name} was interrupted`);
    default:
      return { state: 'unable', reason: said('could not be run:') };
  }
}
