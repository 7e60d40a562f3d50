/**
 * The life of one ticket through the public API, step by step: people, a runner that speaks the protocol, and the agent
 * it would run. A step that was not answered is asked again with the same key until it is; what was answered is held
 * against the server after every restart.
 */
import { ApiClient, ApiProblem } from '../../src/client/api-client.ts';
import type { AttemptOffer, Polled, VerifyOffer } from '../../src/contract/runner-protocol.ts';
import type { Attempt, Comment, Page, Ticket } from '../../src/contract/shapes.ts';

export interface Clients {
  url: string;
  person: ApiClient;
  runner: ApiClient;
}

export interface View {
  ticket: Ticket;
  attempts: Attempt[];
  comments: string[];
}

interface Step {
  name: string;
  run: (story: Story, clients: Clients) => Promise<void>;
  /** What is true for good once the step was answered. */
  holds: (view: View, story: Story) => boolean;
}

const COMMIT = 'c'.repeat(40);
const attempt = (view: View) => view.attempts[0];

const STEPS: Step[] = [
  {
    name: 'create',
    run: async (story, { person }) => {
      const body = { project: 'MC', title: story.title, status: 'todo', profile: 'worker' };
      story.key = (await person.post<Ticket>('/tickets', body, story.once('create'))).key;
    },
    holds: ({ ticket }, story) => ticket.title === story.title,
  },
  {
    name: 'comment',
    run: async (story, { person }) =>
      void (await person.post(
        `/tickets/${story.key}/comments`,
        { text: story.title },
        story.once('comment'),
      )),
    holds: ({ comments }, story) => comments.filter((text) => text === story.title).length === 1,
  },
  {
    name: 'edit',
    run: async (story, { person }) =>
      // The dispatcher may be at the same ticket.
      decided(person, story, (ifMatch) =>
        person.patch(`/tickets/${story.key}`, { labels: ['edited'] }, { ifMatch }),
      ),
    holds: ({ ticket }) => ticket.labels.includes('edited'),
  },
  {
    name: 'accept',
    run: async (story, clients) => {
      story.offer = await story.poll<AttemptOffer>(clients, 'attempt');
      await clients.runner.post(`/attempts/${story.offer.attempt}/accept`, {
        fence: story.offer.fence,
        base: 'b'.repeat(40),
      });
    },
    holds: (view) => attempt(view)?.startedAt !== null && view.attempts.length === 1,
  },
  {
    name: 'progress',
    run: (story, clients) => story.signal(clients, { type: 'progress', text: 'at it' }, 'progress'),
    holds: (view) => attempt(view)?.lastProgress?.text === 'at it',
  },
  {
    name: 'ask',
    run: (story, clients) => story.signal(clients, { type: 'ask', text: 'Which way?' }, 'ask'),
    holds: ({ ticket }) => ticket.questions.filter((q) => q.text === 'Which way?').length === 1,
  },
  {
    name: 'park',
    run: async (story, { runner }) =>
      void (await runner.post(`/attempts/${story.offer.attempt}/park`, {
        fence: story.offer.fence,
        treeGone: true,
        session: story.title,
      })),
    holds: (view, story) => attempt(view)?.session === story.title,
  },
  {
    name: 'answer',
    run: async (story, { person }) => {
      const [question] = (await person.get<Ticket>(`/tickets/${story.key}`)).questions;
      const path = `/tickets/${story.key}/questions/${question?.id}/answer`;
      await person.post(path, { text: 'Left.' }, story.once('answer'));
    },
    holds: ({ ticket }) => ticket.questions[0]?.answer?.includes('Left.') === true,
  },
  {
    name: 'accept again',
    run: async (story, clients) => {
      story.offer = await story.poll<AttemptOffer>(clients, 'attempt');
      if (!story.offer.prompt.includes('Left.')) throw new Error('the answer is not in the prompt');
      await clients.runner.post(`/attempts/${story.offer.attempt}/accept`, { fence: story.offer.fence });
    },
    holds: (view, story) => view.attempts.length === 1 && attempt(view)?.id === story.offer.attempt,
  },
  {
    name: 'submit',
    run: (story, clients) =>
      story.signal(clients, { type: 'submit', summary: 'done', commit: COMMIT }, 'submit'),
    holds: (view) => attempt(view)?.outcome === 'submitted',
  },
  {
    name: 'end',
    run: async (story, { runner }) =>
      void (await runner.post(`/attempts/${story.offer.attempt}/end`, {
        fence: story.offer.fence,
        outcome: 'failed',
        head: COMMIT,
        treeGone: true,
      })),
    holds: (view) => attempt(view)?.state === 'ended' && attempt(view)?.outcome === 'submitted',
  },
  {
    name: 'verify',
    run: async (story, clients) => {
      const { work, fence, evidence } = await story.poll<VerifyOffer>(clients, 'verify');
      await clients.runner.post(`/work/${work}/end`, {
        fence,
        outcome: 'done',
        result: {
          evidence: evidence.map(({ id }) => ({ id, state: 'verified', reason: null, details: {} })),
        },
      });
    },
    holds: ({ ticket }) => ticket.evidence.every((e) => e.state === 'verified'),
  },
  {
    name: 'decide',
    run: async (story, { person }) => {
      const path = `/tickets/${story.key}/transitions`;
      await decided(person, story, (ifMatch) => person.post(path, { transition: 'accept' }, { ifMatch }));
    },
    holds: ({ ticket }) => ticket.status === 'done',
  },
];

