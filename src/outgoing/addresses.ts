/**
 * Which addresses requests may go to: those of the public internet, and the private ones of hosts that the settings
 * name. People and browsers type addresses; a server that sent wherever it is told would reach into the network that it
 * stands in, as far as the metadata of a cloud.
 */
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose registry: what is not, or not for everybody, on the public internet. */
const NOT_PUBLIC_V4: readonly (readonly [net: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Of IPv6 only 2000::/3 is given out; within it these are not, or lead to an IPv4 address that would not be looked at. */
const NOT_PUBLIC_V6: readonly (readonly [net: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const v4 = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V4) v4.addSubnet(net, prefix, 'ipv4');
const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');
const v6 = new BlockList();
for (const [net, prefix] of NOT_PUBLIC_V6) v6.addSubnet(net, prefix, 'ipv6');

/** @param address as a resolver gives it; anything that is no address is none */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !v4.check(address, 'ipv4');
  // A scope is of this machine's own links.
  if (version !== 6 || address.includes('%')) return false;
  return globalV6.check(address, 'ipv6') && !v6.check(address, 'ipv6');
}

/** Hosts to which also private addresses and plain http are allowed: `host`, or `host:port`, as the settings have them. */
export class AllowedHosts {
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
  }

  has(url: URL): boolean {
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return this.#names.has(url.hostname) || this.#names.has(`${url.hostname}:${port}`);
  }
}

/** What the parser left of a URL's host, as an address; null where it is a name. */
export function literalOf(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) === 0 ? null : host;
}

/** Why nothing may be sent there, as far as the address alone tells; null when nothing is wrong with it. */
export function problemOfUrl(text: string, allowed: AllowedHosts): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || text.length > 2000) return 'This is no address of a web server: https://host/path is one.';
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return `An address begins with https://; this one begins with ${url.protocol}//.`;
  if (url.username !== '' || url.password !== '')
    return 'The address carries a user or a password; the signature says who sends.';
  if (allowed.has(url)) return null;
  if (url.protocol === 'http:')
    return `What goes to http://${url.host} could be read on its way: use https, or have it allowed with MC_NOTIFY_HOSTS.`;
  const literal = literalOf(url);
  const isLocalName = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/i.test(url.hostname);
  if ((literal !== null && !isPublicAddress(literal)) || isLocalName)
    return `${url.hostname} is no address of the public internet. Whoever runs this server can allow it with MC_NOTIFY_HOSTS.`;
  return null;
}
