import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KNOWN_AGENTS } from '../domain/agents/known-agents.ts';
import { detectAgents } from './detect-agents.ts';

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'mc-detect-test-'));
});
afterEach(() => rmSync(bin, { recursive: true, force: true }));
const program = (name: string, script: string): void => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
};

it('finds what is there, reads its version, and says of the rest what to type', async () => {
  program('codex', 'echo "codex-cli 0.169.0"');
  program('claude', 'echo "2.1.197 (Claude Code)"; test "$HOME" != "" || exit 1; touch "$HOME/written"');
  program('goose', 'echo " boom: no such library" >&2; exit 127');
  program('gemini', 'printf "\\033[31m0.61.0\\033[0m\\n"');
  const found = Object.fromEntries(
    (await detectAgents(`${bin}:/usr/bin:/bin`)).map((agent) => [agent.id, agent]),
  );
  expect(Object.keys(found)).toEqual(KNOWN_AGENTS.map((agent) => agent.id));
  expect(found['codex']).toEqual({
    id: 'codex',
    path: join(bin, 'codex'),
    version: '0.169.0',
    problem: null,
  });
  expect(found['claude']).toMatchObject({ version: '2.1.197', problem: null });
  expect(found['gemini']).toMatchObject({ problem: null });
  expect(found['goose']).toMatchObject({ version: null, problem: expect.stringContaining('boom') });
  expect(found['qwen']).toMatchObject({ path: null, problem: expect.stringContaining('npm install') });
});
