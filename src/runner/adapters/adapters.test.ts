/** The adapters under a real runner, with scripted agents that are programs of their own. */
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeAttempt } from '../../../test/harness/runner/fake-control-plane.ts';
import { until, World } from '../../../test/harness/runner/world.ts';
import type { AttemptOffer } from '../../contract/runner-protocol.ts';
import { transcriptEntry, type TranscriptEntry } from '../../contract/transcript.ts';
import { identify, isAlive } from '../processes/process-table.ts';
import { findStrayMarkers, ownerTag } from '../processes/stray-processes.ts';

const program = (name: string): string[] => [
  process.execPath,
  fileURLToPath(new URL(`../../../test/harness/runner/${name}.mjs`, import.meta.url)),
];
let world: World;

beforeEach(async () => {
  world = new World();
  await world.start();
});
afterEach(async () => {
  await world.stop();
  expect(world.controlPlane.violations).toEqual([]);
  expect(findStrayMarkers(ownerTag(world.dataDir))).toEqual(new Set());
});

const ended = (attempt: FakeAttempt) =>
  until(() => attempt.ends.find((end) => end.treeGone), 'the attempt ended', 20_000);

function transcriptOf(attempt: FakeAttempt): TranscriptEntry[] {
  return attempt.output
    .toSorted((a, b) => a.seq - b.seq)
    .filter((item) => item.stream === 'transcript')
    .map((item) => item.text)
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => transcriptEntry.parse(JSON.parse(line)));
}
const wholeTranscript = (attempt: FakeAttempt, kind: TranscriptEntry['kind'] = 'turn_end') =>
  until(() => {
    const entries = transcriptOf(attempt);
    return entries.some((entry) => entry.kind === kind) && entries;
  }, `the transcript has a ${kind}`);
const noticesIn = (entries: TranscriptEntry[]): string[] =>
  entries.flatMap((entry) => (entry.kind === 'notice' ? [entry.code] : []));
/** What a scripted agent noted down. */
const notes = (file: string): Record<string, unknown>[] =>
  world
    .read(file)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const promptsIn = (file: string): unknown[] =>
  notes(file).flatMap(({ prompt }) => (prompt === undefined ? [] : [prompt]));

