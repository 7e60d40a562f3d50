/** Carries Model Context Protocol messages between standard input and output and a server's /mcp, unchanged. */
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';

/** Until standard input ends. A message that the server does not take is answered with its reason. */
export async function bridge(url: string, token: string): Promise<void> {
  const near = new StdioServerTransport();
  const far = new StreamableHTTPClientTransport(new URL('/mcp', url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  const underWay = new Set<Promise<void>>();
  far.onmessage = (message) => void near.send(message);
  near.onmessage = (message) => {
    const sent = far.send(message).catch((error: unknown) => answerFailure(near, message, error));
    underWay.add(sent);
    void sent.finally(() => underWay.delete(sent));
  };
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  await far.start();
  await near.start();
  await ended;
  await Promise.all(underWay);
  await far.close();
}

async function answerFailure(
  near: StdioServerTransport,
  message: JSONRPCMessage,
  error: unknown,
): Promise<void> {
  const text = error instanceof Error ? error.message : String(error);
  if (!('id' in message) || !('method' in message)) return;
  const INTERNAL_ERROR = -32_603;
  await near.send({ jsonrpc: '2.0', id: message.id, error: { code: INTERNAL_ERROR, message: text } });
}
