import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attemptOutput } from '../../contract/runner-requests.ts';
import type { OutputItem } from '../../contract/shapes.ts';
import { systemClock } from '../clock.ts';
import { startProcess } from '../processes/agent-process.ts';
import { ProcessTree } from '../processes/process-tree.ts';
import { cleanTail, decodeOutput, safeLength, secretForms } from './output-chunk.ts';
import { OutputPump, type SendResult } from './output-pump.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mc-output-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function pump(send: (items: OutputItem[]) => Promise<SendResult>, capBytes?: number): OutputPump {
  return new OutputPump({
    sources: [
      { stream: 'stdout', path: join(dir, 'stdout') },
      { stream: 'stderr', path: join(dir, 'stderr') },
    ],
    cursor: join(dir, 'cursor.json'),
    secrets: secretForms('token', 'mca_0123456789abcdef'),
    clock: systemClock,
    send,
    capBytes,
  });
}

describe('cutting output', () => {
  it('gives the same text however the bytes arrive, without the secret', () => {
    const secrets = secretForms('token', 'mca_secret_1');
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('mca_secret_1'), fc.constant('mca_sec')),
        ),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (parts, cuts) => {
          const whole = Buffer.from(parts.join(''));
          let text = '';
          let from = 0;
          let to = 0;
          for (let n = 0; from < whole.length; n++) {
            to = Math.min(whole.length, to + (cuts[n % cuts.length] ?? 1));
            const chunk = whole.subarray(from, to);
            const length = safeLength(chunk, secrets, to === whole.length);
            text += decodeOutput(chunk.subarray(0, length), secrets);
            from += length;
          }
          expect(text).toBe(decodeOutput(whole, secrets));
          expect(text).not.toContain('mca_secret_1');
        },
      ),
    );
  });

  it('never holds more back than a character or a secret', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const length = safeLength(Buffer.from(bytes), [], false);
        expect(bytes.length - length).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('replaces what is no UTF-8, and NUL', () => {
    expect(decodeOutput(Buffer.from([0x61, 0xff, 0x00, 0x62]), [])).toBe('a\uFFFD\uFFFDb');
  });

  it('hides a secret in base64, hexadecimal and in an address', () => {
    const secret = 'mca_s/cret+0123456789';
    for (const shift of ['', 'x', 'xy', 'xyz']) {
      const printed = [
        Buffer.from(`${shift}${secret}tail`).toString('base64'),
        Buffer.from(secret).toString('hex'),
        encodeURIComponent(secret),
      ];
      for (const text of printed) {
        expect(decodeOutput(Buffer.from(text), secretForms('token', secret))).toContain('[token]');
      }
    }
  });

  it('keeps whole characters at the cut of a tail', () => {
    expect(cleanTail('a😀b', 2)).toBe('\uFFFDb');
  });
});

describe('the pump', () => {
  it('sends both streams in order, numbered, in bodies that the contract accepts', async () => {
    const got: OutputItem[] = [];
    const p = pump((items) => {
      attemptOutput.parse({ fence: 1, items });
      got.push(...items);
      return Promise.resolve('sent');
    });
    p.start();
    appendFileSync(join(dir, 'stdout'), 'ä'.repeat(100_000));
    appendFileSync(join(dir, 'stderr'), 'oops');
    expect(await p.finish(5000)).toBe(true);
    expect(got.map((item) => item.seq)).toEqual(got.map((_, n) => n + 1));
    const text = (stream: string): string =>
      got
        .filter((item) => item.stream === stream)
        .map((item) => item.text)
        .join('');
    expect(text('stdout')).toBe('ä'.repeat(100_000));
    expect(text('stderr')).toBe('oops');
  });

  it('sends the same batch under the same number after a lost answer and a restart', async () => {
    const seen = new Map<number, string>();
    appendFileSync(join(dir, 'stdout'), 'one ');
    const first = pump((items) => {
      for (const item of items) seen.set(item.seq, item.text);
      return Promise.resolve('retry');
    });
    expect(await first.finish(150)).toBe(false);
    appendFileSync(join(dir, 'stdout'), 'two');
    const second = pump((items) => {
      for (const item of items) {
        expect(seen.get(item.seq) ?? item.text).toBe(item.text);
        seen.set(item.seq, item.text);
      }
      return Promise.resolve('sent');
    });
    expect(await second.finish(5000)).toBe(true);
    expect([...seen.values()].join('')).toBe('one two');
  });

  it('hides a token that is cut in two by the moment of reading', async () => {
    let text = '';
    const p = pump((items) => {
      text += items.map((item) => item.text).join('');
      return Promise.resolve('sent');
    });
    writeFileSync(join(dir, 'stdout'), 'token: mca_01234');
    p.start();
    while (text === '') await new Promise((resolve) => setTimeout(resolve, 10));
    appendFileSync(join(dir, 'stdout'), '56789abcdef!');
    await p.finish(5000);
    expect(text).toBe('token: [token]!');
  });

  it('keeps the first bytes up to the cap and says once that there was more', async () => {
    const got: OutputItem[] = [];
    const p = pump((items) => {
      got.push(...items);
      return Promise.resolve('sent');
    }, 1000);
    writeFileSync(join(dir, 'stdout'), 'x'.repeat(5000));
    writeFileSync(join(dir, 'stderr'), 'y'.repeat(5000));
    await p.finish(5000);
    const text = got.map((item) => item.text).join('');
    expect(text.match(/[xy]/g)?.filter((c) => c === 'x').length).toBe(1000);
    expect(got.filter((item) => item.stream === 'runner').map((item) => item.text)).toEqual([
      '[output truncated: the first 1000 bytes are kept]\n',
    ]);
    expect(p.backlog).toBe(0);
  });

  it('lets a flood run on without blocking it and without filling memory or disk', async () => {
    let bytes = 0;
    const p = pump((items) => {
      bytes += items.reduce((sum, item) => sum + item.text.length, 0);
      return Promise.resolve('sent');
    }, 1024 * 1024);
    const keeper = await startProcess({
      command: ['/bin/sh', '-c', 'head -c 400000000 /dev/zero | tr "\\0" z; echo done > finished'],
      cwd: dir,
      env: { PATH: process.env['PATH'] ?? '' },
      marker: 'flood:1',
      input: null,
      output: join(dir, 'stdout'),
      errors: join(dir, 'stderr'),
      exit: join(dir, 'exit'),
    });
    const tree = new ProcessTree('flood:1', [keeper], systemClock);
    const before = process.memoryUsage().rss;
    p.start();
    while (!statSync(join(dir, 'finished'), { throwIfNoEntry: false })) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await tree.stop({ graceMs: 100 });
    await p.finish(5000);
    expect(bytes).toBeGreaterThan(1024 * 1024);
    expect(bytes).toBeLessThan(1024 * 1024 + 100);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    p.look();
    expect(statSync(join(dir, 'stdout')).size).toBeLessThanOrEqual(1024 * 1024 + 1);
  });
});
