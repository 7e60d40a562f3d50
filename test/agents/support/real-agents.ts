/**
 * The real agents of these tests, as profiles for a Mission Control under test. Where one is missing the tests fail:
 * a suite that skips what it is for would pass with nothing tested.
 */
import { accessSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Output } from '../../../src/contract/shapes.ts';
import { transcriptEntry, type TranscriptEntry } from '../../../src/contract/transcript.ts';
import type { ProcessId } from '../../../src/runner/processes/process-table.ts';
import { MissionControl } from '../../harness/mission-control.ts';
import { ScriptedModel } from '../model/scripted-model.ts';
import type { Script } from '../model/script.ts';

const folder = fileURLToPath(new URL('../node_modules/', import.meta.url));

export const OPENCODE = join(folder, 'opencode-linux-x64/bin/opencode');
const CODEX = join(folder, '@openai/codex/bin/codex.js');

function present(file: string): string {
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`node scripts/agents.mjs\``);
  if (file === OPENCODE) accessSync(file, constants.X_OK);
  return file;
}

type Permission = 'allow' | 'ask' | 'deny';

/** opencode over the Agent Client Protocol, its configuration in the profile's files. */
export function opencodeProfile(model: ScriptedModel, permission: Permission = 'allow', more: object = {}) {
  return {
    adapter: 'acp',
    command: [present(OPENCODE), 'acp', '--pure', '--print-logs', '--log-level', 'ERROR'],
    env: {
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    },
    files: { '.config/opencode/opencode.json': JSON.stringify(opencodeSettings(model, permission)) },
    ...more,
  };
}

function opencodeSettings(model: ScriptedModel, permission: Permission): object {
  return {
    $schema: 'https://opencode.ai/config.json',
    autoupdate: false,
    share: 'disabled',
    snapshot: false,
    model: 'scripted/scripted-model',
    small_model: 'scripted/scripted-model',
    enabled_providers: ['scripted'],
    provider: {
      scripted: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Scripted',
        options: { baseURL: `${model.url}/v1`, apiKey: 'dummy' },
        models: {
          'scripted-model': {
            name: 'Scripted model',
            tool_call: true,
            limit: { context: 100_000, output: 8000 },
            cost: { input: 3, output: 15, cache_read: 0.3 },
          },
        },
      },
    },
    permission: {
      bash: { '*': permission, 'mc-coord *': 'allow' },
      edit: permission,
      external_directory: 'allow',
    },
  };
}

/** What codex reads from `.codex/config.toml`. */
export function codexConfig(model: ScriptedModel): string {
  return `model = "scripted-model"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "Scripted"
base_url = "${model.url}/v1"
env_key = "SCRIPTED_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = false
[analytics]
enabled = false
[feedback]
enabled = false
`;
}

/** codex without a terminal. */
export function codexProfile(model: ScriptedModel, more: object = {}) {
  return {
    adapter: 'codex',
    command: [process.execPath, present(CODEX)],
    env: { SCRIPTED_API_KEY: 'dummy' },
    files: { '.codex/config.toml': codexConfig(model) },
    permissions: 'allow',
    ...more,
  };
}

/** A Mission Control with a scripted model beside it, and a project whose check passes where `value` says `good`. */
export class AgentsWorld extends MissionControl {
  readonly model: ScriptedModel;

  constructor(script: Script, env: Record<string, string> = {}) {
    super({ env: { MC_LEASE_SECONDS: '6', MC_GRACE_SECONDS: '3', MC_OFFER_SECONDS: '10', ...env } });
    this.model = new ScriptedModel(script);
  }

  async begin(project: object = {}): Promise<void> {
    await this.model.start();
    await this.start();
    await this.project({ completion: { decidedBy: 'policy' }, ...project });
  }

  async finish(): Promise<void> {
    const { invariants } = await this.verify();
    const broken = invariants.filter((invariant) => !invariant.ok);
    await this.stop();
    await this.model.stop();
    if (broken.length > 0) throw new Error(JSON.stringify(broken));
    if (this.model.problems.length > 0) throw new Error(this.model.problems.join('\n'));
  }

  async profileOf(id: string, profile: object): Promise<void> {
    await this.api.post('/profiles', { id, stallSeconds: 60, timeoutSeconds: 80, ...profile });
  }

  async work(profile: string, scenario: string, more: object = {}): Promise<string> {
    const ticket = await this.ticket(profile, { description: `[[scenario:${scenario}]]`, ...more });
    return ticket.key;
  }

  /** Files that agents make beside their worktrees tell a test how far they are. */
  worktreesHave(name: string): boolean {
    return existsSync(join(this.dataDir, 'worktrees', name));
  }

  remove(name: string): void {
    rmSync(join(this.dir, name), { recursive: true });
  }

  /** The processes of an attempt that run this program, keepers and tools left out. */
  agentsOf(attempt: string, program: string): ProcessId[] {
    return this.processesOf(attempt).filter(({ pid }) => readText(`/proc/${pid}/comm`).startsWith(program));
  }

  /** Every entry of the transcript of an attempt that has ended, each held against the contract. */
  async transcript(attempt: string): Promise<TranscriptEntry[]> {
    // The last of the output may come after the end; the runner keeps the attempt's files until all of it is delivered.
    await this.until(
      () => !existsSync(join(this.dataDir, 'run', attempt)),
      'all output is delivered',
      30_000,
    );
    const { items } = await this.api.get<Output>(`/attempts/${attempt}/output`);
    const text = items
      .filter((item) => item.stream === 'transcript')
      .map((item) => item.text)
      .join('');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => transcriptEntry.parse(JSON.parse(line)));
  }

  /** All that the attempt brought forth, for a test that failed. */
  async explain(key: string): Promise<string> {
    const attempts = await this.attempts(key);
    const parts = attempts.map(async (attempt) => {
      const { items } = await this.api.get<Output>(`/attempts/${attempt.id}/output`);
      return `${JSON.stringify(attempt)}\n${items.map(({ stream, text }) => `${stream}: ${text}`).join('\n')}`;
    });
    return `${(await Promise.all(parts)).join('\n')}\n${this.describe()}\n${this.model.seen.map(({ path, place }) => `${path} ${JSON.stringify(place)}`).join('\\n')}`;
  }

  async reaches(key: string, status: 'done' | 'needs_input' | 'in_review' | 'cancelled', ms = 60_000) {
    try {
      return await this.inStatus(key, status, ms);
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.explain(key)}`, { cause: error });
    }
  }
}

/** The commands of an agent that does what it should. */
export const COMMIT = 'echo good > value && git commit -qam "Make it good"';
export const SUBMIT = 'mc-coord submit --summary "made it good"';

export function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
