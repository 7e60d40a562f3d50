/** Signing in: the code of the link that `mctl sign-in` or the server's start printed, or a token. No accounts, no passwords. */
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { connection } from '../../api/connection.ts';
import { keys } from '../../api/keys.ts';
import { outbox } from '../../api/outbox.ts';
import { forgetEverything } from '../../api/kept-queries.ts';
import { queryClient } from '../../api/query-client.ts';
import type { Session } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { navigate } from '../../router/history.ts';
import { useSearch } from '../../router/place-context.ts';

const LAST_PERSON = 'mc.person';

export function SignInPage() {
  const { to } = useSearch();
  const [pasted, setPasted] = useState('');
  const tried = useRef('');
  const signIn = useMutation({
    mutationFn: (body: { code: string } | { token: string }) =>
      api.post<Session | undefined>('/session', body),
    onSuccess: async () => {
      const session = await api.get<Session>('/session');
      // What the last person of this browser read and wrote is not for the next one.
      if (localStorage.getItem(LAST_PERSON) !== session.name) {
        await forgetEverything(queryClient);
        await outbox.load();
        await outbox.clear();
      }
      localStorage.setItem(LAST_PERSON, session.name);
      queryClient.setQueryData(keys.session, session);
      connection.set('connecting');
      // Only paths of this app: an address from outside must not lead away from here.
      const target = to && /^\/(?![/\\])/.test(to) ? to : '/';
      navigate({ href: target, replace: true });
    },
  });
  const { mutate } = signIn;

  useEffect(() => {
    document.title = 'Sign in · Mission Control';
    const take = (): void => {
      const code = location.hash.slice(1);
      if (code === '' || tried.current === code) return;
      tried.current = code;
      // The code is for once, and must not stay in the history.
      history.replaceState(history.state, '', location.pathname + location.search);
      mutate({ code: decodeURIComponent(code) });
    };
    take();
    addEventListener('hashchange', take);
    return () => removeEventListener('hashchange', take);
  }, [mutate]);

  return (
    <main className="grid min-h-dvh place-items-center p-5">
      <div className="w-full max-w-sm">
        <img src="/icon.svg" alt="" width={44} height={44} className="mb-4 rounded-xl" />
        <h1 className="text-xl font-semibold tracking-tight">Sign in to Mission Control</h1>
        <p className="text-muted mt-1 text-base">
          On the machine of the server, run{' '}
          <code className="bg-hover rounded px-1 font-mono text-sm">mctl sign-in</code> and open the link that
          it prints. It works once.
        </p>
        {signIn.isPending ? (
          <p className="text-muted mt-6 text-sm" role="status">
            Signing in …
          </p>
        ) : (
          <form
            className="mt-6 space-y-3"
            onSubmit={(event) => {
              event.preventDefault();
              const value = pasted.trim();
              const link = /#(.+)$/.exec(value);
              if (value !== '') mutate(link?.[1] ? { code: link[1] } : { token: value });
            }}
          >
            <Field label="Or paste a link or a token">
              {(control) => (
                <input
                  {...control}
                  className="control font-mono"
                  type="password"
                  autoComplete="off"
                  spellCheck={false}
                  value={pasted}
                  onChange={(e) => setPasted(e.target.value)}
                />
              )}
            </Field>
            <ProblemNote error={signIn.error} />
            <Button
              type="submit"
              tone="primary"
              className="w-full"
              blocked={pasted.trim() === '' && 'Paste a link or a token first.'}
            >
              Sign in
            </Button>
          </form>
        )}
      </div>
    </main>
  );
}
