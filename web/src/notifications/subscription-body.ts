/** What the server has to know of a subscription. Without imports: the service worker uses it too. */
export interface DeviceBody {
  name: string;
  endpoint: string;
  p256dh: string;
  auth: string;
}

export function subscriptionBody(subscription: PushSubscription, userAgent: string): DeviceBody {
  const { endpoint, keys } = subscription.toJSON();
  return {
    name: deviceName(userAgent),
    endpoint: endpoint ?? '',
    p256dh: keys?.['p256dh'] ?? '',
    auth: keys?.['auth'] ?? '',
  };
}

/** As people would call it: browser and kind of machine. */
export function deviceName(userAgent: string): string {
  const browser = /Edg\//.test(userAgent)
    ? 'Edge'
    : /OPR\//.test(userAgent)
      ? 'Opera'
      : /Firefox\//.test(userAgent)
        ? 'Firefox'
        : /Chrom(e|ium)\//.test(userAgent)
          ? 'Chrome'
          : /Safari\//.test(userAgent)
            ? 'Safari'
            : 'A browser';
  const machine = /iPhone/.test(userAgent)
    ? 'iPhone'
    : /iPad/.test(userAgent)
      ? 'iPad'
      : /Android/.test(userAgent)
        ? 'Android'
        : /Windows/.test(userAgent)
          ? 'Windows'
          : /Mac OS X/.test(userAgent)
            ? 'Mac'
            : /Linux/.test(userAgent)
              ? 'Linux'
              : 'a device';
  return `${browser} on ${machine}`;
}
