/** Views under a name. An address holds a whole view, so a saved one is an address; this browser keeps the list. */
import { Bookmark, BookmarkPlus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { ExportButtons } from '../../parts/export-buttons.tsx';
import { setSavedViews, useSavedViews } from '../../shell/preferences.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.ts';
import { type BoardSearch, filterOf, queryOf, searchOfQuery, USUAL_VIEWS } from './view.ts';
import { navigate } from '../../router/history.ts';

export default function SavedViews({ search, onClose }: { search: BoardSearch; onClose: () => void }) {
  const saved = useSavedViews();
  const [name, setName] = useState('');
  const query = queryOf(search);
  const go = (to: string): void => {
    onClose();
    navigate({ to: '/board', search: searchOfQuery(to) });
  };
  return (
    <Dialog
      title="Views"
      description="The address holds the whole view, so it can be sent to anybody. The names are kept in this browser."
      onClose={onClose}
    >
      <ul className="-mx-2 space-y-0.5">
        {[...saved, ...USUAL_VIEWS].map((view, i) => (
          <li key={`${view.name}${i}`} className="flex items-center">
            <button
              type="button"
              aria-current={view.query === query || undefined}
              onClick={() => go(view.query)}
              className="tap hover:bg-hover aria-[current]:bg-hover flex min-h-9 min-w-0 flex-1 items-center gap-2 rounded-md px-2 text-left text-sm"
            >
              <Bookmark
                size={14}
                aria-hidden
                className={i < saved.length ? 'text-accent fill-current' : 'text-faint'}
              />
              <span className="truncate">{view.name}</span>
            </button>
            {i < saved.length && (
              <IconButton
                label={`Forget the view ${view.name}`}
                onClick={() => setSavedViews(saved.filter((each) => each !== view))}
              >
                <Trash2 size={14} aria-hidden />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
      <form
        className="border-line mt-3 flex items-end gap-2 border-t pt-3"
        onSubmit={(event) => {
          event.preventDefault();
          const given = name.trim();
          if (given === '') return;
          setSavedViews([...saved.filter((view) => view.name !== given), { name: given, query }]);
          setName('');
          onClose();
          toast.success(`The view ${given} is saved in this browser`);
        }}
      >
        <Field label="Save what is shown now as" className="flex-1">
          {(c) => (
            <input
              {...c}
              className="control"
              maxLength={60}
              placeholder="My reviews"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Button
          type="submit"
          tone="primary"
          icon={<BookmarkPlus size={14} aria-hidden />}
          blocked={name.trim() === '' && 'Give it a name first.'}
        >
          Save
        </Button>
      </form>
      <div className="border-line mt-3 border-t pt-3">
        <p className="text-muted mb-2 text-xs">What is shown now, as a file:</p>
        <ExportButtons filter={filterOf(search)} name="board" />
      </div>
    </Dialog>
  );
}
