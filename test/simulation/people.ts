/** People and the orchestrator: they answer, decide, cancel, reopen, edit, pause, and change limits, at any moment. */
import { isRefusal } from '../../src/domain/refusal.ts';
import { openQuestions, type Ticket } from '../../src/domain/ticket/state.ts';
import { isClosed } from '../../src/domain/ticket/transitions.ts';
import { acknowledgeAlert } from '../../src/services/alerts.ts';
import { changeJob, changePolicy } from '../../src/services/configuration.ts';
import { actOnInbox, leaseInbox } from '../../src/services/inbox.ts';
import { signalAttempt } from '../../src/services/attempts.ts';
import { closeMerge } from '../../src/services/landing.ts';
import type { Caller } from '../../src/services/deps.ts';
import { setPause } from '../../src/services/pausing.ts';
import { answerQuestion, commentTicket, editTicket, transitionTicket } from '../../src/services/tickets.ts';
import { reverifyEvidence } from '../../src/services/verification.ts';
import { ORCHESTRATOR, PERSON, REVIEWER, type World } from './world.ts';

export async function personActs(world: World): Promise<void> {
  const { random } = world;
  const { deps } = world.anyServer();
  const key = world.anyTicket();
  const record = await deps.store.ticket(key);
  if (!record) return;
  const ticket = record.state;
  const move = async (
    transition: 'ready' | 'defer' | 'cancel' | 'accept' | 'request_changes' | 'reopen' | 'hand_in',
  ) => {
    const result = await transitionTicket(
      deps,
      PERSON,
      key,
      {
        transition,
        reason: 'because',
        feedback: 'better',
        summary: 'by hand',
        commit: handCommit(world, ticket),
      },
      { ifMatch: ticket.version },
    );
    if (!isRefusal(result) && result.before.version !== ticket.version) {
      world.wrongs.push(
        `${transition} of ${key}, decided on version ${ticket.version}, was made at version ${result.before.version}`,
      );
    }
  };
  await random.weighted<() => Promise<unknown>>([
    [6, () => answer(world, ticket)],
    [3, () => decide(world, ticket, PERSON)],
    [5, () => orchestratorActs(world)],
    [2, () => move('ready')],
    [0.5, () => move('defer')],
    [0.5, () => move('cancel')],
    [0.5, () => move('reopen')],
    [2, () => move('hand_in')],
    [2, () => zombieActs(world)],
    [1, () => commentTicket(deps, PERSON, key, 'verified, fixed, done', {})],
    [1, () => editTicket(deps, PERSON, key, { priority: random.below(5) }, { ifMatch: ticket.version })],
    [0.5, () => setPause(deps, PERSON, { paused: random.chance(0.4), stop: random.chance(0.3) })],
    [
      0.5,
      () =>
        changeJob(deps, PERSON, random.pick(['ticket-pickup', 'needs-input-pickup']), {
          enabled: random.chance(0.7),
          reason: 'r',
        }),
    ],
    [0.5, () => changePolicy(deps, PERSON, { maxWorkers: random.below(4) })],
    [0.3, () => reverify(world, ticket)],
    [0.3, () => acknowledge(world)],
    [0.3, () => closeMerge(deps, PERSON, key, 'closed', {})],
  ])();
}

/** An agent whose runner has died says that it is done, or that it works. */
async function zombieActs(world: World): Promise<void> {
  const zombie = world.zombies.length === 0 ? null : world.random.pick(world.zombies);
  if (!zombie) return;
  const { deps } = world.anyServer();
  const caller = { actor: { kind: 'attempt' as const, id: zombie.attempt }, role: 'attempt' };
  const signal = world.random.pick([
    { type: 'progress', text: 'still here' },
    { type: 'ask', text: 'anybody?' },
    {
      type: 'submit',
      summary: 'after all',
      commit: world.server(0).deps.sha256(zombie.attempt).slice(0, 40),
    },
    { type: 'fail', reason: 'cannot after all' },
  ] as const);
  const said = await signalAttempt(deps, caller, zombie, signal);
  if (!isRefusal(said) && said.ticket.fence !== zombie.fence)
    world.wrongs.push(
      `${signal.type} of ${zombie.attempt} was accepted under ${zombie.fence}, and the token is ${said.ticket.fence}`,
    );
}

