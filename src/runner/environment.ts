/**
 * A worker's environment, by allow-list: nothing of the runner's own but what is named here and what the profile
 * allows. Tokens of Mission Control other than the attempt's own never pass, whatever the profile says.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { AttemptOffer } from '../contract/runner-protocol.ts';
import { writeFileAtomically } from './atomic-file.ts';

/** The profile cannot be used as it is; the message says what to change. */
export class ProfileProblem extends Error {}

export interface EnvironmentInput {
  offer: AttemptOffer;
  dataDir: string;
  url: string;
  promptFile: string;
  home: string;
  own: NodeJS.ProcessEnv;
  /** Where the profile has a gateway: its address, and the attempt's token for it. */
  gateway?: { url: string; token: string } | null;
}

/** In the data directory; named by BASH_ENV. */
const SHELL_ENV = 'shell-env.sh';

const TOOLS_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** For everything that runs in a worktree: no token, no secret. */
export function plainEnvironment(own: NodeJS.ProcessEnv, home: string): Record<string, string> {
  return {
    PATH: own['PATH'] ?? TOOLS_PATH,
    HOME: home,
    LANG: own['LANG'] ?? 'C.UTF-8',
    TERM: own['TERM'] ?? 'dumb',
  };
}

export function agentEnvironment(input: EnvironmentInput): Record<string, string> {
  const { offer, own, home } = input;
  const env = plainEnvironment(own, home);
  for (const name of offer.profile.envAllow) {
    const value = own[name];
    if (value !== undefined && !isOurs(name)) env[name] = value;
  }
  for (const [name, value] of Object.entries(offer.profile.env)) {
    if (!isOurs(name)) env[name] = fillPlaceholders(value, input);
  }
  const author = offer.profile.id;
  return {
    ...env,
    // Some agents run every command in a login shell, which sets PATH anew.
    ...(env['BASH_ENV'] === undefined ? { BASH_ENV: join(input.dataDir, SHELL_ENV) } : {}),
    PATH: `${join(input.dataDir, 'bin')}${delimiter}${env['PATH'] ?? TOOLS_PATH}`,
    HOME: home,
    MC_URL: input.url,
    MC_TOKEN: offer.token,
    MC_TICKET: offer.ticket,
    MC_ATTEMPT: String(offer.number),
    MC_PROMPT_FILE: input.promptFile,
    GIT_AUTHOR_NAME: author,
    GIT_AUTHOR_EMAIL: `${author}@agents.mission-control.invalid`,
    GIT_COMMITTER_NAME: author,
    GIT_COMMITTER_EMAIL: `${author}@agents.mission-control.invalid`,
  };
}

function isOurs(name: string): boolean {
  return name.startsWith('MC_');
}

/** `${MC_URL}`, `${MC_TOKEN}` and the gateway's two stand for the attempt's own; anything else is left as it is. */
export function fillPlaceholders(
  text: string,
  input: Pick<EnvironmentInput, 'offer' | 'url' | 'gateway'>,
): string {
  const filled = text.replaceAll('${MC_URL}', input.url).replaceAll('${MC_TOKEN}', input.offer.token);
  const { gateway } = input;
  if (!gateway) return filled;
  return filled.replaceAll('${MC_GATEWAY_URL}', gateway.url).replaceAll('${MC_GATEWAY_TOKEN}', gateway.token);
}

/**
 * The folder that is the agent's HOME. Agents keep their sessions there, so it stays from attempt to attempt; where
 * the profile's files name the attempt's own token, attempts at different tickets must not overwrite each other's.
 */
export function homeOf(dataDir: string, offer: AttemptOffer, own: NodeJS.ProcessEnv): string {
  const { profile } = offer;
  if (profile.home === 'inherit') return own['HOME'] ?? '/';
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(profile.id))
    throw new ProfileProblem(`not a profile id: ${profile.id}`);
  const isPersonal = Object.values(profile.files).some((text) => /\$\{MC_(?:GATEWAY_)?TOKEN\}/.test(text));
  return join(dataDir, 'homes', isPersonal ? `${profile.id}.${offer.ticket}` : profile.id);
}

/** Writes the profile's files into an isolated HOME. */
export function furnishHome(input: EnvironmentInput): void {
  const { offer, home } = input;
  const files = Object.entries(offer.profile.files);
  if (offer.profile.home === 'inherit') {
    if (files.length === 0) return;
    throw new ProfileProblem(
      `profile ${offer.profile.id} has files and inherits HOME; files are only written into an isolated HOME. Set home to "isolated", or remove the files.`,
    );
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (const [name, text] of files) {
    const file = join(home, name);
    const inside = relative(home, file);
    if (isAbsolute(name) || inside === '' || inside.startsWith('..') || name.includes('\0')) {
      throw new ProfileProblem(`profile ${offer.profile.id} has a file outside HOME: ${name}`);
    }
    // An agent that replaced its HOME, or a folder of it, by a link must not make us write elsewhere: neither the file
    // nor the folders above it are made before the way there has been looked at.
    for (let way = home; ; way = join(way, relative(way, file).split(sep)[0] ?? '')) {
      if (isLink(way) && (way === home || way === file || !leadsInto(home, way))) {
        throw new ProfileProblem(
          `${name} in the HOME of profile ${offer.profile.id} is a link, or behind one, that leads out of it: remove ${way}`,
        );
      }
      if (way === file) break;
    }
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileAtomically(file, fillPlaceholders(text, input));
  }
}

function leadsInto(home: string, link: string): boolean {
  try {
    const inside = relative(realpathSync(home), realpathSync(link));
    return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
  } catch {
    return false;
  }
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Puts `mc-coord` back on PATH in every bash that is not interactive, login shells included. */
function installShellEnv(dataDir: string): void {
  const bin = join(dataDir, 'bin');
  writeFileAtomically(
    join(dataDir, SHELL_ENV),
    `case ":$PATH:" in *:${quote(bin)}:*) ;; *) PATH=${quote(bin)}:"$PATH" ;; esac\n`,
  );
}

/** `bin/mc-coord`: starts the command with this very Node, wherever both are installed. */
export function installShim(dataDir: string, script: string): void {
  installShellEnv(dataDir);
  const file = join(dataDir, 'bin', 'mc-coord');
  const text = `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(script)} "$@"\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Another attempt may be executing it right now: it is replaced, never written to.
  const fresh = `${file}.${process.pid}.tmp`;
  writeFileSync(fresh, text);
  chmodSync(fresh, 0o755);
  renameSync(fresh, file);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
