/** The adapter for agents that speak the Agent Client Protocol: they differ by their profile alone. */
import type { Adapter } from '../adapter.ts';
import { AcpAgent } from './acp-agent.ts';

export const acpAdapter: Adapter = {
  start: (launch, host) => AcpAgent.start(launch, host),
  // Its streams ended with the runner that held them: it is stopped, and its session goes on in the next attempt.
  adopt: () => null,
};
