/**
 * What every answer tells a browser. Constant, so it is written down instead of made for each request: pages may run
 * this server's scripts and nothing else, and an answer of the API is data that nothing may frame, run or sniff.
 */

const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join(';');

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

const OF_DATA = {
  ...EVERYWHERE,
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cache-control': 'no-store',
};

const OF_PAGES = {
  ...EVERYWHERE,
  'content-security-policy': PAGE_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'x-dns-prefetch-control': 'off',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
};

const ONLY_HTTPS = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' };

/** @param hasHttps the server is reached over HTTPS, and is to be by nothing else */
export function securityHeaders(hasHttps: boolean): (path: string) => Record<string, string> {
  const more = hasHttps ? ONLY_HTTPS : {};
  const [data, pages] = [
    { ...OF_DATA, ...more },
    { ...OF_PAGES, ...more },
  ];
  return (path) => (path.startsWith('/api/') ? data : pages);
}
