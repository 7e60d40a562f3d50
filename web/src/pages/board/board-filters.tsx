/** What the board shows, kept in the address. Typing is taken over when it rests for a moment. */
import { useQuery } from '@tanstack/react-query';
import { ArrowUpDown, Group, ListFilter, Search, X } from 'lucide-react';
import { useEffect, useId, useState, type ComponentProps, type ReactNode } from 'react';
import { TICKET_STATUSES } from '../../../../src/domain/words.ts';
import { campaignsQuery, profilesQuery, projectsQuery, ticketGroupsQuery } from '../../api/queries.ts';
import { PRIORITY_WORDS, STATUS_WORDS } from '../../format/words.ts';
import { keptTickets } from '../../parts/filter-tickets.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { useIsIdle } from '../../ui/when-idle.ts';
import {
  areColumnsStatuses,
  type BoardSearch,
  countFilters,
  GROUPING_WORDS,
  GROUPINGS,
  groupingOf,
  NONE,
  shapeOf,
  SORT_WORDS,
  SORTS,
  sortOf,
} from './view.ts';
import { changeView } from './change-view.ts';

const NO_FILTER = { project: '', status: '', agent: '', campaign: '', priority: '', label: '', q: '' };

export function BoardFilters({ search }: { search: BoardSearch }) {
  // What one may choose comes after what one looks at.
  const enabled = useIsIdle();
  const projects = useQuery({ ...projectsQuery, enabled }).data?.items ?? [];
  const campaigns = useQuery({ ...campaignsQuery, enabled }).data?.items ?? [];
  const profiles = useQuery({ ...profilesQuery, enabled }).data?.items ?? [];
  const agents = useQuery({ ...ticketGroupsQuery({}, 'agent'), enabled }).data?.items ?? [];
  const [open, setOpen] = useState(false);
  const id = useId();
  const set = changeView;
  const active = countFilters(search);
  const shape = shapeOf(search);
  const everyAgent = [
    ...new Set([...profiles.map((p) => p.id), ...agents.flatMap(({ value }) => value ?? [])]),
  ];
  return (
    <div className="flex flex-wrap items-start gap-1.5 pb-2.5">
      <div className="relative min-w-36 flex-1 sm:max-w-56">
        <Search
          size={14}
          className="text-faint pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2"
          aria-hidden
        />
        <RestingInput
          className="control pl-8!"
          type="search"
          data-search
          aria-label="Search tickets"
          placeholder="Search …"
          value={search.q}
          onRest={(q) => set({ q })}
        />
      </div>
      <Button
        className="sm:hidden"
        aria-expanded={open}
        icon={<ListFilter size={15} aria-hidden />}
        onClick={() => setOpen(!open)}
      >
        Filter{active > 0 ? ` (${active})` : ''}
      </Button>
      <div
        className={cx('min-w-0 flex-wrap gap-1.5 max-sm:w-full sm:flex-1', open ? 'flex' : 'hidden sm:flex')}
      >
        {!areColumnsStatuses(search) && (
          <Choice label="State" value={search.status} onChange={(status) => set({ status })}>
            <option value="">{shape === 'timeline' ? 'Every state' : 'Open'}</option>
            {shape !== 'timeline' && <option value="all">Every state</option>}
            {TICKET_STATUSES.map((status) => (
              <option key={status} value={status}>
                {STATUS_WORDS[status]}
              </option>
            ))}
          </Choice>
        )}
        <Choice label="Project" value={search.project} onChange={(project) => set({ project })}>
          <option value="">Project</option>
          {projects.map((p) => (
            <option key={p.key} value={p.key}>
              {p.key} · {p.name}
            </option>
          ))}
        </Choice>
        <Choice label="Agent" value={search.agent} onChange={(agent) => set({ agent })}>
          <option value="">Agent</option>
          <option value={NONE}>The project’s</option>
          {everyAgent.map((agent) => (
            <option key={agent}>{agent}</option>
          ))}
        </Choice>
        <Choice label="Campaign" value={search.campaign} onChange={(campaign) => set({ campaign })}>
          <option value="">Campaign</option>
          <option value={NONE}>None</option>
          {campaigns.map((c) => (
            <option key={c.key} value={c.key}>
              {c.name}
            </option>
          ))}
        </Choice>
        <Choice label="Priority" value={search.priority} onChange={(priority) => set({ priority })}>
          <option value="">Priority</option>
          {PRIORITY_WORDS.map((word, priority) => (
            <option key={word} value={priority}>
              {word}
            </option>
          ))}
        </Choice>
        <RestingInput
          className={cx('control w-24! max-sm:w-full!', search.label && 'border-accent!')}
          aria-label="Label"
          placeholder="Label"
          list={`${id}-labels`}
          value={search.label}
          onRest={(label) => set({ label })}
        />
        <datalist id={`${id}-labels`}>
          <KnownLabels />
        </datalist>
        {(active > 0 || search.q !== '') && (
          <Button tone="ghost" icon={<X size={14} aria-hidden />} onClick={() => set(NO_FILTER)}>
            Clear
          </Button>
        )}
        <span className="flex gap-1.5 max-sm:w-full sm:ml-auto">
          {shape !== 'timeline' && (
            <Choice
              label="Group by"
              icon={<Group size={13} aria-hidden />}
              value={groupingOf(search)}
              onChange={(group) => set({ group: group === 'status' ? '' : group, column: '' })}
              usual="status"
            >
              {GROUPINGS.map((group) => (
                <option key={group} value={group}>
                  By {GROUPING_WORDS[group].toLowerCase()}
                </option>
              ))}
            </Choice>
          )}
          <Choice
            label="Sort"
            icon={<ArrowUpDown size={13} aria-hidden />}
            value={sortOf(search)}
            onChange={(sort) => set({ sort: sort === 'dispatch' ? '' : sort })}
            usual="dispatch"
          >
            {SORTS.map((sort) => (
              <option key={sort} value={sort}>
                {SORT_WORDS[sort]}
              </option>
            ))}
          </Choice>
        </span>
      </div>
    </div>
  );
}

