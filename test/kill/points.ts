/** Every point at which a server is killed: each boundary of a transaction, alone and with each type of event in it. */
import { COMMIT_POINTS } from '../../src/store/commit-points.ts';

/** The types of events that the stories write; the test compares them with the log. */
export const EVENT_TYPES = [
  'ticket.created',
  'ticket.commented',
  'ticket.changed',
  'ticket.transitioned',
  'attempt.offered',
  'attempt.started',
  'attempt.progressed',
  'attempt.stopping',
  'attempt.parked',
  'attempt.ended',
  'question.opened',
  'question.answered',
  'evidence.claimed',
  'evidence.required',
  'evidence.verified',
  'inbox.created',
  'inbox.acted',
  'runner.changed',
] as const;

/** At which passing of a point: the first ones fall into the start, the later ones into the work. */
const HITS = [1, 2, 3, 5, 8, 12, 17, 23, 30, 38];

const [begun, ...withEvents] = COMMIT_POINTS;

export const POINTS: string[] = [
  ...COMMIT_POINTS.flatMap((point) => HITS.map((hit) => `${point}:kill@${hit}`)),
  ...withEvents.flatMap((point) => EVENT_TYPES.map((type) => `${point}/${type}:kill@1`)),
  ...EVENT_TYPES.flatMap((type) => [`before-commit/${type}:kill@2`, `after-commit/${type}:kill@2`]),
  ...HITS.map((hit) => `${begun}:kill@${hit + 4}`),
  ...HITS.map((hit) => `after-commit:kill@${hit + 40}`),
];

/** Every second one, so that two files can share them. */
export const half = (which: 0 | 1): string[] => POINTS.filter((_, index) => index % 2 === which);
