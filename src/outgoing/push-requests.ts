/**
 * Web Push (RFC 8030, 8188, 8291, 8292): each message is encrypted for one browser, and signed with the key that push
 * services know this installation by. That key is derived from a secret of the database, so that it is made once, all
 * servers on the database have it, and it is in every backup.
 */
import { createECDH, createHash } from 'node:crypto';
import type { Outgoing } from '../services/notify/outgoing.ts';

export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** @param secret 256 bits, base64url */
export function vapidKeys(secret: string): VapidKeys {
  const curve = createECDH('prime256v1');
  // One number in four thousand million is none of the curve; then the next hash is taken, the same on every server.
  for (let bytes = Buffer.from(secret, 'base64url'); ; bytes = createHash('sha256').update(bytes).digest()) {
    try {
      curve.setPrivateKey(bytes);
    } catch {
      continue;
    }
    return {
      publicKey: curve.getPublicKey('base64url', 'uncompressed'),
      privateKey: bytes.toString('base64url'),
    };
  }
}

/** @param contact `mailto:` or `https:`, whom a push service may write to about this sender */
export function pushRequests(
  keys: () => Promise<VapidKeys>,
  contact: string,
): Pick<Outgoing, 'pushKey' | 'pushRequest'> {
  return {
    pushKey: async () => (await keys()).publicKey,
    pushRequest: async (
      { endpoint = '', p256dh = '', auth = '' },
      { payload, ttlSeconds, urgency, topic },
    ) => {
      // Loaded when somebody is first pushed to: most servers start without.
      const { default: webPush } = await import('web-push');
      const { headers, body } = webPush.generateRequestDetails(
        { endpoint, keys: { p256dh, auth } },
        payload,
        {
          vapidDetails: { subject: contact, ...(await keys()) },
          contentEncoding: 'aes128gcm',
          TTL: ttlSeconds,
          urgency,
          topic,
        },
      );
      const { 'Content-Length': _length, ...rest } = headers as Record<string, unknown>;
      return {
        url: endpoint,
        headers: Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)])),
        body: body ?? new Uint8Array(),
      };
    },
  };
}
