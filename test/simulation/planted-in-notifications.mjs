// The planted bugs of notifications: told once, and not lost.

/** @type {{name: string, slow?: boolean, file: string, find: string, replace: string}[]} */
export const PLANTED_IN_NOTIFICATIONS = [
  {
    name: 'a delivery counts as sent when it is taken',
    file: 'src/store/programs/notify.ts',
    find: ".set({ tries: p('tries'), next_at: p('next_at') })",
    replace: ".set({ tries: p('tries'), next_at: p('next_at'), state: 'sent' })",
  },
  {
    name: 'each try is another message',
    file: 'src/services/notify/send-delivery.ts',
    find: 'id: `${notification.id}-${destination.id}`,',
    replace: 'id: `${notification.id}-${destination.id}-${delivery.tries}`,',
  },
  {
    name: 'the position moves on without what was read',
    file: 'src/services/notify/plan-notifications.ts',
    find: 'if (after >= head) return isNew;',
    replace:
      'if (after >= head) return isNew; if (deps.random() < 0.1) await store.planNotifications({ from, to: head, told: [], settled: [] });',
  },
  {
    name: 'nobody sleeps',
    file: 'src/domain/notify/preferences.ts',
    find: "return until === null ? { push: 'now' } : { push: 'held', until };",
    replace: "return { push: 'now' };",
  },
  {
    name: 'a device that is gone stays',
    file: 'src/services/notify/send-delivery.ts',
    find: "if (destination.kind === 'push' && answer.answered && (answer.status === 404 || answer.status === 410))\n    return",
    replace: 'if (false) return',
  },
];
