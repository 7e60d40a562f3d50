/**
 * Tokens and sessions. A token is 256 random bits behind a prefix that says its kind, shown once, stored as its
 * SHA-256, and looked up in the server's rows at each request, so that revoking works at once. An attempt's token says
 * which attempt and fence it is for, under the installation's secret: it is stored nowhere, and an offer whose answer
 * was lost can be repeated.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TokenInfo } from '../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../domain/refusal.ts';
import type { ActorKind, Role } from '../domain/words.ts';
import type { Credential, NewCredential } from '../store/port.ts';
import { createDocument, changeDocument, type DocumentOptions } from './configuration.ts';
import { type Caller, type Deps } from './deps.ts';
import { findAttempt } from './attempts.ts';

const PREFIX: Record<string, string> = {
  admin: 'mc_adm_',
  member: 'mc_mem_',
  viewer: 'mc_view_',
  orchestrator: 'mc_orc_',
  runner: 'mc_run_',
  session: 'mc_ses_',
  code: 'mc_code_',
};

export function makeSecret(kind: string): string {
  return `${PREFIX[kind] ?? 'mc_'}${randomBytes(32).toString('base64url')}`;
}

/** What only this installation can make of a purpose and a number: 256 bits in base64url. */
export function deriving(secret: string): Deps['derive'] {
  return (purpose, number) =>
    createHmac('sha256', secret).update(`${purpose}\n${number}`).digest('base64url');
}

export function attemptToken(deps: Deps, attempt: string, fence: number): string {
  return `mc_att_${attempt}.${fence}.${deps.derive(attempt, fence)}`;
}

/** The attempt that a token was made for; null where this installation did not make it. */
function attemptOfToken(deps: Deps, token: string): { attempt: string; fence: number } | null {
  const [, attempt = '', fence = ''] = /^mc_att_(\w{1,100})\.([1-9][0-9]{0,15})\./.exec(token) ?? [];
  if (attempt === '') return null;
  const made = Buffer.from(attemptToken(deps, attempt, Number(fence)));
  const given = Buffer.from(token);
  return made.length === given.length && timingSafeEqual(made, given)
    ? { attempt, fence: Number(fence) }
    : null;
}

/** Null where there is no such attempt, and for a fence that it never had: that of a life which a restore has undone. */
async function attemptCredential(
  deps: Deps,
  token: string,
  { attempt: id, fence }: { attempt: string; fence: number },
): Promise<Credential | null> {
  const found = await findAttempt(deps, id);
  if (isRefusal(found)) return null;
  const { attempt, ticket } = found;
  if (attempt.kind !== 'agent' || fence > attempt.fence) return null;
  return {
    id: `${id}.${fence}`,
    kind: 'token',
    role: 'attempt',
    name: id,
    hash: deps.sha256(token),
    createdAt: attempt.offeredAt,
    expiresAt: null,
    lastUsedAt: null,
    attempt: id,
    ticket: ticket.key,
    fence,
    overAt: attempt.endedAt ?? (attempt.state === 'parked' ? attempt.parkedAt : null),
  };
}

/** The secret that a request with this key makes, each time it is sent: an answer that may be repeated but not stored. */
export function secretOf(
  deps: Deps,
  kind: string,
  request: { scope: string; key: string; bodyHash: string },
): string {
  const purpose = `token\n${request.scope}\n${request.key}\n${request.bodyHash}`;
  return `${PREFIX[kind] ?? 'mc_'}${deps.derive(purpose, 0)}`;
}

export interface Issued {
  info: TokenInfo & { createdAt: number };
  token: string;
}

export async function createToken(
  deps: Deps,
  caller: Caller,
  input: { role: Role; name: string; expiresAt: number | null; secret?: string },
  options: DocumentOptions<TokenInfo> = {},
): Promise<Issued | Refusal> {
  const token =
    input.secret ??
    (caller.idempotency ? secretOf(deps, input.role, caller.idempotency) : makeSecret(input.role));
  const known = await deps.store.credential(deps.sha256(token));
  const made = known === null ? null : await deps.store.document<TokenInfo>('token', known.id);
  if (made) return { info: made, token };
  const id = deps.newId('tok');
  const credential: NewCredential = {
    id,
    kind: 'token',
    role: input.role,
    name: input.name,
    hash: deps.sha256(token),
    createdAt: await deps.store.now(),
    expiresAt: input.expiresAt,
  };
  const info: TokenInfo = {
    id,
    role: input.role,
    name: input.name,
    expiresAt: input.expiresAt,
    revoked: false,
  };
  const created = await createDocument<TokenInfo>(deps, caller, 'token', id, info, {
    ...options,
    effects: [{ effect: 'credential_add', credential }],
  });
  return 'refused' in created ? created : { info: { ...info, createdAt: created.createdAt }, token };
}

