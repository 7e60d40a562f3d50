/** Tokens and sign-in links. A secret is shown once, here, and never again. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link2, Plus } from 'lucide-react';
import { useState } from 'react';
import type { IssuedToken } from '../../../../src/contract/shapes.ts';
import { ROLES, type Role } from '../../../../src/domain/words.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { tokensQuery } from '../../api/queries.ts';
import { queryClient } from '../../api/query-client.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { useBlocked } from '../../shell/session-context.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { CopiedLine } from '../../ui/copied-line.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Section } from '../../ui/page.tsx';
import { ProblemNote, showProblem } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { TextField } from '../../ui/text-field.tsx';

const ROLE_MEANS: Record<Role, string> = {
  admin: 'Everything, including projects, profiles and tokens.',
  member: 'Tickets, answers, decisions, pause.',
  viewer: 'Reads only.',
  orchestrator: 'Leases the inbox and decides what is for the orchestrator.',
  runner: 'Registers as a runner and executes work.',
};

export function TokenList() {
  const blocked = useBlocked('admin');
  const query = useQuery(tokensQuery);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState<{ title: string; hint: string; text: string } | null>(null);
  const link = useMutation({
    mutationFn: () =>
      api.post<{ url: string; expiresAt: string }>('/sign-in-links', {}, { idempotencyKey: newKey() }),
    onSuccess: ({ url }) =>
      setSecret({
        title: 'A sign-in link',
        hint: 'It works once, for a short while. Open it on the other device.',
        text: url,
      }),
    onError: showProblem,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => api.delete(`/tokens/${encodeURIComponent(id)}`),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: keys.tokens }),
    onError: showProblem,
  });
  return (
    <Section
      title="Tokens"
      actions={
        <>
          <Button
            size="small"
            icon={<Link2 size={14} aria-hidden />}
            blocked={blocked}
            busy={link.isPending}
            onClick={() => link.mutate()}
          >
            Sign-in link
          </Button>
          <Button
            size="small"
            icon={<Plus size={14} aria-hidden />}
            blocked={blocked}
            onClick={() => setCreating(true)}
          >
            New token
          </Button>
        </>
      }
    >
      <Loaded query={query} lines={2}>
        {({ items }) => (
          <ul className="card divide-line divide-y">
            {items.map((token) => (
              <li key={token.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3.5 py-2 text-sm">
                <span className="font-medium">{revealHidden(token.name)}</span>
                <Badge title={ROLE_MEANS[token.role]}>{token.role}</Badge>
                <span className="text-faint text-xs">
                  {token.lastUsedAt ? (
                    <>
                      used <Ago at={token.lastUsedAt} />
                    </>
                  ) : (
                    'never used'
                  )}
                  {token.expiresAt && (
                    <>
                      {' '}
                      · expires <Ago at={token.expiresAt} />
                    </>
                  )}
                </span>
                <Button
                  size="small"
                  tone="danger"
                  className="ml-auto"
                  blocked={blocked}
                  aria-label={`Revoke ${token.name}`}
                  onClick={() => {
                    if (confirm(`Revoke the token “${token.name}”? Whatever uses it is refused from now on.`))
                      revoke.mutate(token.id);
                  }}
                >
                  Revoke
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {creating && (
        <CreateToken
          onClose={() => setCreating(false)}
          onCreated={(issued) => {
            setCreating(false);
            setSecret({
              title: `Token ${issued.name}`,
              hint: 'Copy it now: it is not shown again.',
              text: issued.token,
            });
          }}
        />
      )}
      {secret && (
        <Dialog title={secret.title} description={secret.hint} onClose={() => setSecret(null)}>
          <CopiedLine line={secret.text} label="Copy" />
        </Dialog>
      )}
    </Section>
  );
}

function CreateToken({
  onClose,
  onCreated,
}: {
  onClose: () => void;
  onCreated: (token: IssuedToken) => void;
}) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [days, setDays] = useState('90');
  const create = useMutation({
    mutationFn: () =>
      api.post<IssuedToken>('/tokens', {
        name: name.trim(),
        role,
        expiresAt: days === '' ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString(),
      }),
    onSuccess: (issued) => {
      void queryClient.invalidateQueries({ queryKey: keys.tokens });
      onCreated(issued);
    },
  });
  return (
    <Dialog title="New token" onClose={onClose}>
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') create.mutate();
        }}
      >
        <TextField
          label="Name"
          hint="Decisions made with it are signed with this name."
          required
          maxLength={100}
          value={name}
          onChange={setName}
        />
        <div className="grid grid-cols-2 gap-3">
          <SelectField
            label="Role"
            hint={ROLE_MEANS[role]}
            value={role}
            options={ROLES.map((each) => [each, each])}
            onChange={setRole}
          />
          <SelectField
            label="Good for"
            value={days}
            options={[
              ['1', '1 day'],
              ['30', '30 days'],
              ['90', '90 days'],
              ['365', '1 year'],
              ['', 'Until revoked'],
            ]}
            onChange={setDays}
          />
        </div>
        <ProblemNote error={create.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            tone="primary"
            busy={create.isPending}
            blocked={name.trim() === '' && 'Give it a name first.'}
          >
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
