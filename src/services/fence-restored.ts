/**
 * What a copy of an installation says about attempts, deliveries and runners was so when the copy was made. Here it is
 * ended, by the same decisions as in a running server and on the record: nobody who was given something before may go
 * on with it. (The numbers that the store hands out were raised when it was filled: `store/programs/transfer.ts`.)
 */
import type { Runner } from '../domain/config.ts';
import { isRefusal } from '../domain/refusal.ts';
import type { OrchestratorSession } from '../domain/orchestrator/session.ts';
import { decideStop } from '../domain/ticket/decide-attempt.ts';
import { decideExpire } from '../domain/ticket/decide-dispatch.ts';
import { changeTicket } from './change-ticket.ts';
import { changeDocument, createDocument } from './configuration.ts';
import type { Deps } from './deps.ts';
import { system } from './deps.ts';
import { returnDelivered } from './inbox.ts';

const RESTORE = system('restore');

export interface Installation {
  id: string;
  /** Each time that it was restored or moved: from which head of which moment, and when. */
  origins: { how: 'restored' | 'moved'; from: { seq: number; hash: string }; copiedAt: number; at: number }[];
}

export interface Fenced {
  attempts: number;
  deliveries: number;
  runners: number;
}

export async function fenceRestored(
  deps: Deps,
  origin: Omit<Installation['origins'][number], 'at'>,
): Promise<Fenced> {
  const reason = origin.how === 'moved' ? 'the installation was moved' : 'restored from a backup';
  const open = await deps.store.openAttempts();
  for (const { ticket, attempt } of open) {
    const stopped = await changeTicket(deps, RESTORE, ticket, (state, context) =>
      decideStop(state, reason, context),
    );
    if (isRefusal(stopped)) throw new Error(stopped.detail);
    // Its lease is of before, and its runner is told that it is over: it stops what may still run.
    const ended = await changeTicket(deps, RESTORE, ticket, (state, context) =>
      decideExpire(state, attempt, context),
    );
    if (isRefusal(ended)) throw new Error(ended.detail);
  }
  const deliveries = await returnDelivered(deps, RESTORE);
  for (const session of await deps.store.documents<OrchestratorSession>('session')) {
    // Its work is withdrawn: without this it would be waited for, and nobody woken.
    if (session.run === null) continue;
    const over = await changeDocument<OrchestratorSession>(deps, RESTORE, 'session', session.id, () => ({
      run: null,
    }));
    if (isRefusal(over)) throw new Error(over.detail);
  }
  const runners = await deps.store.documents<Runner>('runner');
  for (const { id } of runners) {
    const released = await changeDocument<Runner>(deps, RESTORE, 'runner', id, () => ({
      token: '',
      instance: '',
      pid: null,
    }));
    if (isRefusal(released)) throw new Error(released.detail);
  }
  await recordOrigin(deps, { ...origin, at: await deps.store.now() });
  return { attempts: open.length, deliveries, runners: runners.length };
}

async function recordOrigin(deps: Deps, origin: Installation['origins'][number]): Promise<void> {
  const id = 'installation';
  const known = await deps.store.document<Installation>('installation', id);
  const written = known
    ? await changeDocument<Installation>(deps, RESTORE, 'installation', id, (state) => ({
        origins: [...state.origins, origin],
      }))
    : await createDocument<Installation>(deps, RESTORE, 'installation', id, { id, origins: [origin] });
  if (isRefusal(written)) throw new Error(written.detail);
}
