/** What the gateway needs of the runner's data directory: its secret, its port of last time, and named keys. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewaySettings } from '../../contract/shapes.ts';
import { readJsonFile, writeFileAtomically } from '../atomic-file.ts';
import { ProfileProblem } from '../environment.ts';
import { Gateway } from './gateway.ts';

interface Kept {
  secret: string;
  port: number;
}

/** Tokens and, where it is still free, the port are those of the last life, so that agents that outlived it go on. */
export async function openGateway(dataDir: string): Promise<Gateway> {
  const file = join(dataDir, 'gateway.json');
  const kept = readJsonFile<Kept>(file);
  const secret = kept?.secret ?? randomBytes(32).toString('hex');
  const gateway = new Gateway(secret);
  const port = await gateway.listen(kept?.port ?? 0);
  if (port !== kept?.port) writeFileAtomically(file, JSON.stringify({ secret, port }));
  return gateway;
}

/**
 * The provider's key: from the runner's environment, or from `secrets/NAME` in its data directory.
 * @returns null where the profile names none
 */
export function readKey(settings: GatewaySettings, dataDir: string, env: NodeJS.ProcessEnv): string | null {
  const { key } = settings;
  if (key?.env !== undefined) {
    const value = env[key.env];
    if (value) return value;
    throw new ProfileProblem(
      `the gateway's key is to be in ${key.env}, which the runner does not have. Start it with that variable set.`,
    );
  }
  if (key?.secret === undefined) return null;
  const folder = join(dataDir, 'secrets');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const file = join(folder, key.secret);
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new ProfileProblem(`${file} can be read by others. Type: chmod 600 ${file}`);
    const value = readFileSync(file, 'utf8').trim();
    if (value !== '') return value;
  } catch (error) {
    if (error instanceof ProfileProblem) throw error;
  }
  throw new ProfileProblem(`the gateway's key is to be in ${file}, and is not. Write it there, mode 0600.`);
}
