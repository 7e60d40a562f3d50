/** A data directory whose installation has moved to PostgreSQL: its old database is kept, and no server starts on it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from './data-dir.ts';
import { SettingsError } from './settings.ts';

export const MOVED = 'moved.json';

/** @param move its id; whether it has ended stands at the other place */
export function markMoved(dataDir: string, { to, move }: { to: string; move: string }): void {
  const text = JSON.stringify({ to, move, at: new Date().toISOString() });
  writeFileAtomically(join(dataDir, MOVED), `${text}\n`);
}

/** The id of the move by which the installation has left; null where it has not. */
export function movedBy(dataDir: string): string | null {
  const file = join(dataDir, MOVED);
  if (!existsSync(file)) return null;
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { move?: string }).move ?? '';
  } catch {
    return '';
  }
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
    `This installation was moved to ${to}. Start it with MC_DATABASE_URL; where it says that the move was broken off, run that again. Or move it back with: mctl migrate-store --to sqlite. (To start the old state all the same, delete ${file}.)`,
  );
}
