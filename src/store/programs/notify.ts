/** Notifications: what was read from the log, whom it goes to, and how each delivery fares. */
import type { Kysely } from 'kysely';
import type { DeliveryState } from '../../domain/words.ts';
import type {
  DeliveryKey,
  DeliveryRow,
  DestinationRow,
  NotificationRow,
  NotifyPlan,
  StoredEvent,
} from '../port.ts';
import { type Program, atMost, listed, p, shapes, statement } from '../program.ts';
import type { Tables } from '../schema.ts';
import {
  changed,
  deliveryParams,
  deliveryRow,
  keyOf,
  named,
  notificationRow,
  numberOrNull,
} from './notify-rows.ts';
import { storedEvent } from './read.ts';

const CURSOR = 'notify_cursor';

export function notifyPrograms(db: Kysely<Tables>) {
  const shape = shapes(db);
  const s = {
    cursor: statement<object>(db, (k) => k.selectFrom('settings').select('value').where('name', '=', CURSOR)),
    setCursor: statement<{ value: string }>(db, (k) =>
      k
        .insertInto('settings')
        .values({ name: CURSOR, value: p('value') })
        .onConflict((c) => c.column('name').doUpdateSet({ value: p('value') })),
    ),
    addNotification: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('notifications')
        .values({
          ...named('id', 'seq', 'key', 'matter', 'kind', 'project', 'ticket', 'told', 'at'),
          settled_at: null,
          settled_by: null,
          settled_how: null,
        })
        .onConflict((c) => c.doNothing()),
    ),
    notification: statement<{ id: string }>(db, (k) =>
      k.selectFrom('notifications').selectAll().where('id', '=', p('id')),
    ),
    newest: statement<{ before: number; limit: number }>(db, (k) =>
      k
        .selectFrom('notifications')
        .selectAll()
        .where('seq', '<', p('before'))
        .orderBy('seq', 'desc')
        .orderBy('id', 'desc')
        .limit(atMost(p('limit'))),
    ),
    unsettled: statement<{ matter: string; seq: number }>(db, (k) =>
      k
        .selectFrom('notifications')
        .select('id')
        .where('matter', '=', p('matter'))
        .where('seq', '<', p('seq'))
        .where('settled_at', 'is', null),
    ),
    settle: statement<Record<string, unknown>>(db, (k) =>
      k
        .updateTable('notifications')
        .set(named('settled_at', 'settled_by', 'settled_how'))
        .where('matter', '=', p('matter'))
        .where('seq', '<', p('seq'))
        .where('settled_at', 'is', null),
    ),
    /** A webhook is told what happened, whatever has become of it; a device only what still is. */
    pushesOf: statement<{ notification: string }>(db, (k) =>
      k
        .selectFrom('deliveries')
        .innerJoin('destinations', 'destinations.id', 'deliveries.destination')
        .selectAll('deliveries')
        .where('deliveries.notification', '=', p('notification'))
        .where('deliveries.part', '=', 'new')
        .where('destinations.kind', '=', 'push'),
    ),
    addDelivery: statement<Record<string, unknown>>(db, (k) =>
      k
        .insertInto('deliveries')
        .values(
          named(
            'destination',
            'notification',
            'part',
            'state',
            'tries',
            'created_at',
            'next_at',
            'done_at',
            'answer',
            'body',
          ),
        )
        .onConflict((c) => c.doNothing()),
    ),
    delivery: statement<DeliveryKey & object>(db, (k) =>
      k
        .selectFrom('deliveries')
        .selectAll()
        .where('destination', '=', p('destination'))
        .where('notification', '=', p('notification'))
        .where('part', '=', p('part')),
    ),
    due: statement<{ now: number; limit: number }>(db, (k) =>
      k
        .selectFrom('deliveries')
        .innerJoin('destinations', 'destinations.id', 'deliveries.destination')
        .selectAll('deliveries')
        .where('deliveries.state', '=', 'waiting')
        .where('deliveries.next_at', '<=', p('now'))
        .where('destinations.not_before', '<=', p('now'))
        .orderBy('deliveries.created_at')
        .orderBy('deliveries.notification')
        .orderBy('deliveries.part')
        .orderBy('deliveries.destination')
        .limit(atMost(p('limit'))),
    ),
    nextAt: statement<{ now: number }>(db, (k) =>
      k
        .selectFrom('deliveries')
        .select((e) => e.fn.min('next_at').as('at'))
        .where('state', '=', 'waiting')
        .where('next_at', '>', p('now')),
    ),
    nextHeld: statement<object>(db, (k) =>
      k
        .selectFrom('deliveries')
        .select((e) => e.fn.min('next_at').as('at'))
        .where('state', '=', 'held'),
    ),
    nextBack: statement<{ now: number }>(db, (k) =>
      k
        .selectFrom('deliveries')
        .innerJoin('destinations', 'destinations.id', 'deliveries.destination')
        .select('destinations.not_before as at')
        .where('deliveries.state', '=', 'waiting')
        .where('destinations.not_before', '>', p('now'))
        .orderBy('destinations.not_before')
        .limit(atMost(1)),
    ),
    claim: statement<Record<string, unknown>>(db, (k) =>
      k
        .updateTable('deliveries')
        .set({ tries: p('tries'), next_at: p('next_at') })
        .where('destination', '=', p('destination'))
        .where('notification', '=', p('notification'))
        .where('part', '=', p('part'))
        .where('state', '=', 'waiting')
        .where('tries', '=', p('before')),
    ),
    /** Only by whoever has it: a sender that was slow writes over nobody's result. */
    finish: statement<Record<string, unknown>>(db, (k) =>
      k
        .updateTable('deliveries')
        .set(named('state', 'answer', 'done_at', 'next_at'))
        .where('destination', '=', p('destination'))
        .where('notification', '=', p('notification'))
        .where('part', '=', p('part'))
        .where('state', '=', 'waiting')
        .where('tries', '=', p('tries')),
    ),
    setState: statement<Record<string, unknown>>(db, (k) =>
      k
        .updateTable('deliveries')
        .set(named('state', 'answer', 'done_at', 'next_at'))
        .where('destination', '=', p('destination'))
        .where('notification', '=', p('notification'))
        .where('part', '=', p('part')),
    ),
    held: statement<{ now: number }>(db, (k) =>
      k
        .selectFrom('deliveries')
        .selectAll()
        .where('state', '=', 'held')
        .where('next_at', '<=', p('now'))
        .orderBy('destination')
        .orderBy('created_at')
        .orderBy('notification'),
    ),
    to: statement<{ destination: string; limit: number }>(db, (k) =>
      k
        .selectFrom('deliveries')
        .selectAll()
        .where('destination', '=', p('destination'))
        .orderBy('created_at', 'desc')
        .orderBy('notification', 'desc')
        .limit(atMost(p('limit'))),
    ),
    fared: statement<Record<string, unknown>>(db, (k) =>
      k
        .updateTable('destinations')
        .set(named('not_before', 'failures', 'failing_since', 'last_ok_at', 'detail'))
        .where('id', '=', p('id')),
    ),
    pruneNotifications: statement<{ before: number }>(db, (k) =>
      k.deleteFrom('notifications').where('at', '<', p('before')),
    ),
    pruneDeliveries: statement<{ before: number }>(db, (k) =>
      k
        .deleteFrom('deliveries')
        .where('created_at', '<', p('before'))
        .where('state', 'in', ['sent', 'given_up', 'dropped']),
    ),
  };

  function* cursor(): Program<number | null> {
    const row = (yield s.cursor({})).rows[0];
    return row ? Number(row['value']) : null;
  }

  /** What was shown on a device is taken back there; what has not gone out yet does not go any more. */
  function* settle({ matter, by, how, at, seq }: NotifyPlan['settled'][number]): Program<void> {
    const open = (yield s.unsettled({ matter, seq })).rows.map((row) => String(row['id']));
    if (open.length === 0) return;
    yield s.settle({ matter, seq, settled_at: at, settled_by: by, settled_how: how });
    for (const notification of open) {
      for (const push of (yield s.pushesOf({ notification })).rows.map(deliveryRow)) {
        if (push.state === 'held' || (push.state === 'waiting' && push.tries === 0))
          yield s.setState({ ...keyOf(push), ...changed('dropped', 'it was settled before', at, at) });
        else if (push.state === 'sent' || push.state === 'waiting')
          yield s.addDelivery(
            deliveryParams({
              ...keyOf(push),
              part: 'settled',
              state: 'waiting',
              tries: 0,
              createdAt: at,
              nextAt: at,
              doneAt: null,
              answer: null,
              body: null,
            }),
          );
      }
    }
  }

  return {
    cursor,
    *eventsOfTypes(
      types: readonly string[],
      after: number,
      until: number,
      limit: number,
    ): Program<StoredEvent[]> {
      const { placeholders, params } = listed('type', types);
      const { rows } = yield shape(
        `types ${types.length}`,
        (k) =>
          k
            .selectFrom('events')
            .selectAll()
            .where('seq', '>', p('after'))
            .where('seq', '<=', p('until'))
            .where('type', 'in', placeholders)
            .orderBy('seq')
            .limit(atMost(p('limit'))),
        { after, until, limit, ...params },
      );
      return rows.map(storedEvent);
    },
    *plan({ from, to, told, settled }: NotifyPlan): Program<boolean> {
      if ((yield* cursor()) !== from) return false;
      yield s.setCursor({ value: String(to) });
      for (const { notification, deliveries } of told) {
        const { id, seq, at, settled: _settled, ...words } = notification;
        const { changes } = yield s.addNotification({
          id,
          seq,
          at,
          key: words.key,
          matter: words.matter,
          kind: words.kind,
          project: words.project,
          ticket: words.ticket,
          told: JSON.stringify(words),
        });
        if (changes !== 1) continue;
        for (const delivery of deliveries)
          yield s.addDelivery(
            deliveryParams({
              ...delivery,
              notification: id,
              part: 'new',
              tries: 0,
              createdAt: at,
              doneAt: null,
              answer: null,
              body: null,
            }),
          );
      }
      for (const each of settled) yield* settle(each);
      return true;
    },
    *newest(before: number, limit: number): Program<NotificationRow[]> {
      return (yield s.newest({ before, limit })).rows.map(notificationRow);
    },
    *notification(id: string): Program<NotificationRow | null> {
      const row = (yield s.notification({ id })).rows[0];
      return row ? notificationRow(row) : null;
    },
    *addDelivery(delivery: DeliveryRow): Program<void> {
      yield s.addDelivery(deliveryParams(delivery));
    },
    *delivery(key: DeliveryKey): Program<DeliveryRow | null> {
      const row = (yield s.delivery(keyOf(key))).rows[0];
      return row ? deliveryRow(row) : null;
    },
    *due(now: number, limit: number): Program<DeliveryRow[]> {
      return (yield s.due({ now, limit })).rows.map(deliveryRow);
    },
    *nextAt(now: number): Program<number | null> {
      const times = [
        numberOrNull((yield s.nextAt({ now })).rows[0]?.['at']),
        numberOrNull((yield s.nextHeld({})).rows[0]?.['at']),
        numberOrNull((yield s.nextBack({ now })).rows[0]?.['at']),
      ].filter((at) => at !== null);
      return times.length === 0 ? null : Math.min(...times);
    },
    *claim(delivery: DeliveryRow, until: number): Program<boolean> {
      const { changes } = yield s.claim({
        ...keyOf(delivery),
        before: delivery.tries,
        tries: delivery.tries + 1,
        next_at: until,
      });
      return changes === 1;
    },
    *finish(
      delivery: DeliveryRow,
      result: { state: DeliveryState; answer: string; at: number; nextAt: number },
      destination: Pick<
        DestinationRow,
        'notBefore' | 'failures' | 'failingSince' | 'lastOkAt' | 'detail'
      > | null,
    ): Program<void> {
      yield s.finish({
        ...keyOf(delivery),
        tries: delivery.tries,
        ...changed(result.state, result.answer, result.at, result.nextAt),
      });
      if (destination)
        yield s.fared({
          id: delivery.destination,
          not_before: destination.notBefore,
          failures: destination.failures,
          failing_since: destination.failingSince,
          last_ok_at: destination.lastOkAt,
          detail: destination.detail,
        });
    },
    *releaseHeld(now: number, digest: (held: readonly NotificationRow[]) => string): Program<void> {
      const held = (yield s.held({ now })).rows.map(deliveryRow);
      for (const destination of new Set(held.map((each) => each.destination))) {
        const open: { delivery: DeliveryRow; notification: NotificationRow }[] = [];
        for (const delivery of held.filter((each) => each.destination === destination)) {
          const row = (yield s.notification({ id: delivery.notification })).rows[0];
          const notification = row ? notificationRow(row) : null;
          if (notification && notification.settled === null) open.push({ delivery, notification });
          else
            yield s.setState({
              ...keyOf(delivery),
              ...changed('dropped', 'it was settled before', now, now),
            });
        }
        const [only, more] = open;
        if (only === undefined) continue;
        if (more === undefined) {
          yield s.setState({ ...keyOf(only.delivery), ...changed('waiting', null, now, now) });
          continue;
        }
        for (const { delivery } of open)
          yield s.setState({
            ...keyOf(delivery),
            ...changed('dropped', 'it went out in a digest', now, now),
          });
        yield s.addDelivery(
          deliveryParams({
            destination,
            notification: only.delivery.notification,
            part: 'digest',
            state: 'waiting',
            tries: 0,
            createdAt: now,
            nextAt: now,
            doneAt: null,
            answer: null,
            body: digest(open.map(({ notification }) => notification)),
          }),
        );
      }
    },
    /** A month of them is kept. */
    *prune(now: number): Program<void> {
      const MONTH_MS = 30 * 86_400_000;
      yield s.pruneNotifications({ before: now - MONTH_MS });
      yield s.pruneDeliveries({ before: now - MONTH_MS });
    },
    *to(destination: string, limit: number): Program<DeliveryRow[]> {
      return (yield s.to({ destination, limit })).rows.map(deliveryRow);
    },
  };
}
