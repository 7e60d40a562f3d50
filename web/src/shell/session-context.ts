/** Who is signed in, and so what may be pressed. The server decides; this only spares a person a refusal. */
import { createContext, use } from 'react';
import type { Session } from '../api/types.ts';
import { useIsOffline } from '../api/hooks.ts';

export const SessionContext = createContext<Session>({ role: 'viewer', name: '' });
export const useMe = (): Session => use(SessionContext);

/** Why this person cannot change things now; null when they can. */
export function useBlocked(needs: 'member' | 'admin' = 'member'): string | null {
  const { role } = useMe();
  const offline = useIsOffline();
  if (offline) return 'Not possible offline: it has to be decided on what is true now.';
  if (role === 'viewer') return 'You are signed in as a viewer.';
  if (needs === 'admin' && role !== 'admin') return 'Only an administrator can do that.';
  return null;
}