function handCommit(world: World, ticket: Ticket): string {
  const commit = world.server(0).deps.sha256(`hand ${ticket.key} ${ticket.version}`).slice(0, 40);
  if (world.random.chance(0.7)) world.goodCommits.add(commit);
  return commit;
}

async function answer(world: World, ticket: Ticket): Promise<void> {
  const question = openQuestions(ticket)[0];
  if (!question) return;
  const { deps } = world.anyServer();
  const text = `answer ${world.newId('ans')}`;
  const exhausted = question.kind === 'attempts_exhausted';
  const choice = exhausted ? (world.random.chance(0.8) ? 'retry' : 'cancel') : question.choices[0]?.id;
  const result = await answerQuestion(
    deps,
    PERSON,
    ticket.key,
    { question: question.id, ...(choice === undefined ? { text } : { choice }) },
    {},
  );
  if (isRefusal(result) || exhausted) return;
  const given = result.ticket.questions.find((q) => q.id === question.id)?.answer ?? '';
  world.answers.set(question.id, {
    ticket: ticket.key,
    text: `Q: ${question.text}\nA: ${given}`,
    seq: (await world.store.head()).seq,
  });
}

async function decide(world: World, ticket: Ticket, caller: typeof PERSON): Promise<void> {
  const { deps } = world.anyServer();
  if (ticket.status !== 'in_review') return;
  const transition = world.random.chance(0.7) ? 'accept' : 'request_changes';
  await transitionTicket(
    deps,
    caller,
    ticket.key,
    { transition, feedback: 'better' },
    { ifMatch: ticket.version },
  );
}

/** Leases, thinks, acts; sometimes twice, sometimes too late, sometimes never. */
export async function orchestratorActs(
  world: World,
  caller: Caller = ORCHESTRATOR,
  consumer = 'orc',
): Promise<void> {
  const { random } = world;
  const { deps } = world.anyServer();
  const items = await leaseInbox(deps, caller, {
    consumer,
    max: 2,
    seconds: 1 + random.below(10),
  });
  for (const item of items) {
    if (random.chance(0.2)) continue;
    if (random.chance(0.2)) world.now += random.below(12_000);
    const decision = {
      review: 'accept',
      question: 'answer',
      attempts_exhausted: 'retry',
      alert: 'acknowledge',
      conflict: 'retry',
    } as const;
    const act = {
      deliveryId: item.delivery?.id,
      decision: random.chance(0.1) ? ('escalate' as const) : decision[item.kind],
      reason: 'decided',
      ...(item.kind === 'question' ? await answerOf(world, item.ticket, item.question) : {}),
    };
    const times = random.chance(0.2) ? 2 : 1;
    for (let i = 0; i < times; i += 1) {
      const result = await actOnInbox(deps, caller, item.id, act, {});
      if (!isRefusal(result) && act.decision === 'accept') await sawEffect(world, item);
      if (isRefusal(result) && result.code === 'evidence_incomplete') {
        await actOnInbox(
          deps,
          caller,
          item.id,
          { ...act, decision: 'request_changes', feedback: 'evidence' },
          {},
        );
      }
    }
    await rememberAnswer(world, item.ticket, item.question);
  }
}

/** What was acted has its effect in the same commit: nobody ever sees the one without the other. */
async function sawEffect(world: World, item: { id: string; ticket: string | null; attempt: string | null }) {
  const record = item.ticket === null ? null : await world.store.ticket(item.ticket);
  const loaded = await world.store.inboxItem(item.id);
  if (!record || loaded?.item.result?.decision !== 'accept') return;
  const { state } = record;
  const isUntouched =
    state.status === 'in_review' && state.attempts.at(-1)?.id === item.attempt && state.decision === null;
  if (isUntouched) world.wrongs.push(`${item.id} was acted on with accept, and ${state.key} is as before`);
}

async function answerOf(
  world: World,
  key: string | null,
  id: string | null,
): Promise<{ text?: string; choice?: string }> {
  const record = key === null ? null : await world.store.ticket(key);
  const choice = record?.state.questions.find((q) => q.id === id)?.choices[0]?.id;
  return choice === undefined ? { text: `answer ${world.newId('ans')}` } : { choice };
}

