/** Whether the state can be trusted: the log's chains recomputed, its events replayed, every invariant checked. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Check, ShieldAlert, ShieldCheck, X } from 'lucide-react';
import { useState } from 'react';
import type { Verification } from '../../../../src/contract/shapes.ts';
import { api } from '../../api/client.ts';
import { useIsOffline } from '../../api/hooks.ts';
import { verificationQuery } from '../../api/queries.ts';
import { revealHidden } from '../../format/reveal-hidden.ts';
import { ExportView } from '../../parts/export-view.tsx';
import { Button } from '../../ui/button.tsx';
import { CopiedLine } from '../../ui/copied-line.tsx';
import { Field } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { PageBody, PageHead, Section } from '../../ui/page.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { Ago } from '../../ui/time.tsx';

export function TrustPage() {
  const offline = useIsOffline();
  const query = useQuery({ ...verificationQuery, staleTime: Infinity });
  return (
    <>
      <PageHead
        title="Trust"
        actions={
          <Button
            tone="primary"
            size="small"
            busy={query.isFetching}
            blocked={offline && 'Not possible offline.'}
            onClick={() => void query.refetch()}
          >
            {query.isFetching ? 'Verifying …' : 'Verify now'}
          </Button>
        }
      />
      <PageBody narrow>
        <Loaded query={query} lines={6}>
          {(verification) => <Result verification={verification} at={query.dataUpdatedAt} />}
        </Loaded>
      </PageBody>
    </>
  );
}

/** Whoever can rewrite the whole log can make it consistent again; a head that was kept elsewhere gives that away. */
function KnownHead() {
  const [known, setKnown] = useState('');
  const offline = useIsOffline();
  const check = useMutation({
    mutationFn: () => api.get<Verification>('/verify', { query: { head: known.trim() }, timeoutMs: 300_000 }),
  });
  const found = check.data?.invariants.flatMap((invariant) => invariant.violations);
  return (
    <form
      className="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (known.trim() !== '') check.mutate();
      }}
    >
      <div className="min-w-0 flex-1 basis-64">
        <Field label="A head that you wrote down earlier">
          {(c) => (
            <input
              {...c}
              className="control font-mono"
              placeholder="48:bdd014056306b7db"
              value={known}
              onChange={(event) => setKnown(event.target.value)}
            />
          )}
        </Field>
      </div>
      <Button
        type="submit"
        busy={check.isPending}
        blocked={offline ? 'Not possible offline.' : known.trim() === '' && 'Paste the head first.'}
      >
        Check it
      </Button>
      <div className="w-full text-sm" role="status">
        {found && found.length === 0 && (
          <span className="text-green">The log still leads through it, and everything holds.</span>
        )}
        {found && found.length > 0 && <span className="text-red">{revealHidden(found[0] ?? '')}</span>}
        <ProblemNote error={check.error} />
      </div>
    </form>
  );
}

function Result({ verification, at }: { verification: Verification; at: number }) {
  const { ok, head, events, invariants } = verification;
  const Icon = ok ? ShieldCheck : ShieldAlert;
  const broken = invariants.filter((i) => !i.ok).length;
  return (
    <div className="space-y-6">
      <div className="card flex items-start gap-3 p-4">
        <Icon size={26} aria-hidden className={ok ? 'text-green' : 'text-red'} />
        <div className="min-w-0">
          <p className="text-base font-semibold">
            {ok ? 'Everything holds' : `${broken} invariant${broken === 1 ? ' does' : 's do'} not hold`}
          </p>
          <p className="text-muted text-sm">
            <span className="num">{events.toLocaleString()}</span> events replayed and compared with what is
            shown, <Ago at={at} />.
          </p>
        </div>
      </div>
      <div className="space-y-1.5">
        <p className="text-muted text-sm">
          The head of the log. Keep this line somewhere else: run later, it shows that nothing before this
          moment was rewritten.
        </p>
        <CopiedLine
          line={`mctl verify --head ${head.seq}:${head.hash.slice(0, 16)}`}
          label="Copy the command with the head"
        />
      </div>
      <KnownHead />
      <Section title="Invariants" count={invariants.length} actions={<ExportView view="invariants" />}>
        <ul className="card divide-line divide-y">
          {invariants.map((invariant) => (
            <li key={invariant.id} className="px-3.5 py-2.5">
              <div className="flex items-start gap-2.5 text-sm">
                {invariant.ok ? (
                  <Check size={16} className="text-green mt-0.5 shrink-0" role="img" aria-label="Holds" />
                ) : (
                  <X size={16} className="text-red mt-0.5 shrink-0" role="img" aria-label="Violated" />
                )}
                <span className="num text-faint w-7 shrink-0 text-xs leading-5">{invariant.id}</span>
                <span className="min-w-0 flex-1">{invariant.name}</span>
                <span className="num text-faint shrink-0 text-xs leading-5">
                  {invariant.checked.toLocaleString()} checked
                </span>
              </div>
              {invariant.violations.length > 0 && (
                <ul className="text-red mt-1.5 list-disc space-y-1 pl-16 text-sm">
                  {invariant.violations.map((violation) => (
                    <li key={violation}>{revealHidden(violation)}</li>
                  ))}
                </ul>
              )}
            </li>
          ))}
        </ul>
      </Section>
      <p className="text-muted text-sm">
        The same as <code className="font-mono text-xs">mctl verify</code>: run it on a copy of the data to
        check without trusting this page.
      </p>
    </div>
  );
}
