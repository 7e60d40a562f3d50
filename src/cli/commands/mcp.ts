/**
 * `mctl mcp`: the Model Context Protocol on standard input and output, for agents that start a program rather than call
 * an address. It only carries messages to and from the server's /mcp; the token decides which tools there are.
 */
import type { Command } from 'commander';
import { runs, type Io } from '../context.ts';
import { NotConnected } from '../failures.ts';

export function defineMcp(program: Command, io: Io): void {
  const mcp = program
    .command('mcp')
    .description('speak the Model Context Protocol on standard input and output')
    .addHelpText(
      'after',
      `
The token decides which tools there are: an attempt's (every worker has one as MC_TOKEN) or an orchestrator's.
  mctl token create --role orchestrator --name luci
  mctl --token TOKEN mcp`,
    );
  runs(mcp, io, async (context) => {
    const { url, token } = context.connection;
    // An administrator's token, which is what would be found else, has no tools.
    const own = context.flags.token ?? io.env['MC_TOKEN'] ?? token;
    if (own === undefined)
      throw new NotConnected(
        'MCP needs a token.',
        'give --token, or set MC_TOKEN; mctl mcp --help says which.',
      );
    const { bridge } = await import('./mcp/bridge.ts');
    await bridge(url, own);
  });
}