/** A change on the version that was seen last; looks again where somebody else was first. */
async function decided(
  person: ApiClient,
  story: Story,
  change: (version: number) => Promise<unknown>,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { version } = await person.get<Ticket>(`/tickets/${story.key}`);
    try {
      await change(version);
      return;
    } catch (error) {
      if (tries > 5 || !(error instanceof ApiProblem) || error.code !== 'version_conflict') throw error;
    }
  }
}

export class Story {
  readonly title: string;
  key = '';
  offer!: AttemptOffer;
  /** How many steps have been answered. */
  answered = 0;

  constructor(title: string) {
    this.title = title;
  }

  get isOver(): boolean {
    return this.answered === STEPS.length;
  }

  once(what: string): { idempotencyKey: string } {
    return { idempotencyKey: `${this.title} ${what}` };
  }

  /** The next step, once; whatever its answer means besides, it was answered when this comes back. */
  async step(clients: Clients): Promise<void> {
    const step = STEPS[this.answered];
    if (!step) return;
    try {
      await step.run(this, clients);
    } catch (error) {
      // An earlier try was carried out, and only its answer was lost: then what it does holds already.
      if (!(error instanceof ApiProblem)) throw error;
      if (this.key === '' || !step.holds(await this.view(clients), this))
        throw new Error(`${this.title}, ${step.name}: ${error.message}`, { cause: error });
    }
    this.answered += 1;
  }

  /** Everything that was answered still holds; what was not has happened once or not at all. */
  async check(clients: Clients): Promise<string[]> {
    if (this.key === '') return [];
    const view = await this.view(clients);
    return STEPS.slice(0, this.answered)
      .filter((step) => !step.holds(view, this))
      .map((step) => `${this.title}: ${step.name} was answered, and is lost: ${JSON.stringify(view)}`);
  }

  async poll<T>(clients: Clients, kind: 'attempt' | 'verify'): Promise<T> {
    const { runner } = clients;
    const { id, instance } = await runner.post<{ id: string; instance: string }>('/runners', {
      name: 'stub',
      slots: 5,
      version: '1',
    });
    const until = Date.now() + 30_000;
    while (Date.now() < until) {
      const body = { freeSlots: 5, waitMs: 1000, instance };
      const { offers } = await runner.post<Polled>(`/runners/${id}/poll`, body);
      const offer = offers.find((one) => one.kind === kind && one.ticket === this.key);
      if (offer) return offer as T;
      // A try of this step whose answer was lost may have taken it.
      const { ticket, attempts } = await this.view(clients);
      const isTaken = kind === 'attempt' ? attempts[0]?.state === 'running' : false;
      if (isTaken && this.offer !== undefined && attempts[0]?.id === this.offer.attempt)
        return this.offer as T;
      if (kind === 'verify' && ticket.evidence.every((e) => e.state === 'verified'))
        return { work: 'none', fence: 0, evidence: [] } as T;
    }
    throw new Error(`${this.title}: no ${kind} was offered`);
  }

  async signal({ url }: Clients, signal: object, what: string): Promise<void> {
    const agent = new ApiClient(url, this.offer.token);
    await agent.post(`/attempts/self/signals`, signal, this.once(what));
  }

  async view({ person }: Clients): Promise<View> {
    const [ticket, attempts, comments] = await Promise.all([
      person.get<Ticket>(`/tickets/${this.key}`),
      person.get<Page<Attempt>>(`/tickets/${this.key}/attempts`),
      person.get<Page<Comment>>(`/tickets/${this.key}/comments`),
    ]);
    return {
      ticket,
      attempts: attempts.items,
      comments: comments.items.map((comment) => comment.text),
    };
  }
}
