import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataDirectory, findServer } from './find-server.ts';
import { NotConnected, UsageError } from './failures.ts';

function dataDirWith(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'mc-data-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}
const record = (url: string): string =>
  JSON.stringify({ url, pid: 1, startedAt: '2026-01-01T00:00:00.000Z' });
const LOCAL = 'http://127.0.0.1:4831';

describe('the data directory', () => {
  test('is what the flag says, else MC_DATA_DIR, else under XDG_DATA_HOME, else under HOME', () => {
    const env = { MC_DATA_DIR: '/b', XDG_DATA_HOME: '/c', HOME: '/d' };
    expect(dataDirectory({ dataDir: '/a' }, env)).toBe('/a');
    expect(dataDirectory({}, env)).toBe('/b');
    expect(dataDirectory({}, { ...env, MC_DATA_DIR: '' })).toBe('/c/mission-control');
    expect(dataDirectory({}, { HOME: '/d' })).toBe('/d/.local/share/mission-control');
  });
});

describe('the server', () => {
  test('is found with its token in the data directory', () => {
    const dataDir = dataDirWith({ 'server.json': record(LOCAL), 'admin.token': 'mca_1\n' });
    expect(findServer({ dataDir }, {})).toMatchObject({ url: LOCAL, token: 'mca_1', dataDir });
  });

  test('is the one that the flag names, else MC_URL', () => {
    const dataDir = dataDirWith({ 'server.json': record(LOCAL), 'admin.token': 'mca_1' });
    const env = { MC_URL: 'http://b.example' };
    expect(findServer({ dataDir, server: 'http://a.example' }, env).url).toBe('http://a.example');
    expect(findServer({ dataDir }, env).url).toBe('http://b.example');
  });

  test('never gets the token of another: not over the network, and not on another port', () => {
    const dataDir = dataDirWith({ 'server.json': record(LOCAL), 'admin.token': 'mca_1' });
    expect(findServer({ dataDir, server: 'http://evil.example' }, {}).token).toBeUndefined();
    expect(findServer({ dataDir, server: 'http://127.0.0.1:9999' }, {}).token).toBeUndefined();
    expect(findServer({ dataDir, server: `${LOCAL}/` }, {}).token).toBe('mca_1');
  });

  test('takes a token that was given, from the flag before the environment before a file', () => {
    const dataDir = dataDirWith({ 'server.json': record(LOCAL), 'admin.token': 'kept', other: 'filed\n' });
    const env = { MC_ADMIN_TOKEN: 'set', MC_ADMIN_TOKEN_FILE: join(dataDir, 'other') };
    expect(findServer({ dataDir, token: 'flag' }, env).token).toBe('flag');
    expect(findServer({ dataDir }, env).token).toBe('set');
    expect(findServer({ dataDir }, { MC_ADMIN_TOKEN_FILE: join(dataDir, 'other') }).token).toBe('filed');
    expect(() => findServer({ dataDir }, { MC_ADMIN_TOKEN_FILE: '/nowhere' })).toThrow(UsageError);
  });

  test('does not take MC_TOKEN, which is a worker’s and not a person’s', () => {
    const dataDir = dataDirWith({ 'server.json': record(LOCAL) });
    expect(findServer({ dataDir }, { MC_TOKEN: 'attempt' }).token).toBeUndefined();
  });

  test('that does not run is told with how to start it', () => {
    const dataDir = dataDirWith({});
    expect(() => findServer({ dataDir }, {})).toThrow(NotConnected);
    expect(() => findServer({ dataDir }, {})).toThrow(/server\.json does not exist/);
  });

  test('whose record is damaged is not taken for one that is absent', () => {
    for (const text of ['', '{"url":', '{"url":"nonsense"}', '[]']) {
      expect(() => findServer({ dataDir: dataDirWith({ 'server.json': text }) }, {})).toThrow(
        /does not name a server/,
      );
    }
    const dataDir = dataDirWith({});
    mkdirSync(join(dataDir, 'server.json'));
    expect(() => findServer({ dataDir }, {})).toThrow(/Cannot read .*EISDIR/);
  });

  test('whose directory cannot be read is told so', { skip: process.getuid?.() === 0 }, () => {
    const dataDir = dataDirWith({ 'server.json': record(LOCAL) });
    chmodSync(join(dataDir, 'server.json'), 0o000);
    expect(() => findServer({ dataDir }, {})).toThrow(/EACCES/);
  });

  test('has an address of http', () => {
    for (const server of ['localhost:4831', 'file:///etc/passwd', 'nonsense']) {
      expect(() => findServer({ server }, {})).toThrow(UsageError);
    }
  });
});
