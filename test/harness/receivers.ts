/**
 * The other ends of notifications, as real servers on loopback: a webhook's receiver that behaves as a test says, and a
 * push service that checks the sender's signature (RFC 8292) and decrypts what only the browser could (RFC 8291).
 */
import {
  createDecipheriv,
  createECDH,
  createHmac,
  createPublicKey,
  randomBytes,
  verify as verifySignature,
} from 'node:crypto';
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export class Receiver {
  readonly received: Received[] = [];
  /** What becomes of each request; the default takes it. */
  answer: (request: Received, response: ServerResponse) => void = (_request, response) => {
    response.writeHead(200).end('taken');
  };
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts) };
      this.received.push(received);
      this.answer(received, response);
    });
  });

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Of webhooks: what arrived, as the receiver understands it. */
  get messages(): { id: string; type: string; data: Record<string, unknown> }[] {
    return this.received.map(({ headers, body }) => {
      const { type, data } = JSON.parse(body.toString()) as { type: string; data: Record<string, unknown> };
      return { id: String(headers['webhook-id']), type, data };
    });
  }
}

/** A browser's half of a subscription: what it gives to the server, and what it keeps. */
export class Subscriber {
  readonly #keys = createECDH('prime256v1');
  readonly #auth = randomBytes(16);
  readonly #public: Buffer;

  constructor() {
    this.#public = this.#keys.generateKeys();
  }

  /** As the app sends it to the server. */
  subscription(endpoint: string, name = 'A phone'): Record<string, string> {
    return {
      name,
      endpoint,
      p256dh: this.#public.toString('base64url'),
      auth: this.#auth.toString('base64url'),
    };
  }

  /** What a push service hands on to this browser. @throws where it is not for it, or was changed */
  decrypt(body: Buffer): Record<string, unknown> {
    const salt = body.subarray(0, 16);
    const keyLength = body.readUInt8(20);
    const sender = body.subarray(21, 21 + keyLength);
    const sealed = body.subarray(21 + keyLength);
    const shared = this.#keys.computeSecret(sender);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#public, sender]);
    const secret = expand(hmac(this.#auth, shared), info);
    const pseudoRandom = hmac(salt, secret);
    const key = expand(pseudoRandom, Buffer.from('Content-Encoding: aes128gcm\0')).subarray(0, 16);
    const nonce = expand(pseudoRandom, Buffer.from('Content-Encoding: nonce\0')).subarray(0, 12);
    const cipher = createDecipheriv('aes-128-gcm', key, nonce);
    cipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
    // The text, a delimiter for the last record, and padding.
    const end = plain.lastIndexOf(2);
    return JSON.parse(plain.subarray(0, end).toString()) as Record<string, unknown>;
  }
}

const hmac = (key: Buffer, text: Buffer): Buffer => createHmac('sha256', key).update(text).digest();
const expand = (key: Buffer, info: Buffer): Buffer => hmac(key, Buffer.concat([info, Buffer.from([1])]));

/** What the sender's token says, once its signature by the key beside it holds. */
export function checkVapid(headers: IncomingHttpHeaders): {
  key: string;
  aud: string;
  exp: number;
  sub: string;
} {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const isGenuine = verifySignature(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isGenuine) throw new Error(`the signature does not hold: ${headers.authorization}`);
  return {
    key,
    ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string; exp: number; sub: string }),
  };
}
