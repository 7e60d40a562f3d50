/** Exercised, with their effect after a reload, by tests of other files: the title stands there. */
export const ELSEWHERE: { file: string; title: string; covers: Record<string, string[]> }[] = [
  {
    file: 'decisions.test.ts',
    title: 'answers a question from Home with one press, and the agent goes on with it',
    covers: {
      home: ['button: Blue', 'button: Red'],
      inbox: ['button: Blue', 'button: Red'],
      'ticket that asks': ['button: Blue', 'button: Red'],
    },
  },
  {
    file: 'decisions.test.ts',
    title: 'answers in words, and keeps the words when the server says no',
    covers: { home: ['button: Answer'], inbox: ['button: Answer'], 'ticket that asks': ['button: Answer'] },
  },
  {
    file: 'decisions.test.ts',
    title: 'decides a review: sees the diff, asks for changes, then accepts',
    covers: {
      home: ['button: Accept', 'button: Request changes'],
      inbox: ['button: Accept', 'button: Request changes'],
      'ticket in review': ['button: Accept', 'button: Request changes'],
    },
  },
  {
    file: 'decisions.test.ts',
    title: 'gives a ticket whose agent gave up to another profile, as one decision',
    covers: {
      home: ['button: Try again', 'button: Cancel the ticket', 'choice: With another profile'],
      inbox: ['button: Try again', 'button: Cancel the ticket', 'choice: With another profile'],
      'ticket out of attempts': [
        'button: Try again',
        'button: Cancel the ticket',
        'choice: With another profile',
      ],
    },
  },
  {
    file: 'bulk-edit.test.ts',
    title: 'takes those chosen by X, by Shift and a click, and by their boxes; one message takes it all back',
    covers: { board: ['box: Choose KEY'], list: ['box: Choose KEY'] },
  },
  {
    file: 'bulk-edit.test.ts',
    title: 'takes a whole column, to its end',
    covers: Object.fromEntries(
      ['board', 'list'].map((surface) => [
        surface,
        ['Backlog', 'Done', 'In review', 'Needs input', 'To do'].map(
          (state) => `box: Choose all of ${state}`,
        ),
      ]),
    ),
  },
  {
    file: 'board-views.test.ts',
    title: 'keeps a fold when one comes back',
    covers: {
      board: [
        ...['Backlog', 'Done', 'In review', 'Needs input', 'To do'].map((state) => `button: Fold ${state}`),
        ...['Cancelled', 'In progress'].map((state) => `button: Unfold ${state}N`),
      ],
    },
  },
  {
    file: 'board-views.test.ts',
    title: 'is saved under a name in this browser, found again in the palette, and forgotten',
    covers: {
      board: ['button: Views'],
      list: ['button: Views'],
      timeline: ['button: Views'],
      views: [
        'button: Close',
        'button: Save',
        ...[
          'By agent',
          'Everything, by state',
          'In review, longest first',
          'Urgent and open',
          'What ran lately',
        ].map((view) => `button: ${view}`),
      ],
    },
  },
  {
    file: 'transfer.test.ts',
    title: 'goes out as a file: all of it from Settings, what is shown from the board',
    covers: {
      views: ['button: Export CSV', 'button: Export JSON'],
      settings: ['button: Export CSV', 'button: Export JSON'],
    },
  },
  {
    file: 'transfer.test.ts',
    title: 'is shown before it is made, made on a click, and not made again',
    covers: { settings: ['button: Import tickets'], import: ['button: Close', 'file: File'] },
  },
  {
    file: 'settings.test.ts',
    title: 'is changed on its page, and stands after a reload; a wrong line says what is wrong with it',
    covers: {
      settings: [
        'box: Enable a pickup that was disabled, when tickets wait for it and nobody has acknowledged the alert that says so',
        'button: Add a window',
        'button: Save the policy',
      ],
    },
  },
  {
    file: 'settings.test.ts',
    title: 'is set for one ticket in its form, shown as its own, and given back to the project',
    covers: Object.fromEntries(
      ['new ticket', 'edit ticket', 'recurring ticket', 'project'].map((surface) => [
        surface,
        [
          ...['Artifact', 'Check', 'Commit', 'Deploy', 'Review', 'Signal', 'test'].map(
            (kind) => `box: ${kind}`,
          ),
          'choice: After acceptance',
          'choice: Decided by',
        ],
      ]),
    ),
  },
  {
    file: 'board.test.ts',
    title: 'makes a ticket with C, and leads to it',
    covers: {
      'new ticket': [
        'button: Close',
        'button: Create ticket',
        'choice: Campaignoptional',
        'choice: Priority',
        'choice: Profile',
        'choice: Project',
        'choice: Start in',
        'more: More',
      ],
    },
  },
  {
    file: 'recurring.test.ts',
    title: 'are set up with their next three runs in sight, and changed; a reload shows the same',
    covers: {
      jobs: ['button: New recurring ticket', 'button: Edit Count the stars'],
      'recurring ticket': [
        'button: Close',
        'button: Set it up',
        'choice: Campaignoptional',
        'choice: Priority',
        'choice: Profile',
        'choice: Project',
        'choice: Runs missed while the server was down',
        'more: More',
        ...['Every hour', 'Every night', 'First of the month', 'Mondays', 'Weekdays'].map(
          (each) => `button: ${each}`,
        ),
      ],
    },
  },
  {
    file: 'review.test.ts',
    title: 'draws a long file a stretch at a time, and folds what one has seen',
    covers: {
      'ticket in review': [
        'box: Viewed README.md',
        'box: Viewed long.txt',
        'button: N more lines',
        'button: README.md+N−N',
        'button: long.txt+N−N',
        'link: README.md+N−N',
        'link: long.txt+N−N',
        'more: N files+N−N of N viewed',
      ],
    },
  },
  {
    file: 'review.test.ts',
    title:
      'takes comments on both sides, by keyboard too, keeps them over a reload, and forgets what is deleted',
    covers: {
      'ticket in review': ['button: Comment on line N', 'button: Comment on line N as it was before'],
    },
  },
  {
    file: 'long-output.test.ts',
    title: 'gives all of it as a file',
    covers: { attempt: ['button: Download'] },
  },
  {
    file: 'long-output.test.ts',
    title: 'finds words in all of it, steps through them, and marks them',
    covers: { attempt: ['button: Find'] },
  },
  {
    file: 'live.test.ts',
    title: 'shows a pause on every page, and resumes from there',
    covers: {
      sidebar: ['button: Pause all work …'],
      pause: [
        'button: Close',
        'button: Pause',
        'box: Also stop what is running now (no retry is spent; the work is kept)',
      ],
    },
  },
  {
    file: 'pages.test.ts',
    title: 'does what the theme switch says, and remembers it',
    covers: { sidebar: ['button: Theme: as the system'] },
  },
  {
    file: 'keyboard.test.ts',
    title: 'single keys do nothing once they are turned off, and ⌘K still does',
    covers: {
      help: ['box: Single keys do things (turn this off for speech input; Ctrl/⌘ K always works)'],
      shortcuts: [
        'button: Close',
        'box: Single keys do things (turn this off for speech input; Ctrl/⌘ K always works)',
      ],
    },
  },
  {
    file: 'bulk-edit.test.ts',
    title: 'gives, labels, cancels and takes back, each with its effect there after a reload',
    covers: { '*': ['button: Cancel ticket'] },
  },
  {
    file: 'notifications.test.ts',
    title: 'keeps what one chooses: ways, quiet hours in one’s own zone, and what is muted',
    covers: {
      settings: [
        ...[
          'Conflict',
          'Critical alert',
          'Done',
          'Handed to people',
          'No retry left',
          'Note',
          'Overdue',
          'Paused, resumed',
          'Question',
          'Review',
          'Warning',
        ].flatMap((event) => [`box: ${event}: In the app`, `box: ${event}: Pushed`]),
        'box: Critical alerts may wake me',
        'button: Keep quiet then',
        'button: Mute',
        'choice: Time zone',
      ],
    },
  },
  {
    file: 'notifications.test.ts',
    title: 'adds a webhook, shows its secret once, tests it, and shows what was sent and what failed',
    covers: {
      settings: ['button: New webhook'],
      webhook: [
        'button: Add',
        'button: Close',
        'box: Everything',
        'box: All, and what belongs to none',
        'box: MC',
        'box: Send',
        ...[
          'Conflict',
          'Critical alert',
          'Done',
          'Handed to people',
          'No retry left',
          'Note',
          'Overdue',
          'Paused, resumed',
          'Question',
          'Review',
          'Warning',
        ].map((kind) => `box: ${kind}`),
      ],
    },
  },
  {
    file: 'notifications.test.ts',
    title: 'shows while the app is away, opens exactly its question in the window that is there',
    covers: { settings: ['button: Push to this device'] },
  },
  {
    file: 'notifications.test.ts',
    title: 'leads to the list, where one is read, all are read, and who settled what is said',
    covers: { sidebar: ['link: Notifications, N unread', 'link: Notifications'] },
  },
  {
    file: 'notifications.test.ts',
    title: 'files of every view',
    covers: Object.fromEntries(
      [
        ['inbox', ['inbox']],
        ['alerts', ['alerts']],
        ['agents', ['agents', 'attempts', 'runners']],
        ['jobs', ['jobs']],
        ['notifications', ['notifications']],
        ['settings', ['projects']],
        ['trust', ['invariants']],
      ].map(([surface, views]) => [
        surface as string,
        (views as string[]).flatMap((view) => [
          `button: Export ${view} as CSV`,
          `button: Export ${view} as JSON`,
        ]),
      ]),
    ),
  },
];
