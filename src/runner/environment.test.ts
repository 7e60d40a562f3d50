import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttemptOffer } from '../contract/runner-protocol.ts';
import { agentEnvironment, furnishHome, homeOf, installShim, ProfileProblem } from './environment.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mc-home-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function offer(profile: Partial<AttemptOffer['profile']>): AttemptOffer {
  return {
    ticket: 'MC-1',
    number: 2,
    token: 'mca_secret',
    profile: { id: 'agent', env: {}, envAllow: [], files: {}, home: 'isolated', ...profile },
  } as AttemptOffer;
}
const input = (profile: Partial<AttemptOffer['profile']>, own: NodeJS.ProcessEnv = {}) => {
  const made = offer(profile);
  return {
    offer: made,
    dataDir: dir,
    url: 'http://127.0.0.1:1',
    promptFile: '/p',
    home: homeOf(dir, made, own),
    own,
  };
};

describe('the environment of a worker', () => {
  it('has nothing of the runner but what is allowed, and never a token of ours', () => {
    const own = {
      PATH: '/usr/bin',
      SECRET: 's',
      GIVEN: 'g',
      MC_ADMIN_TOKEN: 'a',
      MC_RUNNER_TOKEN: 'r',
      HOME: '/root',
    };
    const env = agentEnvironment(
      input(
        {
          envAllow: ['GIVEN', 'MC_ADMIN_TOKEN', 'MC_RUNNER_TOKEN'],
          env: { MC_TOKEN: 'x', API: '${MC_URL}/v1' },
        },
        own,
      ),
    );
    expect(env).toMatchObject({
      GIVEN: 'g',
      MC_TOKEN: 'mca_secret',
      API: 'http://127.0.0.1:1/v1',
      MC_ATTEMPT: '2',
    });
    expect(env['PATH']).toBe(`${dir}/bin:/usr/bin`);
    expect(env['HOME']).toBe(`${dir}/homes/agent`);
    expect(Object.keys(env)).not.toContain('SECRET');
    expect(Object.values(env)).not.toContain('a');
    expect(Object.values(env)).not.toContain('r');
  });

  it('inherits HOME where the profile says so, and then gets no files', () => {
    expect(input({ home: 'inherit' }, { HOME: '/root' }).home).toBe('/root');
    expect(() => furnishHome(input({ home: 'inherit', files: { x: 'y' } }, { HOME: dir }))).toThrow(
      ProfileProblem,
    );
  });

  it('keeps one HOME per profile, but not where files hold the token of one attempt', () => {
    expect(input({ files: { a: 'plain' } }).home).toBe(join(dir, 'homes/agent'));
    expect(input({ files: { a: '${MC_TOKEN}' } }).home).toBe(join(dir, 'homes/agent.MC-1'));
  });
});

describe('mc-coord', () => {
  it('is on PATH also in a login shell, which sets PATH anew', () => {
    const home = join(dir, 'homes/agent');
    mkdirSync(home, { recursive: true });
    installShim(dir, '/nowhere/mc-coord.js');
    writeFileSync(join(home, '.bash_profile'), 'PATH=/usr/bin:/bin\n');
    const env = agentEnvironment(input({}, { PATH: process.env['PATH'] }));
    const found = execFileSync('bash', ['-lc', 'command -v mc-coord'], { env }).toString().trim();
    expect(found).toBe(join(dir, 'bin/mc-coord'));
  });
});

describe('files in HOME', () => {
  it('are written privately, with their placeholders filled', () => {
    const made = input({ files: { '.config/agent.json': '{"token":"${MC_TOKEN}"}' } });
    furnishHome(made);
    const file = join(made.home, '.config/agent.json');
    expect(readFileSync(file, 'utf8')).toBe('{"token":"mca_secret"}');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('never lie outside, not even by a link that an agent made', () => {
    for (const name of ['../x', '/etc/x', 'a/../../x', '']) {
      expect(() => furnishHome(input({ files: { [name]: 'x' } }))).toThrow(ProfileProblem);
    }
    const made = input({ files: { 'linked/file': 'x' } });
    mkdirSync(made.home, { recursive: true });
    mkdirSync(join(dir, 'elsewhere'));
    symlinkSync(join(dir, 'elsewhere'), join(made.home, 'linked'));
    expect(() => furnishHome(made)).toThrow(/leads out of it/);
    // Not even an empty folder is made behind it.
    const deep = input({ files: { 'linked/deep/file': 'x' } });
    expect(() => furnishHome(deep)).toThrow(/leads out of it/);
    expect(existsSync(join(dir, 'elsewhere/deep'))).toBe(false);
    rmSync(made.home, { recursive: true });
    symlinkSync(join(dir, 'elsewhere'), made.home);
    expect(() => furnishHome(input({ files: { file: 'x' } }))).toThrow(/leads out of it/);
    expect(existsSync(join(dir, 'elsewhere/file'))).toBe(false);
  });

  it('may go through a link that stays in HOME', () => {
    const made = input({ files: { 'linked/file': 'x' } });
    mkdirSync(join(made.home, 'real'), { recursive: true });
    symlinkSync('real', join(made.home, 'linked'));
    furnishHome(made);
    expect(readFileSync(join(made.home, 'real/file'), 'utf8')).toBe('x');
  });
});

describe('the shim of mc-coord', () => {
  it('runs the command wherever it is installed', () => {
    const script = join(dir, "it's here.mjs");
    writeFileSync(script, 'console.log(process.argv.slice(2).join("|"))');
    installShim(dir, script);
    installShim(dir, script);
    const said = execFileSync(join(dir, 'bin/mc-coord'), ['a b', '$c']).toString();
    expect(said).toBe('a b|$c\n');
  });
});