/** A select that is as wide as what it says, and marked when it narrows the view. */
function Choice({
  label,
  value,
  usual = '',
  icon,
  onChange,
  children,
}: {
  label: string;
  value: string;
  usual?: string;
  icon?: ReactNode;
  onChange: (value: string) => void;
  children: ReactNode;
}) {
  // What was chosen is shown at once, while the page that it leads to is still being drawn.
  const [shown, setShown] = useState(value);
  const [taken, setTaken] = useState(value);
  if (value !== taken) {
    setTaken(value);
    setShown(value);
  }
  return (
    <span className="relative max-sm:w-full">
      {icon && (
        <span className="text-faint pointer-events-none absolute top-1/2 left-2 -translate-y-1/2">
          {icon}
        </span>
      )}
      <select
        className={cx(
          'control field-sizing-content w-auto! max-w-36 max-sm:w-full! max-sm:max-w-none',
          icon !== undefined && 'pl-7!',
          shown !== usual && 'border-accent! font-medium',
        )}
        aria-label={label}
        title={label}
        value={shown}
        onChange={(event) => {
          setShown(event.target.value);
          onChange(event.target.value);
        }}
      >
        {children}
      </select>
    </span>
  );
}

function KnownLabels() {
  const [labels] = useState(() => [...new Set(keptTickets().flatMap((t) => t.labels))].sort().slice(0, 100));
  return labels.map((label) => <option key={label} value={label} />);
}

function RestingInput({
  value,
  onRest,
  ...rest
}: Omit<ComponentProps<'input'>, 'value' | 'onChange'> & {
  value: string;
  onRest: (value: string) => void;
  'data-search'?: boolean;
}) {
  const [text, setText] = useState(value);
  const [taken, setTaken] = useState(value);
  // The address may change by other hands: Back, a link, Clear.
  if (value !== taken) {
    setTaken(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onRest(text.trim()), 250);
    return () => clearTimeout(timer);
  });
  return <input {...rest} value={text} onChange={(e) => setText(e.target.value)} />;
}
