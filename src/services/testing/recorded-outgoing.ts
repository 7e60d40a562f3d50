/** A way out that leads nowhere: requests are kept, and answered as a test says. Whatever is pushed stays readable. */
import type { Outgoing, OutgoingAnswer, OutgoingRequest } from '../notify/outgoing.ts';

export interface RecordedOutgoing extends Outgoing {
  requests: OutgoingRequest[];
  answer: (request: OutgoingRequest) => OutgoingAnswer | Promise<OutgoingAnswer>;
}

export const answered = (status: number, text = ''): OutgoingAnswer => ({
  answered: true,
  status,
  text,
  retryAfterMs: null,
});

export function recordedOutgoing(): RecordedOutgoing {
  const recorded: RecordedOutgoing = {
    requests: [],
    answer: () => answered(204),
    post: async (request) => {
      recorded.requests.push(request);
      return recorded.answer(request);
    },
    problemOf: (url) => (url.startsWith('https://') ? null : 'use https'),
    pushKey: () => Promise.resolve('key'),
    pushRequest: ({ endpoint = '' }, { payload, urgency, topic }) =>
      Promise.resolve({ url: endpoint, headers: { urgency, topic }, body: payload }),
  };
  return recorded;
}