describe('an agent over ACP', () => {
  const offer = (
    behaviour: string,
    more: Partial<AttemptOffer> = {},
    profile: Partial<AttemptOffer['profile']> = {},
  ): AttemptOffer =>
    world.attempt('', more, {
      adapter: 'acp',
      command: program('scripted-acp-agent'),
      env: { OUT: world.dir, ACP_DO: behaviour },
      ...profile,
    });

  it('gets its prompt in a session of its own, and ends with its result', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(
      offer('submit', { mcp: true }, { acp: { authMethod: 'key', mode: 'full' } }),
    );
    const end = await ended(attempt);
    expect(attempt.signals).toMatchObject([{ type: 'submit' }]);
    expect(end.session).toMatch(/^ses_/);
    const [, auth, session, mode, prompt] = notes('acp.jsonl');
    expect(auth).toEqual({ authenticate: 'key' });
    expect(session).toMatchObject({
      new: {
        mcpServers: [
          {
            type: 'http',
            url: `${world.controlPlane.url}/mcp`,
            headers: [{ name: 'Authorization', value: `Bearer ${attempt.offer.token}` }],
          },
        ],
      },
    });
    expect(mode).toEqual({ mode: 'full' });
    expect(prompt).toEqual({ prompt: 'Do the work.\n' });
  });

  it('that ends its turn without a result is reminded twice, and has failed', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('nothing'));
    expect(await ended(attempt)).toMatchObject({ outcome: 'failed', reason: 'exited_without_result' });
    expect(promptsIn('acp.jsonl').length).toBe(3);
    const entries = await wholeTranscript(attempt);
    expect(noticesIn(entries)).toEqual(['session_started', 'reminded', 'reminded']);
  });

  it('that reports when it is reminded has lost nothing', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('submit-when-reminded'));
    await ended(attempt);
    expect(attempt.signals).toMatchObject([{ summary: 'late' }]);
    expect(promptsIn('acp.jsonl').length).toBe(2);
  });

  it('that dies is started again in its session, and what is replayed is told once', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('die'));
    await ended(attempt);
    expect(attempt.signals).toMatchObject([{ summary: 'again' }]);
    const entries = await wholeTranscript(attempt);
    expect(noticesIn(entries)).toEqual(['session_started', 'agent_restarted', 'session_resumed']);
    expect(entries.some((entry) => entry.kind === 'message' && entry.text.includes('REPLAYED'))).toBe(false);
  });

  it('that can no longer be understood is ended before it is started again', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('overflow'));
    await until(() => attempt.signals.length > 0, 'the next one reported', 20_000);
    expect(isAlive(identify(Number(world.read('overflowed'))))).toBe(false);
    await ended(attempt);
    expect(attempt.signals).toMatchObject([{ summary: 'again' }]);
  });

  it('whose session is lost gets a new one that is told everything', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(
      offer('submit', { resume: { session: 'ses_lost' }, restartPrompt: 'All of it again.' }),
    );
    await ended(attempt);
    expect(promptsIn('acp.jsonl')).toEqual(['All of it again.']);
    expect(noticesIn(await wholeTranscript(attempt))).toEqual(['session_not_resumed']);
  });

  it.each([
    ['allow', 'zz-yes', 'allowed'],
    ['deny', 'zz-no', 'denied'],
  ] as const)(
    'that asks for permission gets the answer of the policy: %s',
    async (permissions, optionId, outcome) => {
      world.runner();
      const attempt = world.controlPlane.offer(offer('permission', {}, { permissions }));
      await ended(attempt);
      expect(notes('acp.jsonl')).toContainEqual({ outcome: { outcome: 'selected', optionId } });
      expect(attempt.questions).toEqual([]);
      expect(attempt.signals.length).toBe(outcome === 'allowed' ? 1 : 0);
      expect(await wholeTranscript(attempt)).toContainEqual(
        expect.objectContaining({ kind: 'permission', outcome, by: 'policy' }),
      );
    },
  );

  it('that is held for an answer gets it, however often it comes, and is not silent meanwhile', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('permission', {}, { stallSeconds: 1, holdSeconds: 30 }));
    await until(() => attempt.questions[0], 'it asks');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(attempt.ends).toEqual([]);
    attempt.answers = [{ question: 'que_1', choice: 'allow_once' }];
    await ended(attempt);
    expect(notes('acp.jsonl').filter(({ outcome }) => outcome)).toEqual([
      { outcome: { outcome: 'selected', optionId: 'zz-yes' } },
    ]);
    expect(attempt.parks).toEqual([]);
  });

  it('that nobody answers is parked, and in its next life gets the answer once', async () => {
    world.runner();
    const asks = offer('permission', {}, { holdSeconds: 0 });
    const attempt = world.controlPlane.offer(asks);
    const park = await until(() => attempt.parks.find(({ treeGone }) => treeGone), 'it is parked');
    expect(park.session).toMatch(/^ses_/);
    const resumed = world.controlPlane.offer({
      ...asks,
      fence: 99,
      prompt: 'You were answered.',
      resume: { session: park.session ?? null, answers: [{ question: 'que_1', choice: 'allow_once' }] },
    });
    await ended(resumed);
    expect(resumed.questions).toEqual([]);
    expect(resumed.signals).toMatchObject([{ summary: 'allowed' }]);
    expect(notes('acp.jsonl')).toContainEqual({ load: park.session });
    expect(await wholeTranscript(resumed)).toContainEqual(
      expect.objectContaining({ kind: 'permission', outcome: 'allowed', by: 'earlier_answer' }),
    );
  });

  it('that was answered at the moment of parking is not parked', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('permission', {}, { holdSeconds: 1 }));
    // The server has the answer, and the runner has not heard of it when the hold ends.
    attempt.answersLate = true;
    await until(() => attempt.questions[0], 'it asks');
    attempt.answers = [{ question: 'que_1', choice: 'allow_once' }];
    await ended(attempt);
    expect(attempt.answersLate).toBe(false);
    expect(attempt.parks).toEqual([]);
    expect(attempt.signals).toMatchObject([{ summary: 'allowed' }]);
  });

  it('whose provider refuses it is rate limited until then', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('limited'));
    const end = await ended(attempt);
    expect(end.outcome).toBe('rate_limited');
    const waitMs = Date.parse(end.notBefore ?? '') - Date.now();
    expect(waitMs).toBeGreaterThan(60_000);
    expect(waitMs).toBeLessThanOrEqual(120_000);
  });

  it('that cannot be used as the profile says fails with what to change', async () => {
    world.runner();
    const cases: [AttemptOffer, RegExp][] = [
      [offer('login'), /^auth_required: .*acp\.authMethod .*\(key\)/],
      [offer('submit', {}, { acp: { mode: 'yolo' } }), /^profile_unusable: .*"yolo".*\(build, full\)/],
      [offer('submit', {}, { command: ['no-such-agent'] }), /^program_not_found: no-such-agent/],
    ];
    for (const [each, reason] of cases) {
      const end = await ended(world.controlPlane.offer(each));
      expect(end.outcome).toBe('failed');
      expect(end.reason).toMatch(reason);
    }
  });

  it('that prints rubbish between its messages is heard all the same', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('rubbish'));
    await ended(attempt);
    expect(await wholeTranscript(attempt)).toContainEqual(
      expect.objectContaining({ kind: 'message', text: 'Still here. \u001b[2J<script>' }),
    );
  });

  it('has files written for it in its worktree alone', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('files'));
    await ended(attempt);
    expect(notes('acp.jsonl')).toContainEqual({ wrote: 'inside' });
    expect(notes('acp.jsonl')).toContainEqual(expect.objectContaining({ refused: 'outside' }));
  });

  it('is asked to stop when it is cancelled, so that its session is whole', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('wait'));
    await until(() => notes('acp.jsonl').some(({ waiting }) => waiting), 'it works');
    world.controlPlane.direct(attempt, 'stop');
    await ended(attempt);
    expect(notes('acp.jsonl')).toContainEqual({ cancel: true });
  });

  it('that ignores cancel, the end of its input and SIGTERM is ended all the same, with its tools', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('stubborn'));
    await until(() => notes('acp.jsonl').some(({ stubborn }) => stubborn), 'it works');
    world.controlPlane.direct(attempt, 'stop');
    expect(await ended(attempt)).toMatchObject({ outcome: 'stopped' });
    // That nothing is left is looked at after every test.
  });

  it('belongs to its runner: one that comes back stops it, and the session is there for the next attempt', async () => {
    const first = world.runner();
    const asks = offer('wait');
    const attempt = world.controlPlane.offer(asks);
    await until(() => notes('acp.jsonl').some(({ waiting }) => waiting), 'it works');
    first.runner.drain();
    await first.ended;
    const end = await ended(attempt);
    expect(end).toMatchObject({ outcome: 'stopped', session: expect.stringMatching(/^ses_/) });
    world.runner();
    const next = world.controlPlane.offer(
      offer('submit', {
        ticket: asks.ticket,
        number: 2,
        continues: { attempt: asks.attempt, number: 1, session: end.session ?? null },
      }),
    );
    await ended(next);
    expect(noticesIn(await wholeTranscript(next))).toEqual(['session_resumed']);
  });
});

