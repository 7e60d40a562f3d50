/** A data directory whose installation has moved to PostgreSQL: its old database is kept, and no server starts on it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './data-dir.ts';
import { SettingsError } from './settings.ts';

export const MOVED = 'moved.json';

export function markMoved(dataDir: string, to: string): void {
  writeFileAtomically(join(dataDir, MOVED), `${JSON.stringify({ to, at: new Date().toISOString() })}\n`);
}

/** @throws SettingsError where two servers would each hold one of two copies for the truth */
export function refuseMoved(dataDir: string): void {
  const file = join(dataDir, MOVED);
  if (!existsSync(file)) return;
  let to = 'PostgreSQL';
  try {
    to = (JSON.parse(readFileSync(file, 'utf8')) as { to: string }).to;
  } catch {
    // That it is there says enough.
  }
  throw new SettingsError(
    `This installation was moved to ${to}. Start it with MC_DATABASE_URL, or move it back with: mctl migrate-store --to sqlite. (To start the old state all the same, delete ${file}.)`,
  );
}
