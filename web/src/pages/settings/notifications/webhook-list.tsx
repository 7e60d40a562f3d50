/** Webhooks: addresses that are told what people are. The secret is shown once, the address never again. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { History, KeyRound, Pencil, Plus, Send } from 'lucide-react';
import { useState } from 'react';
import type { IssuedWebhook, Tested, Webhook } from '../../../../../src/contract/notify-shapes.ts';
import { api, newKey } from '../../../api/client.ts';
import { revealHidden } from '../../../format/reveal-hidden.ts';
import { deliveriesQuery, readAgain, webhooksQuery } from '../../../notifications/queries.ts';
import { KIND_WORDS } from '../../../notifications/words.ts';
import { useBlocked } from '../../../shell/session-context.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Loaded } from '../../../ui/loaded.tsx';
import { Empty, Section } from '../../../ui/page.tsx';
import { showProblem } from '../../../ui/problem.tsx';
import { Ago } from '../../../ui/time.tsx';
import { Fared, sayTested } from './device-list.tsx';
import { WebhookForm } from './webhook-form.tsx';

type Shown =
  | { is: 'form'; webhook?: Webhook }
  | { is: 'secret'; webhook: IssuedWebhook }
  | { is: 'deliveries'; webhook: Webhook };

export function WebhookList() {
  const blocked = useBlocked('admin');
  const query = useQuery(webhooksQuery);
  const [shown, setShown] = useState<Shown | null>(null);
  const close = (): void => setShown(null);
  return (
    <Section
      title="Webhooks"
      actions={
        <Button
          size="small"
          icon={<Plus size={14} aria-hidden />}
          blocked={blocked}
          onClick={() => setShown({ is: 'form' })}
        >
          New webhook
        </Button>
      }
    >
      <Loaded query={query} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No webhook">
              A webhook tells another program what people are told: a chat, a pager, an automation. Each
              request is signed.
            </Empty>
          ) : (
            <ul className="card divide-line divide-y">
              {items.map((webhook) => (
                <Row key={webhook.id} webhook={webhook} blocked={blocked} onShow={setShown} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {shown?.is === 'form' && (
        <Dialog title={shown.webhook ? `Webhook ${shown.webhook.name}` : 'New webhook'} onClose={close}>
          <WebhookForm
            webhook={shown.webhook}
            onSaved={(issued) => {
              readAgain(webhooksQuery);
              setShown(issued ? { is: 'secret', webhook: issued } : null);
            }}
            onClose={close}
          />
        </Dialog>
      )}
      {shown?.is === 'secret' && (
        <Dialog
          title={`Secret of ${shown.webhook.name}`}
          description="Copy it now, to where the requests arrive: it is not shown again."
          onClose={close}
        >
          <code className="border-line bg-sunken block rounded-md border p-3 font-mono text-xs break-all select-all">
            {shown.webhook.secret}
          </code>
          <p className="text-muted mt-2 text-sm">
            It signs each request in the way of Standard Webhooks. Then send a test from the list.
          </p>
        </Dialog>
      )}
      {shown?.is === 'deliveries' && (
        <Dialog title={`Sent to ${shown.webhook.name}`} onClose={close} wide>
          <Deliveries id={shown.webhook.id} />
        </Dialog>
      )}
    </Section>
  );
}

function Row({
  webhook,
  blocked,
  onShow,
}: {
  webhook: Webhook;
  blocked: string | null;
  onShow: (shown: Shown) => void;
}) {
  const path = `/webhooks/${encodeURIComponent(webhook.id)}`;
  const again = (): void => readAgain(webhooksQuery);
  const test = useMutation({
    mutationFn: () => api.post<Tested>(`${path}/test`),
    onSuccess: sayTested,
    onError: showProblem,
    onSettled: again,
  });
  const renew = useMutation({
    mutationFn: () => api.post<IssuedWebhook>(`${path}/secret`, {}, { idempotencyKey: newKey() }),
    onSuccess: (issued) => onShow({ is: 'secret', webhook: issued }),
    onError: showProblem,
    onSettled: again,
  });
  const remove = useMutation({
    mutationFn: () => api.delete(path),
    onError: showProblem,
    onSettled: again,
  });
  const { name } = webhook;
  return (
    <li className="space-y-1.5 px-3.5 py-2.5 text-sm" aria-label={`Webhook ${name}`}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{revealHidden(name)}</span>
        {!webhook.enabled && <Badge tone="amber">off</Badge>}
        <span className="text-muted font-mono text-xs break-all">{webhook.origin}</span>
        <Fared fared={webhook} never="nothing sent yet" />
      </div>
      <p className="text-muted text-xs">
        {webhook.kinds === null
          ? 'Everything'
          : webhook.kinds.map((kind) => KIND_WORDS[kind].name).join(', ')}
        {webhook.projects !== null && ` · only of ${webhook.projects.join(', ')}`}
      </p>
      <div className="flex flex-wrap gap-2">
        <Button
          size="small"
          icon={<Send size={13} aria-hidden />}
          aria-label={`Send a test to ${name}`}
          blocked={blocked}
          busy={test.isPending}
          onClick={() => test.mutate()}
        >
          Test
        </Button>
        <Button
          size="small"
          icon={<History size={13} aria-hidden />}
          aria-label={`What was sent to ${name}`}
          onClick={() => onShow({ is: 'deliveries', webhook })}
        >
          Sent
        </Button>
        <Button
          size="small"
          icon={<Pencil size={13} aria-hidden />}
          aria-label={`Edit webhook ${name}`}
          blocked={blocked}
          onClick={() => onShow({ is: 'form', webhook })}
        >
          Edit
        </Button>
        <Button
          size="small"
          icon={<KeyRound size={13} aria-hidden />}
          aria-label={`New secret for ${name}`}
          blocked={blocked}
          busy={renew.isPending}
          onClick={() => {
            if (confirm(`Make a new secret for “${name}”? The old one signs nothing from now on.`))
              renew.mutate();
          }}
        >
          New secret
        </Button>
        <Button
          size="small"
          tone="danger"
          className="ml-auto"
          aria-label={`Remove webhook ${name}`}
          blocked={blocked}
          busy={remove.isPending}
          onClick={() => {
            if (confirm(`Remove the webhook “${name}”? What was still to be sent there is dropped.`))
              remove.mutate();
          }}
        >
          Remove
        </Button>
      </div>
    </li>
  );
}

const STATE_TONE = {
  sent: 'green',
  given_up: 'red',
  waiting: 'amber',
  held: 'neutral',
  dropped: 'neutral',
} as const;

function Deliveries({ id }: { id: string }) {
  const query = useQuery(deliveriesQuery(id));
  return (
    <Loaded query={query} lines={4}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="Nothing yet">What is sent appears here, with what was answered.</Empty>
        ) : (
          <ul className="divide-line divide-y">
            {items.map((each) => (
              <li key={`${each.notification} ${each.part}`} className="py-2 text-sm">
                <div className="flex flex-wrap items-center gap-2">
                  <Badge tone={STATE_TONE[each.state]}>{each.state.replaceAll('_', ' ')}</Badge>
                  <span className="min-w-0 flex-1 truncate">
                    {revealHidden(each.title ?? each.notification)}
                  </span>
                  <Ago at={each.createdAt} className="text-faint text-xs" />
                </div>
                <p className="text-muted text-xs break-words">
                  {each.tries === 1 ? '1 try' : `${each.tries} tries`}
                  {each.answer && ` · ${revealHidden(each.answer)}`}
                  {each.nextAt && each.tries > 0 && (
                    <>
                      {' '}
                      · again <Ago at={each.nextAt} />
                    </>
                  )}
                </p>
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}
