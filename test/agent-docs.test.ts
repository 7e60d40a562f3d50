/** What docs/agents tells people to type makes a profile that the server takes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createProfile, createTicket } from '../src/contract/requests.ts';
import { FakeMissionControl, serveEachTest } from './support/fake-mission-control.ts';
import { mctl } from './support/run-command-line.ts';
import { sampleProfile, sampleTicket } from './support/samples.ts';

const folder = fileURLToPath(new URL('../docs/agents/', import.meta.url));
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
/** As a shell would. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)].map(([word, single, double]) => single ?? double ?? word);

const server = new FakeMissionControl();
serveEachTest(server);

async function madeBy(args: string[]): Promise<unknown> {
  server.on('POST /profiles', { status: 201, body: sampleProfile() });
  const { code, err } = await mctl(args, { url: server.url });
  expect(err).toBe('');
  expect(code).toBe(0);
  return server.requestsTo('POST /profiles').at(-1)?.body;
}

describe('the pages on agents', () => {
  it('are there for each agent, and listed', () => {
    expect(pages.toSorted()).toEqual(
      ['claude', 'codex', 'gemini', 'goose', 'opencode', 'qwen'].map((name) => `${name}.md`),
    );
    for (const page of pages) expect(read('README.md')).toContain(`(${page})`);
  });

  it.each(pages)('%s gives commands that make profiles', async (page) => {
    const commands = read(page).match(/^mctl profile create .*$/gm) ?? [];
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const body = createProfile.parse(await madeBy(wordsOf(command).slice(1)));
      expect(wordsOf(command)).toEqual(expect.arrayContaining([body.id, body.adapter]));
    }
  });

  it.each(pages)('%s gives the agent a ticket', async (page) => {
    server.on('POST /tickets', { status: 201, body: sampleTicket() });
    const [command] = read(page).match(/^mctl create .*$/m) ?? [];
    const { code } = await mctl(wordsOf(command ?? '').slice(1), { url: server.url });
    expect(code).toBe(0);
    const body = createTicket.parse(server.requestsTo('POST /tickets').at(-1)?.body);
    expect(body.status).toBe('todo');
    expect(`${body.profile}.md`).toBe(page);
  });

  it.each(pages.filter((page) => read(page).includes('```toml')))(
    '%s gives a file that makes one',
    async (page) => {
      const dir = mkdtempSync(join(tmpdir(), 'mc-docs-'));
      try {
        for (const [, text] of read(page).matchAll(/```toml\n([\s\S]*?)```/g)) {
          const file = join(dir, 'profile.toml');
          writeFileSync(file, text ?? '');
          const body = createProfile.parse(await madeBy(['profile', 'create', 'agent', '-f', file]));
          for (const [name, content] of Object.entries(body.files ?? {}))
            if (name.endsWith('.json')) JSON.parse(content);
        }
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );
});
