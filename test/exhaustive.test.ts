/** The exhaustive check finds what it is there for: some planted bugs, each by a shortest way; and nothing without one. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bundleSimulation } from './simulation/bundle.mjs';
import { PLANTED } from './simulation/planted-bugs.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Result {
  failed?: { violations: string[]; path: string[]; states: number };
  states?: number;
  depth?: number;
}

async function search(bug: string | null, states: number): Promise<Result> {
  const folder = mkdtempSync(join(root, 'node_modules/.cache-exhaustive-'));
  try {
    const planted = PLANTED.find(({ name }) => name === bug);
    if (bug !== null && !planted) throw new Error(`there is no planted bug ${bug}`);
    const mutations = planted ? [planted, ...(planted.also ? [planted.also] : [])] : [];
    const program = await bundleSimulation(root, folder, mutations, 'test/exhaustive/main.ts');
    const text = await new Promise<string>((resolve) =>
      execFile(process.execPath, [program, '--seconds=60', `--states=${states}`], (_error, out) =>
        resolve(out),
      ),
    );
    return JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as Result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const [bug, invariant] of [
  ['two holders of one dispatch lease [1]', 'I3'],
  ['an attempt is lost before its grace is over', 'I11'],
  ['a parked attempt may write', 'I2'],
] as const) {
  it(`finds: ${bug}`, async () => {
    const { failed } = await search(bug, 20_000);
    expect(failed?.violations.join()).toContain(invariant);
    expect(failed?.path.length).toBeGreaterThan(1);
  }, 90_000);
}

it('finds nothing in the sources as they are, and says how far it looked', async () => {
  const result = await search(null, 2000);
  expect(result.failed).toBeUndefined();
  expect(result.states).toBeGreaterThan(2000);
  expect(result.depth).toBeGreaterThan(3);
}, 90_000);
