/**
 * Agents that are too large, or not free, to come with the tests: each does the same work over the Agent Client
 * Protocol, and differs by its profile only. Install them where you like, and name that folder:
 *
 *     npm install --prefix /tmp/agents --ignore-scripts @google/gemini-cli@0.61.0 @qwen-code/qwen-code@0.15.10 \
 *       @aaif/goose-binary-linux-x64@1.52.0 @agentclientprotocol/claude-agent-acp@0.49.0 @agentclientprotocol/codex-acp@2.6.0 @anthropic-ai/claude-code@2.1.197
 *     MC_OTHER_AGENTS=/tmp/agents/node_modules npx vitest run --config test/agents/others/vitest.config.ts
 *
 * One that is not there fails, as in CI's own suite.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Script } from '../model/script.ts';
import type { ScriptedModel } from '../model/scripted-model.ts';
import { AgentsWorld, codexConfig, COMMIT, SUBMIT } from '../support/real-agents.ts';

const folder = process.env['MC_OTHER_AGENTS'] ?? '';

function program(path: string): string {
  const file = join(folder, path);
  if (!existsSync(file))
    throw new Error(`${file} is missing: install it, and set MC_OTHER_AGENTS (see this file)`);
  return file;
}

const QUIET = {
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
};

interface Other {
  profile: (model: ScriptedModel) => object;
  /** It asks before it runs a command. */
  asks: boolean;
  /** The beginning of its program's name in the process table. */
  comm: string;
}

const OTHERS: Record<string, Other> = {
  gemini: {
    asks: true,
    comm: 'node',
    profile: (model) => ({
      adapter: 'acp',
      acp: { authMethod: 'gemini-api-key' },
      command: [
        process.execPath,
        program('@google/gemini-cli/bundle/gemini.js'),
        '--acp',
        '-m',
        'gemini-2.5-pro',
      ],
      env: { GEMINI_API_KEY: 'dummy', GOOGLE_GEMINI_BASE_URL: model.url, GEMINI_CLI_NO_RELAUNCH: 'true' },
      files: {
        '.gemini/settings.json': JSON.stringify({
          ...QUIET,
          security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
        }),
      },
    }),
  },
  qwen: {
    asks: true,
    comm: 'node',
    profile: (model) => ({
      adapter: 'acp',
      acp: { authMethod: 'openai' },
      command: [
        process.execPath,
        program('@qwen-code/qwen-code/cli.js'),
        '--acp',
        '--auth-type',
        'openai',
        '-m',
        'scripted-model',
      ],
      env: { OPENAI_API_KEY: 'dummy', OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_MODEL: 'scripted-model' },
      files: {
        '.qwen/settings.json': JSON.stringify({
          ...QUIET,
          security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
          $version: 4,
        }),
      },
    }),
  },
  goose: {
    asks: true,
    comm: 'goose',
    profile: (model) => ({
      adapter: 'acp',
      command: [program('@aaif/goose-binary-linux-x64/bin/goose'), 'acp', '--with-builtin', 'developer'],
      env: {
        GOOSE_MODE: 'approve',
        GOOSE_DISABLE_KEYRING: '1',
        GOOSE_TELEMETRY_ENABLED: 'false',
        GOOSE_PROVIDER: 'openai',
        GOOSE_MODEL: 'scripted-model',
        OPENAI_HOST: model.url,
        OPENAI_API_KEY: 'dummy',
      },
    }),
  },
  'codex-acp': {
    asks: false,
    comm: 'node',
    profile: (model) => ({
      adapter: 'acp',
      // In its other modes it cannot write into .git.
      acp: { mode: 'agent-full-access' },
      command: [process.execPath, program('@agentclientprotocol/codex-acp/dist/index.js')],
      env: { SCRIPTED_API_KEY: 'dummy' },
      files: { '.codex/config.toml': codexConfig(model) },
    }),
  },
  'claude-agent-acp': {
    asks: true,
    comm: 'claude',
    profile: (model) => ({
      adapter: 'acp',
      command: [process.execPath, program('@agentclientprotocol/claude-agent-acp/dist/index.js')],
      env: claudeEnvironment(model),
    }),
  },
  claude: {
    asks: false,
    comm: 'claude',
    profile: (model) => ({
      adapter: 'claude',
      command: [
        program('@anthropic-ai/claude-code-linux-x64/claude'),
        '--allowedTools',
        'Bash',
        '--model',
        'claude-sonnet-4-5',
      ],
      env: claudeEnvironment(model),
    }),
  },
};

