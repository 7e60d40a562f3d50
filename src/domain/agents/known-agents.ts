/**
 * The agent programs that Mission Control has been tried with: how one is recognised, and the profile that runs it with
 * the login that its user already has. docs/agents/ has a page for each.
 */
import type { Adapter } from '../words.ts';

export interface KnownAgent {
  /** Also the id of the profile that is offered. */
  id: string;
  name: string;
  /** The program that is looked for on the PATH. */
  program: string;
  /** Asks it for its version; every one of them answers without a network or a login. */
  versionArgs: readonly string[];
  /** What to type where it is missing. */
  install: string;
  profile: {
    adapter: Adapter;
    command: readonly string[];
    home: 'isolated' | 'inherit';
    permissions: 'ask' | 'allow' | 'deny';
    acp?: { authMethod?: string; mode?: string };
    env?: Readonly<Record<string, string>>;
    envAllow?: readonly string[];
  };
}

export const KNOWN_AGENTS: readonly KnownAgent[] = [
  {
    id: 'opencode',
    name: 'opencode',
    program: 'opencode',
    versionArgs: ['--version'],
    install: 'npm install -g opencode-ai',
    profile: {
      adapter: 'acp',
      command: ['opencode', 'acp', '--print-logs', '--log-level', 'ERROR'],
      home: 'inherit',
      permissions: 'ask',
    },
  },
  {
    id: 'codex',
    name: 'Codex',
    program: 'codex',
    versionArgs: ['--version'],
    install: 'npm install -g @openai/codex',
    profile: { adapter: 'codex', command: ['codex'], home: 'inherit', permissions: 'ask' },
  },
  {
    id: 'claude',
    name: 'Claude Code',
    program: 'claude',
    versionArgs: ['--version'],
    install: 'npm install -g @anthropic-ai/claude-code',
    profile: { adapter: 'claude', command: ['claude'], home: 'inherit', permissions: 'ask' },
  },
  {
    id: 'gemini',
    name: 'Gemini CLI',
    program: 'gemini',
    versionArgs: ['--version'],
    install: 'npm install -g @google/gemini-cli',
    profile: {
      adapter: 'acp',
      command: ['gemini', '--acp'],
      home: 'inherit',
      permissions: 'ask',
      env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
      envAllow: ['GEMINI_API_KEY'],
    },
  },
  {
    id: 'qwen',
    name: 'Qwen Code',
    program: 'qwen',
    versionArgs: ['--version'],
    install: 'npm install -g @qwen-code/qwen-code',
    profile: {
      adapter: 'acp',
      command: ['qwen', '--acp'],
      home: 'inherit',
      permissions: 'ask',
      envAllow: ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL'],
    },
  },
  {
    id: 'goose',
    name: 'goose',
    program: 'goose',
    versionArgs: ['--version'],
    install: 'npm install -g @aaif/goose',
    profile: {
      adapter: 'acp',
      command: ['goose', 'acp', '--with-builtin', 'developer'],
      home: 'inherit',
      permissions: 'ask',
      env: { GOOSE_MODE: 'approve' },
    },
  },
];
