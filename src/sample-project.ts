/**
 * The sample project at the press of a button: what `npm start -- --demo` makes, by the same script, which knows nothing
 * but the public API. It gets a token of its own for as long as it runs.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRefusal } from './domain/refusal.ts';
import { createToken, revokeToken } from './services/access.ts';
import type { Caller, Deps } from './services/deps.ts';

const TIMEOUT_MS = 60_000;
const CALLER: Caller = { actor: { kind: 'control_plane', id: 'sample-project' } };

/** @returns why it could not be made, or null */
export async function makeSampleProject(deps: Deps, root: string, dataDir: string): Promise<string | null> {
  const script = join(root, 'examples/demo/start.mjs');
  if (!existsSync(script)) return 'This installation has no examples folder; it is in the repository.';
  const expiresAt = (await deps.store.now()) + TIMEOUT_MS;
  const issued = await createToken(deps, CALLER, { role: 'admin', name: 'sample-project', expiresAt });
  if (isRefusal(issued)) return issued.detail;
  try {
    const { execa } = await import('execa');
    const result = await execa(process.execPath, [script, '--running', '--data-dir', dataDir], {
      env: { MC_ADMIN_TOKEN: issued.token },
      timeout: TIMEOUT_MS,
      reject: false,
    });
    return result.exitCode === 0 ? null : result.stderr.trim().slice(-500) || 'The script ended early.';
  } finally {
    await revokeToken(deps, CALLER, issued.info.id);
  }
}