function claudeEnvironment(model: ScriptedModel): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: 'dummy',
    ANTHROPIC_BASE_URL: model.url,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    // It takes all permissions from root only in what it is told is a sandbox.
    IS_SANDBOX: '1',
  };
}

let mc: AgentsWorld;
afterEach(() => mc.finish());
const begin = async (script: Script): Promise<void> => {
  mc = new AgentsWorld(script);
  await mc.begin({ limits: { maxAttempts: 1, backoffSeconds: 0 } });
};
const WORK = [{ say: 'I make it good.', calls: [{ shell: COMMIT }] }, { calls: [{ shell: SUBMIT }] }];

describe.each(Object.entries(OTHERS))('%s', (name, other) => {
  it('does the work, which is committed, verified and done; its transcript tells what it did', async () => {
    await begin({ works: [WORK] });
    await mc.profileOf(name, { ...other.profile(mc.model), permissions: 'allow' });
    const key = await mc.work(name, 'works');
    const ticket = await mc.reaches(key, 'done');
    expect(ticket.evidence.every((e) => e.state === 'verified')).toBe(true);
    const [attempt] = await mc.attempts(key);
    expect(attempt).toMatchObject({ outcome: 'submitted', summary: 'made it good' });
    const entries = await mc.transcript(attempt?.id ?? '');
    expect(entries.some((e) => e.kind === 'message' && e.text.includes('I make it'))).toBe(true);
    expect(entries.some((e) => e.kind === 'tool' && `${e.title}${e.input}`.includes('git commit'))).toBe(
      true,
    );
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
  });

  it.runIf(other.asks)('asks, is held, and goes on with each answer as the same attempt', async () => {
    await begin({ asks: [WORK] });
    await mc.profileOf(name, { ...other.profile(mc.model), permissions: 'ask', holdSeconds: 60 });
    const key = await mc.work(name, 'asks');
    const answered = new Set<string>();
    await mc.eventually(
      async () => {
        const ticket = await mc.get(key);
        const open = ticket.questions.find((q) => q.state === 'open');
        if (open) {
          answered.add(open.id);
          await mc.api.post(`/tickets/${key}/questions/${open.id}/answer`, { choice: 'allow_once' });
        }
        return ticket.status === 'done';
      },
      'it is done',
      80_000,
    );
    expect(answered.size).toBeGreaterThan(0);
    expect((await mc.attempts(key)).length).toBe(1);
  });

  it('that is cancelled in the middle of a tool leaves no process behind', async () => {
    const tool = `touch ../begun && node -e 'setTimeout(()=>{},300000)'`;
    await begin({ hangs: [[{ calls: [{ shell: tool }] }]] });
    await mc.profileOf(name, { ...other.profile(mc.model), permissions: 'allow' });
    const key = await mc.work(name, 'hangs');
    await mc.until(() => mc.worktreesHave('begun'), 'the tool runs', 60_000);
    const [attempt] = await mc.attempts(key);
    expect(mc.processesOf(attempt?.id ?? '').length).toBeGreaterThan(0);
    await mc.move(key, 'cancel', { reason: 'enough' });
    await mc.eventually(async () => (await mc.attempts(key))[0]?.state === 'ended', 'it has ended', 30_000);
    expect(mc.processesOf(attempt?.id ?? '')).toEqual([]);
  });
});
