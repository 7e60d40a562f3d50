/** Looks which known agent programs this machine has, and whether each answers when it is asked for its version. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KNOWN_AGENTS, type KnownAgent } from '../domain/agents/known-agents.ts';
import { plainEnvironment } from './environment.ts';
import { findProgram } from './inspect.ts';
import { cleanText } from './output/output-chunk.ts';

export interface DetectedAgent {
  id: string;
  /** Where it is; null where it is not. */
  path: string | null;
  /** What it says of itself; null where it does not answer. */
  version: string | null;
  /** Why it is of no use, where it is not. */
  problem: string | null;
}

/** Large ones take seconds to say their version on a busy machine. */
const PATIENCE_MS = 20_000;

export function detectAgents(path = process.env['PATH'] ?? ''): Promise<DetectedAgent[]> {
  return Promise.all(KNOWN_AGENTS.map((agent) => detect(agent, path)));
}

async function detect(agent: KnownAgent, path: string): Promise<DetectedAgent> {
  const { id } = agent;
  const found = await findProgram(agent.program, path);
  if (found === null) return { id, path: null, version: null, problem: `not installed: ${agent.install}` };
  // A HOME of its own: asking for a version must not make it write into anybody's.
  const home = await mkdtemp(join(tmpdir(), 'mc-detect-'));
  try {
    const { execa } = await import('execa');
    const { exitCode, stdout, stderr, timedOut } = await execa(found, [...agent.versionArgs], {
      env: { ...plainEnvironment({ PATH: path }, home), NO_COLOR: '1' },
      extendEnv: false,
      cwd: home,
      stdin: 'ignore',
      reject: false,
      timeout: PATIENCE_MS,
      killSignal: 'SIGKILL',
    });
    const said = cleanText(stdout.trim() || stderr.trim(), 200).split('\n')[0] ?? '';
    if (timedOut)
      return { id, path: found, version: null, problem: `no answer within ${PATIENCE_MS / 1000} s` };
    const version = /\d+\.\d+(?:\.\d+)?[\w.-]*/.exec(said)?.[0] ?? null;
    if (exitCode === 0 && version !== null) return { id, path: found, version, problem: null };
    return {
      id,
      path: found,
      version,
      problem: `it answers with ${said || `exit code ${exitCode ?? 'none'}`}`,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
