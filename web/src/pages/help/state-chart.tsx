/** The states and every way between them, for the eye; the list under it says in words what each state is. */
import type { TicketStatus } from '../../../../src/domain/words.ts';
import { STATUS_WORDS } from '../../format/words.ts';

const BOXES: Record<TicketStatus, [x: number, y: number]> = {
  backlog: [2, 50],
  todo: [136, 50],
  in_progress: [270, 50],
  in_review: [404, 50],
  done: [538, 50],
  needs_input: [270, 122],
  cancelled: [538, 122],
};

/** `from>to`, and its line. Cancelling, possible from every open state, is one dashed arrow: five would hide the rest. */
export const WAYS: Record<string, string> = {
  'backlog>todo': 'M96 61h36',
  'todo>backlog': 'M136 71h-36',
  'todo>in_progress': 'M230 61h36',
  'in_progress>todo': 'M270 71h-36',
  'in_progress>in_review': 'M364 65h36',
  'in_review>done': 'M498 65h36',
  'in_progress>needs_input': 'M302 82v36',
  'needs_input>in_progress': 'M330 120v-36',
  'in_review>needs_input': 'M440 82c0 38-20 50-72 50',
  'in_review>todo': 'M424 48c-20-28-206-28-226-3',
  'todo>in_review': 'M176 48c24-48 246-48 272-3',
  'done>todo': 'M630 66h7v102H160V84',
  'cancelled>todo': 'M584 154v14H160V84',
};

const LABELS: [x: number, y: number, text: string][] = [
  [312, 9, 'a person hands it in'],
  [312, 45, 'changes requested'],
  [400, 182, 'reopened, from Cancelled or Done'],
];

export function StateChart() {
  return (
    // A phone scrolls it sideways: smaller, nobody could read it.
    <div className="overflow-x-auto" role="group" aria-label="The states as a picture" tabIndex={0}>
      <svg viewBox="0 -4 640 192" className="h-auto w-full min-w-xl" aria-hidden>
        <defs>
          <marker
            id="tip"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="6"
            markerHeight="6"
            orient="auto-start-reverse"
          >
            <path d="M0 0 8 4 0 8z" className="fill-control-line" />
          </marker>
        </defs>
        {Object.entries(WAYS).map(([way, line]) => (
          <path
            key={way}
            data-way={way}
            d={line}
            className="stroke-control-line fill-none"
            markerEnd="url(#tip)"
          />
        ))}
        <path
          d="M512 137h22"
          className="stroke-control-line fill-none"
          strokeDasharray="3 3"
          markerEnd="url(#tip)"
        />
        <text x="508" y="141" textAnchor="end" className="fill-muted text-[11px]">
          any open state
        </text>
        {LABELS.map(([x, y, text]) => (
          <text key={text} x={x} y={y} textAnchor="middle" className="fill-muted text-[11px]">
            {text}
          </text>
        ))}
        {(Object.keys(BOXES) as TicketStatus[]).map((status) => {
          const [x, y] = BOXES[status];
          return (
            <g key={status}>
              <rect x={x} y={y} width="92" height="32" rx="7" className="fill-surface stroke-line-strong" />
              <text x={x + 46} y={y + 20} textAnchor="middle" className="fill-text text-[11px]">
                {STATUS_WORDS[status]}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
