/**
 * Has the deploy arrived? The project's own probe is asked, by address or by command, and what it says is searched for
 * a commit id, of at least seven digits, that is the landed commit or a later one.
 */
import type { LandResult } from '../../contract/runner-requests.ts';
import { isAncestor, objectType, readRef } from '../git/git.ts';
import { cleanText } from '../output/output-chunk.ts';
import { CleanWorktree } from '../verify/clean-worktree.ts';
import type { LandStep } from './land-run.ts';

const MOST_BYTES = 65_536;
const MOST_REDIRECTS = 3;
const MOST_IDS = 50;

export async function probeDeploy(step: LandStep): Promise<LandResult> {
  const { context, offer, session } = step;
  const { signal } = session;
  const landed = offer.landed ?? offer.commit;
  if (!offer.probe) return { state: 'not_deployed', reason: 'The project has no probe for its deploys.' };
  const clone = await context.clones.refresh(offer.project, signal);
  if ((await objectType(clone, landed, signal)) !== 'commit') {
    return { state: 'unable', reason: `Commit ${landed.slice(0, 12)} is not in this runner's clone.` };
  }
  const asked =
    offer.probe.url === undefined
      ? await askCommand(step, landed)
      : await askAddress(offer.probe.url, offer.probe.timeoutSeconds * 1000, signal);
  if ('wrong' in asked) return { state: 'not_deployed', reason: asked.wrong };
  const said = cleanText(asked.text.trim(), 300);
  const commit = await namedCommit(clone, landed, asked.text, signal);
  return commit === null
    ? { state: 'not_deployed', reason: said === '' ? 'The probe said nothing.' : `The probe said: ${said}` }
    : { state: 'deployed', commit, said };
}

type Said = { text: string } | { wrong: string };

async function namedCommit(
  clone: string,
  landed: string,
  text: string,
  signal: AbortSignal,
): Promise<string | null> {
  const ids = new Set(text.toLowerCase().match(/(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])/g) ?? []);
  for (const id of [...ids].slice(0, MOST_IDS)) {
    if ((await objectType(clone, id, signal)) !== 'commit') continue;
    const commit = await readRef(clone, id, signal);
    if (commit !== null && (await isAncestor(clone, landed, commit, signal))) return commit;
  }
  return null;
}

async function askCommand(step: LandStep, landed: string): Promise<Said> {
  const { context, offer, session, commands, name } = step;
  const { command, timeoutSeconds } = offer.probe ?? {};
  if (!command || timeoutSeconds === undefined) return { wrong: 'The probe has no command.' };
  const worktree = await CleanWorktree.make(
    context.clones,
    context.worktrees,
    offer.project,
    landed,
    name,
    session.signal,
  );
  try {
    const ran = await commands.run(worktree.path, 'probe', { command, timeoutSeconds }, offer.landing, 1);
    if (ran.state === 'cancelled') throw new Error('the probe was interrupted');
    if (ran.state === 'passed') return { text: ran.text };
    const how = ran.state === 'failed' ? `ended with exit code ${ran.exitCode}` : ran.state.replace('_', ' ');
    return { wrong: `The probe ${how}: ${cleanText(ran.text.trim(), 300)}` };
  } finally {
    await worktree.remove();
  }
}

/** http and https only, so much and so long, and never to another origin than the one that was configured. */
export async function askAddress(address: string, timeoutMs: number, signal: AbortSignal): Promise<Said> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let url = new URL(address);
  const { origin } = url;
  try {
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      if (url.protocol !== 'http:' && url.protocol !== 'https:')
        return { wrong: `${address} is not http or https.` };
      if (url.origin !== origin) return { wrong: `The probe was redirected to another place: ${url.origin}` };
      const response = await fetch(url, { redirect: 'manual', signal: limit, headers: { accept: '*/*' } });
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        url = new URL(location, url);
        continue;
      }
      const text = await readSome(response);
      return response.ok
        ? { text }
        : { wrong: `The probe answered ${response.status}: ${cleanText(text.trim(), 300)}` };
    }
    return { wrong: `The probe was redirected more than ${MOST_REDIRECTS} times.` };
  } catch (error) {
    if (signal.aborted) throw error;
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { wrong: `The probe did not answer: ${cause}` };
  }
}

async function readSome(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader && size < MOST_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value as Uint8Array);
    size += (value as Uint8Array).length;
  }
  await reader?.cancel();
  return Buffer.concat(chunks).subarray(0, MOST_BYTES).toString();
}