export async function revokeToken(deps: Deps, caller: Caller, id: string): Promise<true | Refusal> {
  const result = await changeDocument<TokenInfo>(deps, caller, 'token', id, () => ({ revoked: true }), {
    effects: [{ effect: 'credentials_revoke', tokenId: id }],
  });
  return 'refused' in result ? result : true;
}

const SIGN_IN_MS = 15 * 60 * 1000;
const SESSION_MS = 30 * 24 * 60 * 60 * 1000;

async function addCredential(
  deps: Deps,
  credential: Omit<NewCredential, 'hash' | 'createdAt'>,
  secret: string,
) {
  const now = await deps.store.now();
  await deps.store.commit({
    appends: [],
    rows: [],
    effects: [
      {
        effect: 'credential_add',
        credential: {
          ...credential,
          hash: deps.sha256(secret),
          createdAt: now,
        },
      },
    ],
  });
}

/** A one-time code for the sign-in page; it ends after its first use or a quarter of an hour. */
export async function createSignInCode(
  deps: Deps,
  as: { id: string; role: string; name: string },
): Promise<{ code: string; expiresAt: number }> {
  const code = makeSecret('code');
  const expiresAt = (await deps.store.now()) + SIGN_IN_MS;
  await addCredential(deps, { id: as.id, kind: 'code', role: as.role, name: as.name, expiresAt }, code);
  return { code, expiresAt };
}

export async function signIn(
  deps: Deps,
  input: { code?: string | undefined; token?: string | undefined },
): Promise<{ session: string; role: string; name: string; expiresAt: number } | Refusal> {
  const now = await deps.store.now();
  const found =
    input.code === undefined
      ? await credentialFor(deps, input.token ?? '')
      : await deps.store.useCode(deps.sha256(input.code), now);
  if (!found || found.kind === 'session' || found.attempt !== null || found.role === 'runner') {
    return refuse('unauthenticated', 'The code or token is unknown, used or expired.');
  }
  const session = makeSecret('session');
  // No session outlives the token that it was made from, whether that signed in itself or made a link.
  const token = await deps.store.document<TokenInfo>('token', found.id);
  const expiresAt = Math.min(now + SESSION_MS, token?.expiresAt ?? Infinity);
  if (token?.revoked || expiresAt <= now) {
    return refuse('unauthenticated', 'The token behind this sign-in is revoked or expired.');
  }
  await addCredential(
    deps,
    {
      id: found.id,
      kind: 'session',
      role: found.role,
      name: found.name,
      expiresAt,
    },
    session,
  );
  return { session, role: found.role, name: found.name, expiresAt };
}

export async function signOut(deps: Deps, session: string): Promise<void> {
  await deps.store.useCode(deps.sha256(session), await deps.store.now());
}

async function credentialOf(deps: Deps, secret: string): Promise<Credential | null> {
  const attempt = attemptOfToken(deps, secret);
  if (attempt) return attemptCredential(deps, secret, attempt);
  const found = await deps.store.credential(deps.sha256(secret));
  // Of an attempt that was offered before its token said so itself.
  if (found && found.attempt !== null && found.fence !== null)
    return attemptCredential(deps, secret, { attempt: found.attempt, fence: found.fence });
  return found;
}

/** The live credential behind a secret; null for unknown, expired and revoked ones. */
export async function credentialFor(deps: Deps, secret: string): Promise<Credential | null> {
  const credential = await credentialOf(deps, secret);
  if (!credential || credential.kind === 'code') return null;
  const now = await deps.store.now();
  if (credential.expiresAt !== null && credential.expiresAt <= now) return null;
  const DAY_MS = 86_400_000;
  // For a day the token of an attempt that is over is told so; then it is nobody's.
  if (credential.overAt !== null && credential.overAt + DAY_MS <= now) return null;
  const MINUTE_MS = 60_000;
  if (credential.attempt === null && now - (credential.lastUsedAt ?? 0) > MINUTE_MS) {
    await deps.store.touchCredential(credential.hash, now);
  }
  return credential;
}

/** Whether what was let in once would still be let in: a stream outlives the request that opened it. */
export async function isLive(deps: Deps, credential: Credential): Promise<boolean> {
  if (credential.attempt !== null) return true;
  const found = await deps.store.credential(credential.hash);
  if (!found) return false;
  return found.expiresAt === null || found.expiresAt > (await deps.store.now());
}

export function actorKindOf(role: string): ActorKind {
  if (role === 'orchestrator' || role === 'runner' || role === 'attempt') return role;
  return 'human';
}
