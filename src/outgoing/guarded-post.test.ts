/** The guard, against real sockets of loopback: what is let through, what is not, and what an answer may do. */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AllowedHosts, isPublicAddress, problemOfUrl } from './addresses.ts';
import { type PostLimits, type Resolve, guardedPost } from './guarded-post.ts';

describe('addresses of the public internet', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'localhost',
    '',
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    '%s is one',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  const none = new AllowedHosts([]);
  it.each([
    ['https://127.0.0.1/x'],
    ['https://2130706433/x'],
    ['https://0x7f000001/x'],
    ['https://0177.0.0.1/x'],
    ['https://127.1/x'],
    ['https://[::1]/x'],
    ['https://[::ffff:7f00:1]/x'],
    ['https://[fd00:ec2::254]/x'],
    ['https://169.254.169.254/latest/meta-data'],
    ['https://localhost/x'],
    ['https://LOCALHOST./x'],
    ['https://a.localhost/x'],
    ['https://metadata.google.internal/x'],
    ['https://printer.local/x'],
    ['http://example.org/x'],
    ['ftp://example.org/x'],
    ['file:///etc/passwd'],
    ['javascript:alert(1)'],
    ['https://user:secret@example.org/'],
    ['no address'],
    [`https://example.org/${'x'.repeat(3000)}`],
  ])('refuses %s with a reason', (url) => {
    expect(problemOfUrl(url, none)).toMatch(/\w{3}/);
  });

  it('takes https to the public internet, and what the settings name', () => {
    expect(problemOfUrl('https://hooks.example.org/a?b=c', none)).toBeNull();
    expect(problemOfUrl('https://8.8.8.8/', none)).toBeNull();
    const allowed = new AllowedHosts(['127.0.0.1:9000', 'chat.internal']);
    expect(problemOfUrl('http://127.0.0.1:9000/', allowed)).toBeNull();
    expect(problemOfUrl('http://chat.internal:8080/', allowed)).toBeNull();
    expect(problemOfUrl('http://127.0.0.1:9001/', allowed)).not.toBeNull();
    expect(problemOfUrl('http://127.0.0.2:9000/', allowed)).not.toBeNull();
  });
});

describe('a guarded request', () => {
  let hits: IncomingMessage[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.end();
  const server = createServer((request, response) => {
    hits.push(request);
    answer(request, response);
  });
  let port = 0;
  const request = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{}' });
  const to =
    (names: Record<string, string[]>): Resolve =>
    (host) =>
      Promise.resolve(
        (names[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  const post = (url: string, limits?: PostLimits, resolve: Resolve = to({})) =>
    guardedPost(new AllowedHosts([`127.0.0.1:${port}`]), resolve, limits)(request(url));
  beforeEach(async () => {
    hits = [];
    answer = (_request, response) => response.end('taken');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const here = (): string => `http://127.0.0.1:${port}/hook`;

  it('arrives where the settings allow it, with its headers and body', async () => {
    expect(await post(here())).toEqual({ answered: true, status: 200, text: 'taken', retryAfterMs: null });
    expect(hits[0]?.method).toBe('POST');
    expect(hits[0]?.headers['content-type']).toBe('application/json');
  });

  it('goes to none of the addresses of a name of which one is private', async () => {
    const mixed = to({ 'hooks.example.org': ['93.184.216.34', '127.0.0.1'] });
    const result = await post(`https://hooks.example.org:${port}/`, undefined, mixed);
    expect(result).toMatchObject({ answered: false, refused: true });
    expect((result as { problem: string }).problem).toContain('127.0.0.1');
    expect(hits).toEqual([]);
  });

  it('connects to what was looked at, whatever the name says the next time', async () => {
    let asked = 0;
    const rebinding: Resolve = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '93.184.216.34' : '127.0.0.1', family: 4 }]);
    };
    const limits = { timeoutMs: 300, answerBytes: 100 };
    const result = await guardedPost(
      new AllowedHosts([]),
      rebinding,
      limits,
    )(request(`https://rebinding.example:${port}/`));
    expect(result).toMatchObject({ answered: false });
    expect(asked).toBe(1);
    expect(hits).toEqual([]);
  });

  it('keeps to an allowed name’s address too, and sends its name along', async () => {
    const allowed = new AllowedHosts([`chat.internal:${port}`]);
    const result = await guardedPost(
      allowed,
      to({ 'chat.internal': ['127.0.0.1'] }),
    )(request(`http://chat.internal:${port}/x`));
    expect(result).toMatchObject({ answered: true, status: 200 });
    expect(hits[0]?.headers.host).toBe(`chat.internal:${port}`);
  });

  it('follows no redirect', async () => {
    answer = (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    expect(await post(here())).toMatchObject({ answered: true, status: 302 });
    expect(hits).toHaveLength(1);
  });

  it('gives up on who does not answer, and on who drips', async () => {
    const limits = { timeoutMs: 200, answerBytes: 1000 };
    answer = () => undefined;
    expect(await post(here(), limits)).toMatchObject({
      answered: false,
      problem: expect.stringContaining('0.2 s'),
    });
    answer = (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    };
    expect(await post(here(), limits)).toMatchObject({ answered: false });
  });

  it('waits for no resolver', async () => {
    const never: Resolve = () => new Promise(() => undefined);
    const result = await post('https://slow.example/', { timeoutMs: 50, answerBytes: 10 }, never);
    expect(result).toMatchObject({ answered: false, refused: false });
  });

  it('reads so much of an answer and no more', async () => {
    let written = 0;
    answer = (_request, response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more);
      more();
    };
    const result = await post(here(), { timeoutMs: 5000, answerBytes: 1000 });
    expect(result).toMatchObject({ answered: true, status: 200 });
    expect((result as { text: string }).text).toHaveLength(1000);
    expect(written).toBeLessThan(50_000_000);
  });

  it('says when it may be tried again', async () => {
    answer = (_request, response) => response.writeHead(429, { 'retry-after': '120' }).end();
    expect(await post(here())).toMatchObject({ status: 429, retryAfterMs: 120_000 });
    answer = (_request, response) => response.writeHead(503, { 'retry-after': 'soon' }).end();
    expect(await post(here())).toMatchObject({ status: 503, retryAfterMs: null });
  });

  it('says plainly that nobody is there', async () => {
    const free = port;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const result = await guardedPost(new AllowedHosts([`127.0.0.1:${free}`]))(
      request(`http://127.0.0.1:${free}/`),
    );
    expect(result).toMatchObject({ answered: false, problem: expect.stringContaining('refused') });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});
