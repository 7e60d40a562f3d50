/** The devices that are pushed to, this one first: whether it can be, how it has fared, and a test. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { BellPlus, Send } from 'lucide-react';
import type { Device, Tested } from '../../../../../src/contract/notify-shapes.ts';
import { api } from '../../../api/client.ts';
import { useIsOffline } from '../../../api/hooks.ts';
import { revealHidden } from '../../../format/reveal-hidden.ts';
import { devicesQuery, readAgain } from '../../../notifications/queries.ts';
import {
  forgetThisDevice,
  subscribeThisDevice,
  thisDeviceId,
  whyNoPush,
} from '../../../notifications/this-device.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { Loaded } from '../../../ui/loaded.tsx';
import { Section } from '../../../ui/page.tsx';
import { showProblem } from '../../../ui/problem.tsx';
import { Ago } from '../../../ui/time.tsx';
import { toast } from '../../../ui/toast.ts';

export function sayTested({ ok, answer, durationMs }: Tested): void {
  if (ok) toast.success('It was taken', { description: `${answer} after ${Math.round(durationMs)} ms` });
  else toast.error('It was not taken', { description: answer });
}

export function DeviceList() {
  const offline = useIsOffline();
  const query = useQuery(devicesQuery);
  const mine = useQuery({ queryKey: ['notify', 'this device', 'volatile'], queryFn: thisDeviceId });
  const isHere = query.data?.items.some(({ id }) => id === mine.data) === true;
  const why = whyNoPush();
  const subscribe = useMutation({
    mutationFn: subscribeThisDevice,
    onSuccess: () => {
      toast.success('This device is pushed to', { description: 'Send a test to see it.' });
      void mine.refetch();
    },
    onError: showProblem,
    onSettled: () => readAgain(devicesQuery),
  });
  return (
    <Section title="Your devices">
      <div className="space-y-3">
        {!isHere && (
          <div className="card flex flex-wrap items-center gap-3 p-3.5 text-sm">
            <p className="text-muted min-w-0 flex-1 basis-60">
              {why ?? 'Not yet. Once it is, questions and reviews reach you here while the app is closed.'}
            </p>
            <Button
              tone="primary"
              icon={<BellPlus size={14} aria-hidden />}
              blocked={why ?? (offline && 'Not possible offline.')}
              busy={subscribe.isPending}
              onClick={() => subscribe.mutate()}
            >
              Push to this device
            </Button>
          </div>
        )}
        <Loaded query={query} lines={1}>
          {({ items }) =>
            items.length === 0 ? (
              <></>
            ) : (
              <ul className="card divide-line divide-y">
                {items.map((device) => (
                  <Row key={device.id} device={device} isHere={device.id === mine.data} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </div>
    </Section>
  );
}

function Row({ device, isHere }: { device: Device; isHere: boolean }) {
  const offline = useIsOffline();
  const path = `/notifications/devices/${encodeURIComponent(device.id)}`;
  const test = useMutation({
    mutationFn: () => api.post<Tested>(`${path}/test`),
    onSuccess: sayTested,
    onError: showProblem,
    onSettled: () => readAgain(devicesQuery),
  });
  const remove = useMutation({
    mutationFn: async () => {
      await api.delete(path);
      if (isHere) await forgetThisDevice();
    },
    onError: showProblem,
    onSettled: () => readAgain(devicesQuery),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3.5 py-2 text-sm">
      <span className="font-medium">{revealHidden(device.name)}</span>
      {isHere && <Badge tone="accent">this device</Badge>}
      <Fared fared={device} never="nothing delivered yet" />
      <span className="ml-auto flex gap-2">
        <Button
          size="small"
          icon={<Send size={13} aria-hidden />}
          aria-label={`Send a test to ${device.name}`}
          blocked={offline && 'Not possible offline.'}
          busy={test.isPending}
          onClick={() => test.mutate()}
        >
          Test
        </Button>
        <Button
          size="small"
          tone="danger"
          aria-label={`Remove ${device.name}`}
          blocked={offline && 'Not possible offline.'}
          busy={remove.isPending}
          onClick={() => remove.mutate()}
        >
          Remove
        </Button>
      </span>
    </li>
  );
}

/** How it has fared with a destination, in a few words. */
export function Fared({
  fared,
  never,
}: {
  fared: { lastOkAt: string | null; failingSince: string | null; detail: string | null };
  never: string;
}) {
  if (fared.failingSince)
    return (
      <span className="text-red min-w-0 text-xs break-words">
        failing since <Ago at={fared.failingSince} />
        {fared.detail && `: ${revealHidden(fared.detail)}`}
      </span>
    );
  return (
    <span className="text-faint text-xs">
      {fared.lastOkAt ? (
        <>
          last delivery <Ago at={fared.lastOkAt} />
        </>
      ) : (
        never
      )}
    </span>
  );
}
