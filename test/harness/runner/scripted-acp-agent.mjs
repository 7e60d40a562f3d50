// An agent for fast tests of the ACP adapter: the official SDK's agent side, and behaviour by name (ACP_DO).
// It writes what it was asked into $OUT/acp.jsonl, and keeps its sessions in $HOME as a real one does.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import * as acp from '@agentclientprotocol/sdk';

const { ACP_DO: behaviour = 'submit', OUT: out = '/tmp', HOME: home = '/tmp' } = process.env;
const note = (what) => appendFileSync(join(out, 'acp.jsonl'), `${JSON.stringify(what)}\n`);
const sessionFile = (id) => join(home, 'sessions', id);
let prompts = 0;
let cancelled = () => undefined;

async function signal(body) {
  await fetch(`${process.env.MC_URL}/api/v1/attempts/self/signals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.MC_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function say(client, sessionId, text) {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } };
  return client.notify('session/update', { sessionId, update });
}

async function askPermission(client, sessionId) {
  const { outcome } = await client.request('session/request_permission', {
    sessionId,
    toolCall: {
      toolCallId: `c${prompts}`,
      title: 'rm -rf build',
      kind: 'execute',
      rawInput: { command: 'rm -rf build' },
    },
    options: [
      { optionId: 'zz-yes', name: 'Yes', kind: 'allow_once' },
      { optionId: 'zz-no', name: 'No', kind: 'reject_once' },
    ],
  });
  note({ outcome });
  return outcome.outcome === 'selected' && outcome.optionId === 'zz-yes';
}

const TURNS = {
  submit: async () => signal({ type: 'submit', summary: 'done' }),
  nothing: async (client, id) => say(client, id, 'All tests pass, everything is submitted.'),
  'submit-when-reminded': async () => (prompts > 1 ? signal({ type: 'submit', summary: 'late' }) : undefined),
  permission: async (client, id) => {
    if (await askPermission(client, id)) await signal({ type: 'submit', summary: 'allowed' });
  },
  limited: async () => {
    throw new acp.RequestError(-32603, 'Internal error', { message: '429: try again in 2 minutes' });
  },
  // What it prints cannot be read any more, and it stays where it is.
  overflow: async () => {
    if (prompts > 1 || existsSync(join(out, 'overflowed')))
      return signal({ type: 'submit', summary: 'again' });
    writeFileSync(join(out, 'overflowed'), String(process.pid));
    const piece = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 70; n++) {
      if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
    await new Promise(() => undefined);
  },
  die: async () =>
    prompts === 1 && !existsSync(join(out, 'died'))
      ? (writeFileSync(join(out, 'died'), ''), process.kill(process.pid, 'SIGKILL'))
      : signal({ type: 'submit', summary: 'again' }),
  rubbish: async (client, id) => {
    process.stdout.write(
      'a banner\n{"broken": \n[1,2]\n{"jsonrpc":"2.0","method":"session/update","params":{"nothing":1}}\n',
    );
    await say(client, id, 'Still here. \u001b[2J<script>');
    await signal({ type: 'submit', summary: 'done' });
  },
  show: async (client, sessionId) => {
    const evil = '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1">';
    const update = (body) => client.notify('session/update', { sessionId, update: body });
    await update({
      sessionUpdate: 'plan',
      entries: [{ content: 'First the plan', priority: 'high', status: 'in_progress' }],
    });
    await update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'I think first.' } });
    await say(client, sessionId, `I write ${evil} \u202Etxt.exe`);
    await update({
      sessionUpdate: 'tool_call',
      toolCallId: 'c1',
      title: evil,
      kind: 'execute',
      status: 'in_progress',
    });
    const output = `\u001b[31mred\u001b[0m ${evil}`;
    await update({
      sessionUpdate: 'tool_call_update',
      toolCallId: 'c1',
      status: 'completed',
      content: [
        { type: 'content', content: { type: 'text', text: output } },
        { type: 'diff', path: '/w/a.ts', oldText: 'old line', newText: 'new line' },
      ],
    });
    for (let n = 1; n <= 3000; n++)
      await update({
        sessionUpdate: 'tool_call',
        toolCallId: `many-${n}`,
        title: `call number ${n}`,
        kind: 'read',
        status: 'completed',
      });
    await signal({ type: 'ask', text: 'Is it good?' });
  },
  files: async (client, sessionId) => {
    const tries = { inside: join(process.cwd(), 'value'), outside: join(out, 'acp.jsonl') };
    for (const [where, path] of Object.entries(tries)) {
      await client.request('fs/write_text_file', { sessionId, path, content: 'x' }).then(
        () => note({ wrote: where }),
        (error) => note({ refused: where, error: String(error.message) }),
      );
    }
    await signal({ type: 'submit', summary: 'done' });
  },
  stubborn: async () => {
    process.on('SIGTERM', () => undefined);
    setInterval(() => undefined, 1000);
    spawn('setsid', ['sleep', '300'], { detached: true, stdio: 'ignore' }).unref();
    note({ stubborn: true });
    await new Promise(() => undefined);
  },
  wait: async () => {
    note({ waiting: true });
    await new Promise((resolve) => {
      cancelled = resolve;
    });
  },
};

acp
  .agent({ name: 'scripted' })
  .onRequest('initialize', ({ params }) => {
    note({ initialize: params.clientCapabilities });
    return {
      protocolVersion: 1,
      agentCapabilities: { loadSession: true, mcpCapabilities: { http: true } },
      authMethods: [{ id: 'key', name: 'Key' }],
    };
  })
  .onRequest('authenticate', ({ params }) => {
    note({ authenticate: params.methodId });
    return {};
  })
  .onRequest('session/new', ({ params }) => {
    if (behaviour === 'login') throw new acp.RequestError(-32000, 'Authentication required');
    const sessionId = `ses_${Date.now().toString(36)}`;
    mkdirSync(join(home, 'sessions'), { recursive: true });
    writeFileSync(sessionFile(sessionId), '');
    note({ new: params });
    return {
      sessionId,
      modes: {
        currentModeId: 'build',
        availableModes: [
          { id: 'build', name: 'b' },
          { id: 'full', name: 'f' },
        ],
      },
    };
  })
  .onRequest('session/load', async ({ params, client }) => {
    if (!existsSync(sessionFile(params.sessionId))) throw acp.RequestError.resourceNotFound(params.sessionId);
    note({ load: params.sessionId });
    await say(client, params.sessionId, 'REPLAYED');
    return {};
  })
  .onRequest('session/set_mode', ({ params }) => {
    note({ mode: params.modeId });
    return {};
  })
  .onRequest('session/prompt', async ({ params, client }) => {
    prompts += 1;
    note({ prompt: params.prompt[0].text });
    await TURNS[behaviour](client, params.sessionId);
    return { stopReason: 'end_turn' };
  })
  .onNotification('session/cancel', () => {
    note({ cancel: true });
    cancelled();
  })
  .connect(acp.ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)));
