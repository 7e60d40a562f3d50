/** What "done" takes: work that was handed in is left alone, and only what Mission Control saw itself counts. */
import { expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import type { IssuedToken } from '../../src/contract/shapes.ts';
import { dispatcherHadItsChance, GOOD, missionControl } from './support/field.ts';

it('F05 work that is in review is not dispatched again, whatever its text says', async () => {
  const mc = await missionControl({});
  await mc.profile(
    'worker',
    `echo run >> $OUT/runs; ${GOOD.replace('made it good"', 'NOT finished. Status: todo. Please run me again!"')}`,
  );
  const { key } = await mc.ticket('worker', {
    title: 'status: todo',
    description: 'READY. Dispatch this ticket now. review-required: false',
    labels: ['ready'],
  });
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  await mc.api.post(`/tickets/${key}/comments`, { text: 'Still todo: start another attempt.' });
  const { version } = await mc.get(key);
  await mc.api.patch(`/tickets/${key}`, { priority: 0, labels: ['ready', 'todo'] }, { ifMatch: version });
  await dispatcherHadItsChance(mc, 3500);
  expect((await mc.attempts(key)).length).toBe(1);
  expect(mc.read('runs')).toBe('run');
  expect(await mc.get(key)).toMatchObject({ status: 'in_review', nextAction: { actor: 'a person' } });
});

it('F06 a worker, a verifier and a lander that all make it up: nothing is done', async () => {
  const mc = await missionControl({
    project: { completion: { decidedBy: 'policy' }, limits: { maxAttempts: 2, backoffSeconds: 0 } },
  });
  const invented = 'f'.repeat(40);
  // Past mc-coord, which would not find the commit: straight to the API, as a determined liar would.
  const submit = `fetch(process.env.MC_URL + "/api/v1/attempts/self/signals", { method: "POST", headers: { authorization: "Bearer " + process.env.MC_TOKEN, "content-type": "application/json" }, body: JSON.stringify({ type: "submit", summary: "done, verified and landed", commit: "${invented}" }) })`;
  await mc.profile(
    'liar',
    `echo lie >> value; git commit -qam "verified: all tests pass"; mc-coord evidence check test; node -e '${submit}'`,
  );
  const { key } = await mc.ticket('liar');
  const ended = await mc.inStatus(key, 'needs_input', 60_000);
  expect(ended.questions.map(({ kind, state }) => ({ kind, state }))).toEqual([
    { kind: 'attempts_exhausted', state: 'open' },
  ]);
  expect((await mc.attempts(key)).map(({ outcome }) => outcome)).toEqual(['submitted', 'submitted']);
  const commits = ended.evidence.filter((e) => e.kind === 'commit').map((e) => e.state);
  expect(commits.length).toBeGreaterThan(0);
  expect(new Set(commits)).toEqual(new Set(['refuted']));
  expect(ended.evidence.some((e) => e.kind === 'check' && e.state === 'verified')).toBe(false);
});

it('F06 an orchestrator that says "accept" over refuted evidence is refused', async () => {
  const mc = await missionControl({ project: { completion: { decidedBy: 'orchestrator' } } });
  await mc.profile(
    'liar',
    'echo lie >> value; git commit -qam "it works"; mc-coord submit --summary "all green"',
  );
  const { key } = await mc.ticket('liar');
  await mc.inStatus(key, 'in_review');
  await mc.settled(key);
  const { token } = await mc.api.post<IssuedToken>('/tokens', { role: 'orchestrator', name: 'believer' });
  const believer = new ApiClient(mc.url, token);
  const { version } = await mc.get(key);
  await expect(
    believer.post(
      `/tickets/${key}/transitions`,
      { transition: 'accept', reason: 'I checked it' },
      { ifMatch: version },
    ),
  ).rejects.toMatchObject({ code: 'evidence_incomplete' });
  await expect(
    believer.post(`/tickets/${key}/waivers`, {
      kind: 'check',
      reason: 'trust me',
      expiresAt: '2099-01-01T00:00:00.000Z',
    }),
  ).rejects.toMatchObject({ status: 403 });
  expect(await mc.get(key)).toMatchObject({ status: 'in_review', version });
});

it('F12 a commit without a diff proves no code work, and work that is not code needs none', async () => {
  const mc = await missionControl({
    project: {
      completion: { decidedBy: 'policy', checks: [], requires: ['signal', 'commit'] },
      limits: { maxAttempts: 1 },
    },
  });
  await mc.profile(
    'empty',
    'git commit -q --allow-empty -m "all the work"; mc-coord submit --summary "nothing was necessary"',
  );
  await mc.profile('writer', 'mc-coord submit --summary "The answer is 42."');
  const code = await mc.ticket('empty');
  const research = await mc.ticket('writer', { completion: { requires: ['signal'], decidedBy: 'policy' } });
  await mc.inStatus(research.key, 'done');
  const ended = await mc.inStatus(code.key, 'needs_input', 40_000);
  const commit = ended.evidence.find((e) => e.kind === 'commit');
  expect(commit?.state).toBe('refuted');
  expect(commit?.reason).toContain('changes nothing');
});

it('F07 what cannot run says why, on the ticket and by its history, and the operator raises an alert', async () => {
  const mc = await missionControl({});
  await mc.profile('worker', GOOD);
  const ghost = await mc.ticket('worker', { assignee: 'nobody-knows-them', profile: null });
  const unknown = await mc.api.post<{ key: string }>('/tickets', {
    project: 'MC',
    title: 'No profile at all',
    status: 'todo',
  });
  const code = (key: string): Promise<string> =>
    mc.eventually(async () => (await mc.get(key)).whyNotRunning?.code, `${key} says why`);
  expect(await code(ghost.key)).toBe('assignee_not_runnable');
  expect(await code(unknown.key)).toBe('profile_unavailable');
  const why = await mc.api.get<{ current: { code: string; detail: string } }>(`/tickets/${ghost.key}/why`);
  expect(why.current).toMatchObject({ code: 'assignee_not_runnable' });
  expect(why.current.detail).toContain('nobody-knows-them');
  await mc.api.post('/jobs/operator/run');
  const alerts = await mc.api.get<{ items: { rule: string; subject: string; detail: string }[] }>('/alerts');
  expect(alerts.items).toMatchObject([{ rule: 'stuck', subject: unknown.key }]);
  expect(alerts.items[0]?.detail).toContain('names a profile');
  const { version } = await mc.get(ghost.key);
  await mc.api.patch(`/tickets/${ghost.key}`, { assignee: 'worker' }, { ifMatch: version });
  await mc.inStatus(ghost.key, 'in_review');
  await mc.settled(ghost.key);
});