describe('Claude Code without a terminal', () => {
  const offer = (
    behaviour: string,
    more: Partial<AttemptOffer> = {},
    profile: Partial<AttemptOffer['profile']> = {},
  ): AttemptOffer =>
    world.attempt('', more, {
      adapter: 'claude',
      command: program('scripted-claude'),
      env: { OUT: world.dir, CLAUDE_DO: behaviour },
      ...profile,
    });

  it('gets the prompt on its input, and its events are the transcript', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('submit', { mcp: true }, { model: 'opus' }));
    const end = await ended(attempt);
    expect(end).toMatchObject({
      session: 'f10fd850-bc36-409b-801d-dda7499ad0b9',
      usage: { inputTokens: 120, outputTokens: 10, usd: 0.01 },
    });
    const [run] = notes('claude.jsonl') as { args: string[]; prompt: string }[];
    expect(run?.prompt).toBe('Do the work.\n');
    expect(run?.args.slice(0, 6)).toEqual([
      '-p',
      '--output-format',
      'stream-json',
      '--verbose',
      '--model',
      'opus',
    ]);
    expect(run?.args.join(' ')).toContain('--mcp-config');
    expect(run?.args.join(' ')).not.toContain(attempt.offer.token);
    expect((await wholeTranscript(attempt, 'usage')).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['prompt', 'message', 'usage']),
    );
  });

  it('that forgot to report is resumed with a reminder, and its cost adds up', async () => {
    world.runner();
    const attempt = world.controlPlane.offer(offer('forgets'));
    const end = await ended(attempt);
    expect(attempt.signals).toMatchObject([{ type: 'submit' }]);
    expect(end.usage).toMatchObject({ inputTokens: 240, outputTokens: 20, usd: 0.02 });
    const runs = notes('claude.jsonl') as { args: string[] }[];
    expect(runs.map(({ args }) => args.includes('--resume'))).toEqual([false, true]);
  });

  it('whose session is lost gets a new one that is told everything', async () => {
    world.runner();
    const lost = { resume: { session: 'ses-lost' }, restartPrompt: 'All of it again.' };
    const attempt = world.controlPlane.offer(offer('lost-session', lost));
    await ended(attempt);
    expect(promptsIn('claude.jsonl').slice(0, 2)).toEqual(['Do the work.\n', 'All of it again.']);
    expect(noticesIn(await wholeTranscript(attempt))).toContain('session_not_resumed');
  });

  it('whose account is used up is rate limited until the provider says', async () => {
    world.runner();
    const end = await ended(world.controlPlane.offer(offer('limited')));
    expect(end.outcome).toBe('rate_limited');
    expect(Date.parse(end.notBefore ?? '') - Date.now()).toBeGreaterThan(3_600_000);
  });
});
