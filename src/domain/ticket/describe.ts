/** An event as one sentence for people: the activity of a ticket reads like a story. */
import type { TicketEvent } from './events.ts';
import type { Actor } from '../words.ts';

export function describeEvent(event: { type: string; actor: Actor; data: unknown }): string {
  const who = actorName(event.actor);
  const e = event as TicketEvent;
  switch (e.type) {
    case 'ticket.created':
      return `${who} created the ticket in ${e.data.status}`;
    case 'ticket.changed':
      return `${who} changed ${Object.keys(e.data.set).join(', ')}`;
    case 'ticket.commented':
      return `${who} wrote: ${e.data.text}`;
    case 'ticket.transitioned':
      return transitioned(who, e.data);
    case 'attempt.offered':
      if (e.data.kind === 'person') return `${who} handed in work as attempt ${e.data.number}`;
      return `${e.data.resumed ? 'Attempt' : 'New attempt'} ${e.data.number} offered to ${e.data.runner} with profile ${e.data.profile}, fencing token ${e.data.fence}`;
    case 'attempt.started':
      return `${who} started the worker on ${e.data.branch ?? 'its branch'}`;
    case 'attempt.progressed':
      return `${who}: ${e.data.text}${e.data.percent === null ? '' : ` (${e.data.percent} %)`}`;
    case 'attempt.stopping':
      return `The worker is being stopped: ${e.data.reason ?? e.data.outcome ?? e.data.to}`;
    case 'attempt.parked':
      return 'The worker is parked; its session and worktree are kept';
    case 'attempt.ended':
      return `The attempt ended: ${e.data.outcome}${e.data.reason ? ` (${firstLine(e.data.reason)})` : ''}`;
    case 'question.opened':
      return `${who} asked: ${e.data.text}`;
    case 'question.answered':
      return `${e.data.by} answered: ${e.data.answer}`;
    case 'question.withdrawn':
      return `The question was withdrawn: ${e.data.reason}`;
    case 'evidence.claimed':
      return `${who} claimed ${e.data.kind} ${subject(e.data.claim)}`.trimEnd();
    case 'evidence.required':
      return 'The claimed evidence is required by the policy';
    case 'evidence.verified':
      return 'Mission Control verified the evidence';
    case 'evidence.refuted':
      return `Mission Control refuted the evidence: ${firstLine(e.data.reason)}`;
    case 'evidence.unverifiable':
      return `The evidence could not be verified (try ${e.data.tries}): ${firstLine(e.data.reason)}`;
    case 'evidence.reverifying':
      return `${who} asked to verify again`;
    case 'waiver.granted':
      return `${e.data.by} waived ${e.data.kind}: ${e.data.reason}`;
    case 'landing.recorded':
      return `${who} accepted the work; it is to land by ${e.data.mode.replaceAll('_', ' ')}${e.data.reason ? `: ${firstLine(e.data.reason)}` : ''}`;
    case 'landing.started':
      return `Runner ${e.data.runner} builds the merge and checks it`;
    case 'landing.intended':
      return `${short(e.data.commit)} is to be pushed to ${e.data.branch}, which is at ${short(e.data.onto) || 'nothing'}${e.data.checks.length > 0 ? `; ${e.data.checks.map((c) => c.name).join(', ')} passed on it` : ''}`;
    case 'landing.pushed':
      return e.data.waitsFor === 'merge'
        ? `The branch is pushed at ${short(e.data.commit)}, and waits to be merged`
        : `${short(e.data.commit)} has landed${e.data.waitsFor ? '; its deploy is waited for' : ''}`;
    case 'landing.merged':
      return `The pull request was merged as ${short(e.data.commit)}${e.data.waitsFor ? '; its deploy is waited for' : ''}`;
    case 'landing.waited':
      return `Still waiting: ${firstLine(e.data.reason)}`;
    case 'landing.requeued':
      return `The landing starts over: ${firstLine(e.data.reason)}`;
    case 'landing.ended':
      return `It did not land: ${firstLine(e.data.reason)}`;
    case 'landing.retried':
      return `${who} had the landing tried again: ${firstLine(e.data.reason)}`;
    case 'landing.withdrawn':
      return `The landing was withdrawn: ${firstLine(e.data.reason)}`;
    default:
      return describeOther(event.type, who, event.data);
  }
}

function transitioned(who: string, d: Extract<TicketEvent, { type: 'ticket.transitioned' }>['data']): string {
  const move = `${who} moved it from ${d.from.replace('_', ' ')} to ${d.to.replace('_', ' ')} (${d.transition})`;
  const why = d.feedback ?? d.reason;
  const until = d.notBefore ? `, not before ${new Date(d.notBefore).toISOString()}` : '';
  return `${move}${why ? `: ${firstLine(why)}` : ''}${until}`;
}

function describeOther(type: string, who: string, data: unknown): string {
  const set = (data as { set?: Record<string, unknown> } | null)?.set;
  const [kind, verb] = type.split('.');
  return `${who}: ${kind} ${verb ?? ''}${set ? ` (${Object.keys(set).join(', ')})` : ''}`;
}

function subject(claim: Record<string, unknown>): string {
  const named = claim['name'] ?? claim['commit'] ?? claim['environment'] ?? claim['verdict'];
  return typeof named === 'string' ? named : '';
}

function actorName(actor: Actor): string {
  switch (actor.kind) {
    case 'human':
      return actor.id;
    case 'attempt':
      return 'The worker';
    case 'runner':
      return `Runner ${actor.id}`;
    case 'dispatcher':
      return 'The dispatcher';
    case 'policy':
      return 'The completion policy';
    case 'orchestrator':
      return `Orchestrator ${actor.id}`;
    case 'operator':
      return 'The operator';
    case 'control_plane':
      return 'Mission Control';
  }
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.slice(0, 300) ?? '';
}
