/** A runner that no server started: a process with an address, a token and a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { IssuedToken, Page, Runner } from '../../../src/contract/shapes.ts';
import { findStrayMarkers, ownerTag } from '../../../src/runner/processes/stray-processes.ts';
import type { MissionControl } from '../../harness/mission-control.ts';

const main = fileURLToPath(new URL('../../../dist/runner/main.js', import.meta.url));

export class RemoteRunner {
  readonly name: string;
  readonly dataDir: string;
  readonly #mc: MissionControl;
  #token = '';
  #said = '';
  child: ChildProcess | undefined;

  constructor(mc: MissionControl, name: string) {
    this.#mc = mc;
    this.name = name;
    this.dataDir = join(mc.dir, `machine-${name}`);
    mkdirSync(this.dataDir, { recursive: true });
  }

  /** @param url of the server, or of what stands between */
  async start(url = this.#mc.url, ...flags: string[]): Promise<this> {
    this.#token ||= (
      await this.#mc.api.post<IssuedToken>('/tokens', { role: 'runner', name: this.name })
    ).token;
    const args = ['--data-dir', this.dataDir, '--server', url, '--name', this.name, '--slots', '2'];
    const child = spawn(process.execPath, [main, ...args, '--kill-grace', '1', ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: this.#mc.dir, MC_RUNNER_TOKEN: this.#token },
    });
    this.child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    await this.#mc.eventually(async () => (await this.shown())?.pid === child.pid, `${this.name} registered`);
    return this;
  }

  /** Starts it where it will not be taken, with a token of its own. */
  async refused(url: string): Promise<{ code: number | null; said: string }> {
    const { token } = await this.#mc.api.post<IssuedToken>('/tokens', { role: 'runner', name: 'other' });
    const dataDir = `${this.dataDir}-other`;
    mkdirSync(dataDir, { recursive: true });
    const child = spawn(
      process.execPath,
      [main, '--data-dir', dataDir, '--server', url, '--name', this.name, '--slots', '1'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'], MC_RUNNER_TOKEN: token } },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, said };
  }

  async shown(): Promise<Runner | undefined> {
    return (await this.#mc.api.get<Page<Runner>>('/runners')).items.find(({ name }) => name === this.name);
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** @returns its exit code; null after a signal that it could not catch */
  async gone(): Promise<number | null> {
    const { child } = this;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
    return child.exitCode;
  }

  /** Ends it, whatever state a test left it in; what it left running is a failure. */
  async stop(): Promise<void> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    await this.gone();
    const strays = [...findStrayMarkers(ownerTag(this.dataDir))];
    if (strays.length > 0) throw new Error(`${this.name} left processes running: ${strays.join(', ')}`);
  }

  describe(): string {
    return `--- runner ${this.name}\n${this.#said}`;
  }
}
