/**
 * What to answer when an agent asks for permission. Options are known by their kind, never by their id or name: every
 * agent has its own of those. Pure.
 */
import { createHash } from 'node:crypto';
import type {
  PermissionOption,
  RequestPermissionRequest,
  RequestPermissionResponse,
} from '@agentclientprotocol/sdk';
import { inputText } from './updates.ts';

/** A question that was asked, as it is remembered for a later life. */
export interface AskedPermission {
  question: string;
  /** What the permission is about, so that it is known again when the agent asks again. */
  subject: string;
  /** By the id of the choice. */
  kinds: Record<string, PermissionOption['kind']>;
}

export interface Choice {
  id: string;
  label: string;
  option: PermissionOption;
}

/** Once is enough: "always" would be a policy that nobody set, kept where nobody sees it. */
const ALLOW: PermissionOption['kind'][] = ['allow_once', 'allow_always'];
const REJECT: PermissionOption['kind'][] = ['reject_once', 'reject_always'];

export function selectByPolicy(
  options: readonly PermissionOption[],
  policy: 'allow' | 'deny',
): PermissionOption | null {
  return selectKind(options, policy === 'allow' ? ALLOW : REJECT);
}

/** The option of the same kind as an answer from before, or of the next milder kind. */
export function selectLike(
  options: readonly PermissionOption[],
  kind: PermissionOption['kind'],
): PermissionOption | null {
  return selectKind(options, kind.startsWith('allow') ? [kind, ...ALLOW] : [kind, ...REJECT]);
}

function selectKind(
  options: readonly PermissionOption[],
  kinds: readonly PermissionOption['kind'][],
): PermissionOption | null {
  for (const kind of kinds) {
    const option = options.find((candidate) => candidate.kind === kind);
    if (option) return option;
  }
  return null;
}

export function respond(option: PermissionOption | null): RequestPermissionResponse {
  return option
    ? { outcome: { outcome: 'selected', optionId: option.optionId } }
    : { outcome: { outcome: 'cancelled' } };
}

/** The options as choices of a question; ids are kinds, numbered where an agent offers one kind twice. */
export function choicesOf(options: readonly PermissionOption[]): Choice[] {
  const seen = new Map<string, number>();
  return options.slice(0, 20).map((option) => {
    const n = (seen.get(option.kind) ?? 0) + 1;
    seen.set(option.kind, n);
    const label = option.name.trim() === '' ? option.kind.replaceAll('_', ' ') : option.name.slice(0, 200);
    return { id: n === 1 ? option.kind : `${option.kind}_${n}`, label, option };
  });
}

/** The same request, asked again in another life of the session, has the same subject. */
export function subjectOf({ toolCall }: RequestPermissionRequest): string {
  const about = JSON.stringify([toolCall.kind ?? null, toolCall.title ?? null, toolCall.rawInput ?? null]);
  return createHash('sha256').update(about).digest('hex').slice(0, 32);
}

/** What the person who answers is shown. */
export function questionText({ toolCall }: RequestPermissionRequest): string {
  const title = toolCall.title?.trim() ? toolCall.title : toolCall.toolCallId;
  const input =
    toolCall.rawInput === undefined || toolCall.rawInput === null ? '' : inputText(toolCall.rawInput);
  const places = (toolCall.locations ?? []).map(({ path }) => path).slice(0, 20);
  const lines = [`The agent asks for permission: ${title.slice(0, 2000)}`];
  if (toolCall.kind) lines.push(`Kind: ${toolCall.kind}`);
  if (input !== '' && input !== '{}' && input !== title) lines.push(input.slice(0, 8000));
  if (places.length > 0) lines.push(`Where: ${places.join(', ').slice(0, 2000)}`);
  return lines.join('\n');
}
