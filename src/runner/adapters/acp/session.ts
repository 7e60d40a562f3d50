/**
 * From a connection to a session that works as the profile says: protocol, login, the session (continued where that can
 * be), mode and model. What cannot be is said in words that name the setting to change.
 */
import * as acp from '@agentclientprotocol/sdk';
import type {
  McpServer,
  NewSessionResponse,
  SessionConfigOption,
  SessionModeState,
} from '@agentclientprotocol/sdk';
import type { Launch } from '../adapter.ts';
import { AgentProblem, messageOf } from '../conversation.ts';

const HELLO_MS = 90_000;
const SESSION_MS = 180_000;
const AUTH_REQUIRED = -32_000;

export interface OpenedSession {
  id: string;
  /** Why the wanted session is not the one that is open; null where it is, or none was wanted. */
  notResumed: string | null;
  isResumed: boolean;
  /** What could not be set, for the transcript. */
  remarks: string[];
}

export async function openSession(
  agent: acp.ClientContext,
  launch: Launch,
  wanted: string | null,
  replaying: (isReplaying: boolean) => void,
): Promise<OpenedSession> {
  const { profile } = launch.offer;
  const hello = await within(
    HELLO_MS,
    'initialize',
    agent.request('initialize', {
      protocolVersion: acp.PROTOCOL_VERSION,
      clientInfo: { name: 'mission-control', title: 'Mission Control', version: '1' },
      clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: false },
    }),
  );
  if (hello.protocolVersion !== acp.PROTOCOL_VERSION) {
    throw new AgentProblem(
      `adapter_unavailable: the agent speaks version ${hello.protocolVersion} of the Agent Client Protocol, this runner ${acp.PROTOCOL_VERSION}. Install a matching version of the agent.`,
    );
  }
  const methods = (hello.authMethods ?? []).map((method) => method.id);
  if (profile.acp?.authMethod !== undefined) {
    try {
      await within(
        SESSION_MS,
        'authenticate',
        agent.request('authenticate', { methodId: profile.acp.authMethod }),
      );
    } catch (error) {
      throw loginProblem(methods, messageOf(error));
    }
  }
  const capabilities = hello.agentCapabilities ?? {};
  const remarks: string[] = [];
  const mcpServers = mcpServersFor(launch, capabilities.mcpCapabilities?.http === true, remarks);
  const place = { cwd: launch.worktree, mcpServers };
  let id: string | null = null;
  let notResumed: string | null = null;
  let state: { modes?: SessionModeState | null; configOptions?: SessionConfigOption[] | null } = {};
  if (wanted !== null) {
    try {
      const session = { ...place, sessionId: wanted };
      if (capabilities.sessionCapabilities?.resume) {
        state = await within(SESSION_MS, 'session/resume', agent.request('session/resume', session));
      } else if (capabilities.loadSession) {
        replaying(true);
        state = await within(SESSION_MS, 'session/load', agent.request('session/load', session));
      } else throw new Error('this agent can neither resume nor load one');
      id = wanted;
    } catch (error) {
      if (error instanceof AgentProblem) throw error;
      notResumed = messageOf(error);
    } finally {
      replaying(false);
    }
  }
  if (id === null) {
    try {
      const made = await within<NewSessionResponse>(
        SESSION_MS,
        'session/new',
        agent.request('session/new', place),
      );
      id = made.sessionId;
      state = made;
    } catch (error) {
      if ((error as { code?: number }).code === AUTH_REQUIRED) throw loginProblem(methods, messageOf(error));
      throw error;
    }
  }
  if (profile.acp?.mode !== undefined) await setMode(agent, id, profile.acp.mode, state);
  if (profile.model !== null) await setModel(agent, id, profile.model, state.configOptions ?? [], remarks);
  return { id, notResumed, isResumed: wanted !== null && notResumed === null, remarks };
}

function loginProblem(methods: readonly string[], said: string): AgentProblem {
  const offered = methods.length === 0 ? 'none' : methods.join(', ');
  return new AgentProblem(
    `auth_required: the agent wants a login (${said}). Set the profile's acp.authMethod to one that it offers (${offered}), and give it what that needs (env, files, gateway, or home "inherit").`,
  );
}

function mcpServersFor(launch: Launch, speaksHttp: boolean, remarks: string[]): McpServer[] {
  if (launch.mcp === null) return [];
  if (!speaksHttp) {
    remarks.push('This agent takes no MCP server over HTTP; it has the mc-coord command instead.');
    return [];
  }
  const headers = [{ name: 'Authorization', value: `Bearer ${launch.mcp.token}` }];
  return [{ type: 'http', name: 'mission_control', url: launch.mcp.url, headers }];
}

async function setMode(
  agent: acp.ClientContext,
  sessionId: string,
  mode: string,
  state: { modes?: SessionModeState | null; configOptions?: SessionConfigOption[] | null },
): Promise<void> {
  const modes = state.modes?.availableModes.map(({ id }) => id) ?? [];
  if (modes.includes(mode)) {
    await agent.request('session/set_mode', { sessionId, modeId: mode });
    return;
  }
  const option = optionOf(state.configOptions ?? [], 'mode');
  const values = valuesOf(option);
  if (option && values.includes(mode)) {
    await agent.request('session/set_config_option', { sessionId, configId: option.id, value: mode });
    return;
  }
  const offered = [...new Set([...modes, ...values])].join(', ') || 'none';
  throw new AgentProblem(
    `profile_unusable: the agent has no mode "${mode}". Set the profile's acp.mode to one that it has (${offered}), or remove it.`,
  );
}

async function setModel(
  agent: acp.ClientContext,
  sessionId: string,
  model: string,
  options: readonly SessionConfigOption[],
  remarks: string[],
): Promise<void> {
  const option = optionOf(options, 'model');
  if (!option) {
    remarks.push(
      `The model ${model} cannot be set over the protocol; name it in the profile's command or files.`,
    );
    return;
  }
  const values = valuesOf(option);
  if (!values.includes(model)) {
    throw new AgentProblem(
      `profile_unusable: the agent has no model "${model}". It has: ${values.slice(0, 20).join(', ')}.`,
    );
  }
  await agent.request('session/set_config_option', { sessionId, configId: option.id, value: model });
}

function optionOf(
  options: readonly SessionConfigOption[],
  category: string,
): SessionConfigOption | undefined {
  return options.find((option) => option.category === category) ?? options.find(({ id }) => id === category);
}

function valuesOf(option: SessionConfigOption | undefined): string[] {
  if (option?.type !== 'select') return [];
  return option.options.flatMap((entry) =>
    'options' in entry ? entry.options.map(({ value }) => value) : [entry.value],
  );
}

async function within<T>(ms: number, what: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new AgentProblem(
            `agent_not_responding: no answer to ${what} within ${ms / 1000} s. Try the profile's command by hand.`,
          ),
        ),
      ms,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
