/** What the board shows, kept in the address. Typing is taken over when it rests for a moment. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { ListFilter, Search, X } from 'lucide-react';
import { useEffect, useId, useState, type ComponentProps } from 'react';
import { profilesQuery, projectsQuery } from '../../api/queries.ts';
import { keptTickets } from '../../parts/filter-tickets.ts';
import type { BoardSearch } from '../../router.tsx';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';

export function BoardFilters() {
  const search = useSearch({ from: '/inside/board' });
  const navigate = useNavigate();
  const projects = useQuery(projectsQuery).data?.items ?? [];
  const profiles = useQuery(profilesQuery).data?.items ?? [];
  const [open, setOpen] = useState(false);
  const [labels] = useState(() => [...new Set(keptTickets().flatMap((t) => t.labels))].sort().slice(0, 100));
  const id = useId();
  const set = (part: Partial<BoardSearch>): void =>
    void navigate({ to: '/board', search: (old) => ({ ...old, ...part }) as BoardSearch, replace: true });
  const active = [search.project, search.label, search.assignee].filter(Boolean).length;
  return (
    <div className="flex flex-wrap items-center gap-2 pb-2.5">
      <div className="relative min-w-40 flex-1 sm:max-w-64">
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
      <div className={cx('flex-wrap gap-2 max-sm:w-full', open ? 'flex' : 'hidden sm:flex')}>
        <select
          className="control w-auto! max-sm:w-full!"
          aria-label="Project"
          value={search.project}
          onChange={(e) => set({ project: e.target.value })}
        >
          <option value="">All projects</option>
          {projects.map((p) => (
            <option key={p.key} value={p.key}>
              {p.key} · {p.name}
            </option>
          ))}
        </select>
        <RestingInput
          className="control w-32! max-sm:w-full!"
          aria-label="Label"
          placeholder="Label"
          list={`${id}-labels`}
          value={search.label}
          onRest={(label) => set({ label })}
        />
        <datalist id={`${id}-labels`}>
          {labels.map((label) => (
            <option key={label} value={label} />
          ))}
        </datalist>
        <RestingInput
          className="control w-36! max-sm:w-full!"
          aria-label="Assignee"
          placeholder="Assignee"
          list={`${id}-assignees`}
          value={search.assignee}
          onRest={(assignee) => set({ assignee })}
        />
        <datalist id={`${id}-assignees`}>
          {profiles.map((p) => (
            <option key={p.id} value={p.id} />
          ))}
        </datalist>
        {(active > 0 || search.q !== '') && (
          <Button
            tone="ghost"
            icon={<X size={14} aria-hidden />}
            onClick={() => set({ project: '', label: '', assignee: '', q: '' })}
          >
            Clear
          </Button>
        )}
      </div>
    </div>
  );
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
