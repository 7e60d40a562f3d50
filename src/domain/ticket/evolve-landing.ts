/** Folds the events of a landing; one landing at a time belongs to a ticket, and a new accept replaces it. */
import type { TicketEvent } from './events.ts';
import type { Landing } from './state.ts';

export type LandingEvent = Extract<TicketEvent, { type: `landing.${string}` }>;

export function evolveLanding(state: Landing | null, event: LandingEvent): Landing {
  const { at } = event;
  if (event.type === 'landing.recorded') {
    const { landing, attempt, mode, commit } = event.data;
    // Where nothing is merged, the submitted commit is what has to be deployed.
    const stays = mode === 'leave_branch';
    // Accepted again after it had ended: what was announced or has landed of the same work stays known.
    const before = state?.attempt === attempt && state.commit === commit ? state : null;
    const result = before?.result ?? (stays ? commit : null);
    return {
      id: landing,
      attempt,
      mode,
      commit,
      state: result === null ? 'queued' : 'deploying',
      cause: null,
      reason: null,
      intents: before?.intents ?? [],
      checks: before?.checks ?? [],
      result,
      branch: null,
      tries: 0,
      retryAt: null,
      waitsSince: result === null ? null : at,
      recordedAt: at,
    };
  }
  if (!state || state.id !== event.data.landing)
    throw new Error(`${event.type} names landing ${event.data.landing}, which its ticket does not have`);
  switch (event.type) {
    case 'landing.started':
      return { ...state, state: 'building', reason: null };
    case 'landing.intended': {
      const { commit, onto, branch, checks } = event.data;
      const isPullRequest = state.mode === 'pull_request';
      return {
        ...state,
        state: 'pushing',
        reason: null,
        checks,
        branch: isPullRequest ? branch : state.branch,
        intents: [...state.intents, { commit, onto, branch, at }],
      };
    }
    case 'landing.pushed':
    case 'landing.merged': {
      const { commit, waitsFor } = event.data;
      return {
        ...state,
        state: waitsFor === 'merge' ? 'awaiting_merge' : 'deploying',
        // A pull request has landed nothing yet.
        result: waitsFor === 'merge' ? null : commit,
        reason: null,
        tries: 0,
        retryAt: null,
        waitsSince: at,
      };
    }
    case 'landing.waited':
      return { ...state, reason: event.data.reason };
    case 'landing.requeued': {
      const { reason, tries, retryAt, unknown } = event.data;
      return { ...state, state: unknown ? 'pushing' : 'queued', reason, tries, retryAt };
    }
    case 'landing.ended':
      return { ...state, state: 'ended', cause: event.data.cause, reason: event.data.reason, retryAt: null };
    case 'landing.retried': {
      // What has been merged is not merged again: only the deploy is waited for anew.
      const isMerged = state.result !== null;
      return {
        ...state,
        state: isMerged ? 'deploying' : 'queued',
        cause: null,
        reason: null,
        tries: 0,
        retryAt: null,
        waitsSince: isMerged ? at : null,
      };
    }
    case 'landing.withdrawn':
      return { ...state, state: 'withdrawn', reason: event.data.reason, retryAt: null };
  }
}
