/** The built `mctl mcp`, as an agent starts it: a program that speaks the protocol on its standard streams. */
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { IssuedToken } from '../../src/contract/shapes.ts';
import { MissionControl } from '../harness/mission-control.ts';

const mctl = fileURLToPath(new URL('../../dist/cli/mctl.js', import.meta.url));
let mc: MissionControl;
beforeEach(async () => {
  mc = new MissionControl({ env: { MC_RUNNER: 'none' } });
  await mc.start();
  await mc.project();
});
afterEach(() => mc.stop());

async function connect(token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [mctl, '--server', mc.url, 'mcp'],
    env: { PATH: process.env['PATH'] ?? '', HOME: mc.dir, MC_TOKEN: token },
  });
  // The SDK's own types do not pass exactOptionalPropertyTypes.
  await client.connect(transport as never);
  return client;
}

it('carries the tools of the token, and what they answer', async () => {
  const issued = await mc.api.post<IssuedToken>('/tokens', { role: 'orchestrator', name: 'luci' });
  const client = await connect(issued.token);
  expect((await client.listTools()).tools.map((each) => each.name)).toContain('inbox_act');
  const result = await client.callTool({
    name: 'ticket_create',
    arguments: { project: 'MC', title: 'By stdio' },
  });
  expect(JSON.parse((result.content as { text: string }[])[0]?.text ?? '')).toMatchObject({ key: 'MC-1' });
  await client.close();
  expect((await mc.get('MC-1')).title).toBe('By stdio');
});

it('says why when the server refuses the token, instead of hanging', async () => {
  await expect(connect('mct_unknown')).rejects.toThrow(/unauthenticated|401/);
});
