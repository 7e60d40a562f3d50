// The harness is measured by planted bugs: each is one replacement in a source at load, never a flag in the product.
// `node test/simulation/planted-bugs.mjs [--only=NAME] [--seconds=60]` plants each in turn, and says after how many
// schedules the simulation found it. The finding of the seed page that a line keeps is named in brackets.

import { PLANTED_IN_NOTIFICATIONS } from './planted-in-notifications.mjs';

/** @type {{name: string, slow?: boolean, file: string, find: string, replace: string}[]} `slow`: not in the quick run of CI */
export const PLANTED = [
  // Dispatch lease and epoch [1]
  {
    name: 'claims without the dispatch lease [1]',
    slow: true,
    file: 'src/store/programs/commit.ts',
    find: "row !== undefined && row['holder'] === guard.holder && Number(row['epoch']) === guard.epoch && Number(row['expires_at']) > now",
    replace: 'true',
  },
  {
    name: 'two holders of one dispatch lease [1]',
    file: 'src/store/programs/commit.ts',
    find: 'if (found && !expired && found.holder !== holder) {',
    replace: 'if (false) {',
    also: {
      file: 'src/store/programs/commit.ts',
      find: "row['holder'] === guard.holder &&",
      replace: '',
    },
  },
  {
    name: 'an epoch that does not rise [1]',
    file: 'src/store/programs/commit.ts',
    find: 'const epoch = found === undefined ? 1 : expired ? Number(found.epoch) + 1 : Number(found.epoch);',
    replace: 'const epoch = found === undefined ? 1 : Number(found.epoch);',
  },
  {
    name: 'two ticks at a time [1]',
    file: 'src/loops/dispatcher.ts',
    find: 'this.#running ??= this.#run()',
    replace: 'this.#running = this.#run()',
  },
  {
    name: 'a plan on an old configuration',
    file: 'src/services/dispatching.ts',
    find: "{ guard: 'config_version', version: configVersion },",
    replace: '',
  },
  // Lanes [2]
  {
    name: 'the needs_input lane sees todo tickets [2]',
    file: 'src/store/programs/dispatch.ts',
    find: "needsInput: lane({ column: 'tickets.lane', value: 'needs_input' }),",
    replace: "needsInput: lane({ column: 'tickets.status', value: 'todo' }),",
  },
  {
    name: 'resumes with an open question [2]',
    file: 'src/store/programs/rows.ts',
    find: "return ticket.status === 'needs_input' && openQuestions(ticket).length === 0 ? 'needs_input' : null;",
    replace: "return ticket.status === 'needs_input' ? 'needs_input' : null;",
    also: {
      file: 'src/domain/ticket/decide-dispatch.ts',
      find: 'if (openQuestions(state).length > 0) {',
      replace: 'if (false) {',
    },
  },
  {
    name: 'an answer that does not reach the prompt [2]',
    file: 'src/domain/ticket/decide-dispatch.ts',
    find: "answers: state.questions.filter((q) => q.state === 'answered').map((q) => q.id),",
    replace: 'answers: [],',
  },
  {
    name: 'a resumed session without its answers [2]',
    file: 'src/domain/ticket/decide-dispatch.ts',
    find: ".filter((q) => q.state === 'answered' && q.attempt === open.id && q.deliveredTo.length === 0)",
    replace: '.filter(() => false)',
  },
  // Skips and conflicts [3]
  {
    name: 'a policy skip called a claim conflict [3]',
    file: 'src/domain/dispatch/claim-policy.ts',
    find: "return no('assignee_not_runnable',",
    replace: "return no('claim_conflict',",
  },
  {
    name: 'a person’s ticket is started [3]',
    file: 'src/domain/dispatch/claim-policy.ts',
    find: 'if (assignee !== null && !world.profiles.has(assignee)) {',
    replace: 'if (false) {',
  },
  {
    name: 'the campaign owner is not looked at [3]',
    file: 'src/domain/dispatch/claim-policy.ts',
    find: 'campaign.owner !== id',
    replace: 'false',
  },
  // Counting [4]
  {
    name: 'stopping attempts do not count as workers [4]',
    file: 'src/store/programs/dispatch.ts',
    find: "const HOLDING = ['offered', 'running', 'stopping'];",
    replace: "const HOLDING = ['offered', 'running'];",
  },
  {
    name: 'no workers counted: fails open [4]',
    file: 'src/services/dispatching.ts',
    find: 'workers: { known: true, value: lanes.workers },',
    replace: 'workers: { known: true, value: [] },',
  },
  {
    name: 'the profile’s limit is not kept',
    file: 'src/domain/dispatch/claim-policy.ts',
    find: 'if (over(profile.maxWorkers, counts.byProfile, profile.id)) {',
    replace: 'if (false) {',
  },
  {
    name: 'the runner’s slots are not kept',
    file: 'src/domain/dispatch/claim-policy.ts',
    find: 'let most = 0;',
    replace: 'let most = -Infinity;',
  },
  // Fencing
  {
    name: 'an old fencing token is accepted',
    slow: true,
    file: 'src/domain/ticket/fence.ts',
    find: 'if (newestAttempt(ticket) !== attempt || attempt.fence !== fence || ticket.fence !== fence) {',
    replace: 'if (newestAttempt(ticket) !== attempt) {',
  },
  {
    name: 'a resume keeps the old token',
    file: 'src/domain/ticket/decide-dispatch.ts',
    find: 'return Math.max(state.fence, command.fenceFloor) + 1;',
    replace: 'return Math.max(state.fence, command.fenceFloor, 1);',
  },
  {
    name: 'a parked attempt may write',
    slow: true,
    file: 'src/domain/ticket/fence.ts',
    find: "if (attempt.state === 'parked') return stale(attempt, 'parked');",
    replace: '',
  },
  {
    name: 'a stopping attempt may submit',
    slow: true,
    file: 'src/domain/ticket/decide-signal.ts',
    find: "if (attempt.state === 'stopping' && !late) return stale(attempt, stoppingReason(attempt));",
    replace: '',
  },
  // Leases
  {
    name: 'an attempt is lost before its grace is over',
    file: 'src/loops/reaper.ts',
    find: 'if (!isOver || at < this.#quietUntil) continue;',
    replace: '',
    also: {
      file: 'src/services/attempts.ts',
      find: "guards: [{ guard: 'lease_expired', name: attemptLease(open.attempt), graceMs }],",
      replace: '',
    },
  },
  {
    name: 'nobody is ever called lost',
    file: 'src/loops/reaper.ts',
    find: 'const isOver = open.lease === null || open.lease.expiresAt + grace <= now;',
    replace: 'const isOver = open.lease === null;',
  },
  {
    name: 'a claim while the previous attempt is stopping',
    slow: true,
    file: 'src/domain/ticket/decide-dispatch.ts',
    find: "if (open) return refuse('transition_not_allowed', `Attempt ${open.number} of ${state.key} is still ${open.state}.`);\n  const draft",
    replace: 'const draft',
    also: {
      file: 'src/domain/dispatch/claim-policy.ts',
      find: 'if (candidate.stopping) return no(',
      replace: 'if (false) return no(',
    },
  },
  // Compare-and-swap [10]
  {
    name: 'events go behind whatever their stream ends with [10]',
    file: 'src/store/programs/append.ts',
    find: 'if ((head?.version ?? 0) !== plan.expected)',
    replace: 'if (head === null && plan.expected > 0)',
    also: {
      file: 'src/store/programs/append.ts',
      find: 'let version = plan.expected;',
      replace: 'let version = head?.version ?? 0;',
    },
  },
  {
    name: 'a row that its events do not give [10]',
    file: 'src/services/change-ticket.ts',
    find: "rows.push({ row: 'ticket', state: ticket, before, streamVersion: version, toVerify",
    replace:
      "rows.push({ row: 'ticket', state: { ...ticket, retriesSpent: ticket.retriesSpent + (events.length > 3 ? 1 : 0) }, before, streamVersion: version, toVerify",
  },
  {
    name: 'If-Match is ignored',
    file: 'src/services/change-ticket.ts',
    find: 'if (options.ifMatch !== undefined && options.ifMatch !== before.version) {',
    replace: 'if (false) {',
    also: {
      file: 'src/domain/ticket/decide-dispatch.ts',
      find: 'const open = openAttempt(state);\n  if (open) return refuse',
      replace:
        'const open = null as never as { number: number; state: string } | null;\n  if (open) return refuse',
    },
  },
  // Inbox [5]
  {
    name: 'an item is acted without its effect [5]',
    file: 'src/services/inbox.ts',
    find: "return transitionTicket(deps, caller, item.ticket, { transition: 'accept', reason: act.reason }, options);",
    replace:
      "return commitItem(deps, item.id, (state, now) => state.state === 'acted' ? [] : [inboxEvent('inbox.acted', caller.actor, now, { result: { decision: 'accept', reason: act.reason, by: caller.actor.id, via: 'inbox' } })]);",
  },
  {
    name: 'a decision that leaves its item pending [5]',
    file: 'src/domain/inbox/inbox.ts',
    find: "} else if (transition === 'accept') settle(event, isDecision, 'accept', why);",
    replace: '}',
  },
  {
    name: 'a submission without a review item [5]',
    file: 'src/domain/inbox/inbox.ts',
    find: "create(event.at, { kind: 'review', subject: after.title, attempt: attempt ?? null, question: null });",
    replace: '',
  },
  {
    name: 'a delivery that never returns [5]',
    slow: true,
    file: 'src/domain/inbox/inbox.ts',
    find: 'if (item.delivery.until <= now) return refuse',
    replace: 'if (false) return refuse',
    also: {
      file: 'src/services/inbox.ts',
      find: 'if (item.delivery && item.delivery.until <= now) {',
      replace: 'if (false) {',
    },
  },
  {
    name: 'withdrawn questions stay in the inbox [5]',
    file: 'src/domain/inbox/inbox.ts',
    find: "settle(event, (item) => item.question === question, 'withdrawn', reason);",
    replace: 'void reason;',
  },
  // Operator and self-modification [6] [9]
  {
    name: 'the dispatcher accepts work [6]',
    file: 'src/domain/ticket/transitions.ts',
    find: "by: ['human', 'orchestrator', 'policy'],\n    guard:\n      'the completion policy is satisfied",
    replace:
      "by: ['human', 'orchestrator', 'policy', 'attempt'],\n    guard:\n      'the completion policy is satisfied",
    also: {
      file: 'src/domain/ticket/decide-signal.ts',
      find: "return decided(draft, settleOutcome(draft, attempt, 'failed', { reason: signal.reason, retry: signal.retry ?? true }));",
      replace:
        "return decided(draft, draft.transition('submit', { attempt: attempt.id }) ?? draft.transition('accept', { attempt: attempt.id }));",
    },
  },
  {
    name: 'the system enables a job by itself [9]',
    slow: true,
    file: 'src/loops/dispatcher.ts',
    find: 'result.skipped += skips.length;',
    replace:
      "result.skipped += skips.length;\n    if (skips.some((skip) => skip.code === 'job_disabled')) {\n      const { changeDocument } = await import('../services/configuration.ts');\n      await changeDocument(this.#deps, { actor: { kind: 'control_plane', id: 'watchdog' } }, 'job', 'ticket-pickup', () => ({ enabled: true }) as never);\n    }",
  },
  // Completion [7]
  {
    name: 'words are proof [7]',
    file: 'src/domain/ticket/completion.ts',
    find: "if (evidence.some((e) => e.state !== 'verified')) return false;",
    replace: 'if (evidence.length >= 0) return true;',
  },
  {
    name: 'unverified evidence counts [7]',
    file: 'src/domain/ticket/completion.ts',
    find: "if (evidence.some((e) => e.state !== 'verified')) return false;",
    replace: "if (evidence.some((e) => e.state === 'refuted')) return false;",
  },
  {
    name: 'a verifier that could not run counts as verified [7]',
    file: 'src/domain/ticket/decide-review.ts',
    find: "if (finding.state === 'verified') draft.add('evidence.verified', { ...common, reason: finding.reason });",
    replace:
      "if (finding.state !== 'refuted') draft.add('evidence.verified', { ...common, reason: finding.reason });",
  },
  {
    name: 'another attempt’s evidence counts [7]',
    file: 'src/domain/ticket/state.ts',
    find: 'return ticket.evidence.filter((evidence) => evidence.attempt === attempt);',
    replace:
      'return ticket.evidence.filter((evidence) => evidence.attempt === attempt || evidence.state === "verified");',
  },
  {
    name: 'a person accepts their own work [7]',
    file: 'src/domain/ticket/decide-review.ts',
    find: "if (attempt.submittedBy === context.actor.id && context.actor.kind !== 'policy') {",
    replace: 'if (false) {',
  },
  // Landing [7]
  {
    name: 'done before it is pushed [7]',
    file: 'src/domain/ticket/decide-landing.ts',
    find: "return new Draft(state, context).add('landing.intended', command, CONTROL_PLANE).events;",
    replace:
      "const early = new Draft(state, context).add('landing.intended', command, CONTROL_PLANE).add('landing.pushed', { landing: landing.id, commit: command.commit, waitsFor: null }, CONTROL_PLANE);\n  return decided(early, early.transition('land', { attempt: landing.attempt }, CONTROL_PLANE));",
  },
  {
    name: 'a cancel does not withdraw the landing [7]',
    file: 'src/domain/ticket/decide-people.ts',
    find: "withdrawLanding(draft, 'the ticket was cancelled') ??",
    replace: '',
  },
  {
    name: 'withdrawn while it is being pushed [7]',
    file: 'src/domain/ticket/decide-landing.ts',
    find: "if (landing.state === 'pushing') {",
    replace: 'if (false) {',
  },
  {
    name: 'a merge result lands without its checks [7]',
    slow: true,
    file: 'src/domain/ticket/decide-landing.ts',
    find: 'if (unchecked.length > 0) {',
    replace: 'if (false) {',
  },
  {
    name: 'a push is announced in a pause [9]',
    slow: true,
    file: 'src/domain/ticket/decide-landing.ts',
    find: "if (context.rules.paused) return refuse('paused',",
    replace: "if (false) return refuse('paused',",
  },
  {
    name: 'a pause comes between deciding and announcing a push [9]',
    slow: true,
    file: 'src/services/landing.ts',
    find: "{ guard: 'config_version', version },",
    replace: '',
  },
  {
    name: 'an announced push is forgotten [7]',
    file: 'src/services/landing.ts',
    find: 'intents: landing.intents.map(({ commit, onto }) => ({ commit, onto })),',
    replace: 'intents: [],',
  },
  {
    name: 'two landings of a project at a time [7]',
    file: 'src/services/landing.ts',
    find: 'return merges ? `land:${ticket.project}` : `look:${landing.id}`;',
    replace: 'return `look:${landing.id}`;',
  },
  {
    name: 'done without the deploy being seen [7]',
    file: 'src/domain/ticket/completion.ts',
    find: "return gapsOf(ticket, completion, now, (kind) => kind === 'deploy').missing.length > 0;",
    replace: 'return false;',
    also: {
      file: 'src/domain/ticket/decide-landing.ts',
      find: 'const gaps = doneGaps(',
      replace: 'const gaps = completionGaps(',
    },
  },
  {
    name: 'a landing that ended asks nobody [5]',
    file: 'src/domain/inbox/inbox.ts',
    find: "} else if (event.type === 'landing.ended') {",
    replace: "} else if (event.type === 'landing.ended' && event.data.cause === 'conflict') {",
  },
  {
    name: 'a retried landing leaves its item open [5]',
    file: 'src/domain/inbox/inbox.ts',
    find: "settle(event, isDecision, 'retry', context.reason ?? event.data.reason);",
    replace: 'void event;',
  },
  // Retries and rest
  {
    name: 'retries are never spent',
    file: 'src/domain/ticket/evolve.ts',
    find: 'next.retriesSpent = state.retriesSpent + 1;',
    replace: 'next.retriesSpent = state.retriesSpent;',
    expect: 'rest',
  },
  {
    name: 'a lost attempt leaves its ticket in progress',
    file: 'src/domain/ticket/decide-dispatch.ts',
    find: "return decided(draft, settleOutcome(draft, attempt, 'lost', { reason: 'the lease ran out' }));",
    replace: 'return decided(draft);',
  },
  // Recurring work
  {
    name: 'a slot is decided again and again',
    file: 'src/services/schedules.ts',
    find: '{ decidedUntil: slot ?? schedule.decidedUntil, key,',
    replace: '{ decidedUntil: schedule.decidedUntil, key,',
  },
  {
    name: 'a missed slot runs against its policy',
    file: 'src/domain/schedule/schedule.ts',
    find: "if (late !== '' && schedule.missedRun === 'skip') {",
    replace: 'if (false) {',
  },
  {
    name: 'a missed slot is never made up for',
    file: 'src/domain/schedule/schedule.ts',
    find: "if (late !== '' && schedule.missedRun === 'skip') {",
    replace: "if (late !== '') {",
  },
  {
    name: 'a recurring ticket is made apart from its slot',
    file: 'src/services/schedules.ts',
    find: '{ also: (key, at) => decision(key, at) },',
    replace: '{},',
  },
  {
    name: 'an open recurring ticket is not looked at',
    file: 'src/domain/schedule/schedule.ts',
    find: 'if (ticket !== null && isOpen(ticket.status)) {',
    replace: 'if (false) {',
  },
  {
    name: 'a slot that passed while its ticket was open is run',
    slow: true,
    file: 'src/domain/schedule/schedule.ts',
    find: 'if (ticket !== null && wasOpen && slot !== null && slot <= ticket.statusSince) {',
    replace: 'if (false) {',
  },
  // The orchestrator's session [5]
  {
    name: 'an empty inbox wakes the orchestrator [5]',
    file: 'src/services/orchestrator.ts',
    find: 'if (items.length === 0) return false;',
    replace: '',
  },
  {
    name: 'a session is woken while it runs [5]',
    file: 'src/services/orchestrator.ts',
    find: 'if (before?.run || (await whatHolds',
    replace: 'if ((await whatHolds',
  },
  {
    name: 'nobody relieves the orchestrator of an item [5]',
    file: 'src/domain/orchestrator/session.ts',
    find: 'const relieved = left.filter((item) => times(item) >= MOST_ASKED);',
    replace: 'const relieved = left.filter(() => false);',
  },
  {
    name: 'reminders are not counted [5]',
    file: 'src/domain/orchestrator/session.ts',
    find: '(state.asked[item] ?? 0) + 1])',
    replace: '1])',
  },
  {
    name: 'a run of the session that ends is not over [5]',
    file: 'src/services/orchestrator.ts',
    find: 'before?.run?.work === work.id ? await endOf(deps, before, work, report, cost, now) : EMPTY;',
    replace: 'EMPTY;',
  },
  // Alerts [8]
  {
    name: 'an alert raised anew instead of reopened [8]',
    file: 'src/domain/alert/alert.ts',
    find: "if (state.state === 'resolved') {",
    replace:
      "if (state.state === 'resolved') return [alertEvent('alert.raised', OPERATOR, now, { id: newId('alr'), fingerprint: state.fingerprint, ...observation })];\n  if (false) {",
  },
  ...PLANTED_IN_NOTIFICATIONS,
];
