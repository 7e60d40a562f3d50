/**
 * An event of the stream as one line for people. Events name attempts and evidence by id; this remembers what it has
 * seen of them, so that a line can say *check test verified* instead of an id that says nothing.
 */
import { join, line, text, type Safe } from '../../terminal/safe-text.ts';
import { coloured, labelOf, type Style } from '../../terminal/style.ts';

/** The `data` of a frame, as the API sends it. */
export interface StreamedEvent {
  seq: number;
  type: string;
  ticket: string | null;
  at: string;
  data: Record<string, unknown>;
}

/** What the machinery notes down for itself; people read it with --all. */
const QUIET = new Set([
  'attempt.offered',
  'attempt.stopping',
  'evidence.claimed',
  'evidence.required',
  'evidence.reverifying',
  'inbox.delivered',
  'inbox.returned',
]);

const word = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
const firstLine = (value: unknown): string => word(value).split('\n')[0] ?? '';
const spaced = (value: unknown): string => word(value).replaceAll('_', ' ');

export class FrameDescriber {
  readonly #style: Style;
  readonly #all: boolean;
  readonly #names = new Map<string, string>();

  constructor(style: Style, all: boolean) {
    this.#style = style;
    this.#all = all;
  }

  /** null for what is not shown. */
  describe(event: StreamedEvent): Safe | null {
    this.#remember(event);
    const isSubmission = event.type === 'attempt.stopping' && word(event.data['summary']) !== '';
    // That an alert was seen again, or not, is counted for its page; that it became worse is news.
    const isCounting = event.type === 'alert.changed' && word(event.data['severity']) === '';
    if (!this.#all && (isCounting || QUIET.has(event.type)) && !isSubmission) return null;
    const time = new Date(event.at).toTimeString().slice(0, 8);
    const parts = [
      this.#style.dim(time),
      this.#style.bold((event.ticket ?? '').padEnd(8)),
      this.#sentence(event),
    ];
    return join(parts, ' ');
  }

  #remember({ type, data }: StreamedEvent): void {
    if (type === 'attempt.offered') {
      const profile = word(data['profile']);
      this.#names.set(word(data['attempt']), `attempt ${word(data['number'])}${profile && ` (${profile})`}`);
    } else if (type === 'evidence.claimed') {
      const claim = (data['claim'] ?? {}) as Record<string, unknown>;
      this.#names.set(word(data['evidence']), `${word(data['kind'])} ${word(claim['name'])}`.trim());
    }
  }

  #nameOf(id: unknown, otherwise: string): string {
    return this.#names.get(word(id)) ?? otherwise;
  }

  #sentence({ type, data }: StreamedEvent): Safe {
    const style = this.#style;
    const attempt = this.#nameOf(data['attempt'], 'attempt');
    const evidence = this.#nameOf(data['evidence'], 'evidence');
    switch (type) {
      case 'ticket.created':
        return text`created in ${spaced(data['status'])}: ${word(data['title'])}`;
      case 'ticket.changed':
        return text`changed: ${Object.keys((data['set'] as object | undefined) ?? {}).join(', ')}`;
      case 'ticket.commented':
        return text`commented: ${firstLine(data['text'])}`;
      case 'ticket.transitioned': {
        const to = word(data['to']);
        const why = firstLine(data['reason'] ?? data['feedback']);
        return text`${spaced(data['from'])} → ${coloured(style, to, spaced(to))} ${style.dim(`${spaced(data['transition'])}${why && `: ${why}`}`)}`;
      }
      case 'attempt.started':
        return text`${attempt} ${style.cyan('started')}`;
      case 'attempt.progressed': {
        const percent = data['percent'];
        return text`${style.cyan('▸')} ${word(data['text'])} ${style.dim(typeof percent === 'number' ? `${percent} %` : '')}`;
      }
      case 'attempt.stopping': {
        const summary = firstLine(data['summary']);
        return summary === ''
          ? text`${attempt} is being stopped: ${word(data['reason'])}`
          : text`${attempt} handed in: ${summary}`;
      }
      case 'attempt.parked':
        return text`${attempt} ${style.yellow('parked')}`;
      case 'attempt.ended': {
        const outcome = word(data['outcome']);
        const why = firstLine(data['reason']);
        return text`${attempt} ended: ${coloured(style, outcome, spaced(outcome))}${why && `, ${why}`}`;
      }
      case 'question.opened':
        return text`${style.yellow('?')} ${firstLine(data['text'])}`;
      case 'question.answered':
        return text`${word(data['by'])} answered: ${firstLine(data['answer'])}`;
      case 'evidence.verified':
        return text`${style.green('✓')} ${evidence} verified`;
      case 'evidence.refuted':
        return text`${style.red('✗')} ${evidence} refuted: ${firstLine(data['reason'])}`;
      case 'evidence.unverifiable':
        return text`${style.yellow('…')} ${evidence} could not be verified: ${firstLine(data['reason'])}`;
      case 'landing.recorded':
        return text`accepted; it is to land by ${spaced(data['mode'])}`;
      case 'landing.intended':
        return text`${style.cyan('▸')} ${word(data['commit']).slice(0, 12)} is being pushed to ${word(data['branch'])}`;
      case 'landing.pushed':
      case 'landing.merged':
        return text`${style.green('✓')} ${word(data['commit']).slice(0, 12)} ${type === 'landing.merged' ? 'was merged' : 'is pushed'}`;
      case 'landing.ended':
        return text`${style.red('✗')} did not land: ${firstLine(data['reason'])}`;
      case 'waiver.granted':
        return text`${word(data['by'])} waived ${word(data['kind'])}: ${firstLine(data['reason'])}`;
      case 'inbox.created':
        return text`${style.yellow('to decide')} by ${data['for'] === 'orchestrator' ? 'the orchestrator' : 'a person'}: ${firstLine(data['subject'])}`;
      case 'inbox.acted': {
        const result = (data['result'] ?? {}) as Record<string, unknown>;
        return text`decided by ${word(result['by'])}: ${spaced(result['decision'])} ${style.dim(firstLine(result['reason']))}`;
      }
      default:
        return this.#generic(type, data);
    }
  }

  /** What has no sentence of its own yet is told with whatever tells something. */
  #generic(type: string, data: Record<string, unknown>): Safe {
    const [noun = '', verb = ''] = type.split('.');
    const set = Object.keys((data['set'] as object | undefined) ?? {}).join(', ');
    const told = ['severity', 'subject', 'detail', 'name', 'key', 'reason'].map((name) =>
      firstLine(data[name]),
    );
    const words = [...told, set].filter((each) => each !== '').join(' · ');
    return text`${line(labelOf(noun))} ${coloured(this.#style, verb, spaced(verb))} ${words}`;
  }
}