async function rememberAnswer(world: World, key: string | null, id: string | null): Promise<void> {
  const record = key === null ? null : await world.store.ticket(key);
  const question = record?.state.questions.find((q) => q.id === id);
  if (
    !question ||
    question.state !== 'answered' ||
    question.kind === 'attempts_exhausted' ||
    world.answers.has(question.id)
  )
    return;
  world.answers.set(question.id, {
    ticket: key ?? '',
    text: `Q: ${question.text}\nA: ${question.answer ?? ''}`,
    seq: (await world.store.head()).seq,
  });
}

async function reverify(world: World, ticket: Ticket): Promise<void> {
  const evidence = ticket.evidence.find((e) => e.kind === 'check');
  if (evidence) await reverifyEvidence(world.anyServer().deps, PERSON, evidence.id, {});
}

async function acknowledge(world: World): Promise<void> {
  const { deps } = world.anyServer();
  const alert = (await deps.store.alerts({ states: ['open'], limit: 1 })).items[0];
  if (alert) await acknowledgeAlert(deps, PERSON, alert.id, 'seen');
}

/** Those that were open when last seen, or, once all of them are closed, whatever else is open. */
async function openTickets(world: World): Promise<Ticket[]> {
  const seen = await Promise.all([...world.open].map((key) => world.store.ticket(key)));
  let open = seen.flatMap((record) => (record ? [record.state] : [])).filter((t) => !isClosed(t.status));
  if (open.length === 0) {
    const { items } = await world.store.tickets({ sort: 'created', limit: 200 });
    open = items.filter((ticket) => !isClosed(ticket.status));
  }
  world.open = new Set(open.map((ticket) => ticket.key));
  return open;
}

/**
 * When the world heals, people do their part: everything that waits for them is answered and decided. True once every
 * ticket is closed.
 */
export async function peopleSettle(world: World): Promise<boolean> {
  const { deps } = world.anyServer();
  // The orchestrator does its part too, by the inbox; what it leaves, people decide.
  const isLeft = world.muteFor > 0;
  world.muteFor -= isLeft ? 1 : 0;
  if (!isLeft && world.random.chance(0.5)) await orchestratorActs(world);
  const open = await openTickets(world);
  for (const ticket of open) {
    const move = (transition: 'ready' | 'accept' | 'request_changes' | 'hand_in', facts: object = {}) =>
      // Who handed work in may not accept it: the healed world has a second person.
      transitionTicket(
        deps,
        transition === 'hand_in' ? PERSON : REVIEWER,
        ticket.key,
        { transition, ...facts },
        { ifMatch: ticket.version },
      );
    if (ticket.status === 'backlog') await move('ready');
    for (const question of isLeft ? [] : openQuestions(ticket)) {
      const choice = question.kind === 'attempts_exhausted' ? 'retry' : question.choices[0]?.id;
      await answerQuestion(
        deps,
        PERSON,
        ticket.key,
        { question: question.id, ...(choice === undefined ? { text: 'go on' } : { choice }) },
        {},
      );
    }
    if (ticket.status === 'in_review' && !isLeft) {
      // Whoever handed it in tries first, and is refused.
      await transitionTicket(deps, PERSON, ticket.key, { transition: 'accept' }, { ifMatch: ticket.version });
      const accepted = await move('accept');
      if (
        isRefusal(accepted) &&
        accepted.code === 'evidence_incomplete' &&
        !/not verified yet/.test(accepted.detail)
      ) {
        await move('request_changes', { feedback: 'evidence is missing' });
      }
    }
    if (ticket.status === 'todo' && ticket.assignee === 'ada') {
      const commit = deps.sha256(`hand ${ticket.key} ${ticket.version}`).slice(0, 40);
      world.goodCommits.add(commit);
      await move('hand_in', { summary: 'by hand', commit });
    }
    if (ticket.status === 'todo' && ticket.campaign !== null) {
      await editTicket(deps, PERSON, ticket.key, { campaign: null }, { ifMatch: ticket.version });
    }
    const cancelled = (await deps.store.ticketStatuses(ticket.blockedBy)).values();
    if (ticket.status === 'todo' && [...cancelled].includes('cancelled')) {
      await editTicket(deps, PERSON, ticket.key, { blockedBy: [] }, { ifMatch: ticket.version });
    }
  }
  return open.length === 0;
}
