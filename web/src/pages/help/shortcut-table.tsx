/** The keys, in one place: the dialog behind `?` and the page Help show the same. */
import { PLACES } from '../../shell/navigation.ts';
import { setKeysOn, useKeysOn } from '../../shell/preferences.ts';

const GROUPS: { title: string; rows: [string[], string][] }[] = [
  {
    title: 'Everywhere',
    rows: [
      [['Ctrl/⌘', 'K'], 'Search and commands'],
      [['/'], 'Search'],
      [['C'], 'New ticket'],
      [['?'], 'These keys'],
      [['Esc'], 'Close what is open'],
      [['Ctrl/⌘', 'Enter'], 'Send what is being written'],
    ],
  },
  {
    title: 'In lists and on the board',
    rows: [
      [['J'], 'Next'],
      [['K'], 'Previous'],
      [['Enter'], 'Open'],
      [['X'], 'Choose, or choose no more; Shift and X, or Shift and a click: all up to here'],
      [['Esc'], 'Choose none'],
      [['Space'], 'Lift a ticket; arrows choose the column, Space drops it'],
    ],
  },
  {
    title: 'On a ticket: in focus, under the pointer, open, or all that are chosen',
    rows: [
      [['E'], 'Edit'],
      [['S'], 'State: what is possible, and why the rest is not'],
      [['P'], 'Priority'],
      [['A'], 'Agent'],
      [['L'], 'Label'],
      [['Ctrl/⌘', 'Z'], 'Undo, for ten seconds'],
    ],
  },
  {
    title: 'Go to',
    rows: PLACES.map((place) => [['G', place.letter.toUpperCase()], place.label]),
  },
];

export function ShortcutTable() {
  const on = useKeysOn();
  return (
    <div className="space-y-4">
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3 className="text-muted mb-1.5 text-xs font-medium">{group.title}</h3>
            <dl className="space-y-1">
              {group.rows.map(([keys, does]) => (
                <div key={does} className="flex items-center gap-3 text-sm">
                  <dt className="flex-1">{does}</dt>
                  <dd className="flex shrink-0 gap-1">
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="tap flex items-center gap-2 text-sm">
        <input
          type="checkbox"
          className="size-4"
          checked={on}
          onChange={(e) => setKeysOn(e.target.checked)}
        />
        Single keys do things (turn this off for speech input; Ctrl/⌘ K always works)
      </label>
    </div>
  );
}
