/** The way out, put together: what the services see of it is `services/notify/outgoing.ts`. */
import type { Outgoing } from '../services/notify/outgoing.ts';
import { AllowedHosts, problemOfUrl } from './addresses.ts';
import { guardedPost } from './guarded-post.ts';
import { type VapidKeys, pushRequests, vapidKeys } from './push-requests.ts';

export function createOutgoing(options: {
  allowedHosts: readonly string[];
  pushContact: string;
  /** The installation's secret for this; asked for when it is first needed. */
  pushSecret: () => Promise<string>;
}): Outgoing {
  const allowed = new AllowedHosts(options.allowedHosts);
  let keys: Promise<VapidKeys> | null = null;
  const keysOnce = (): Promise<VapidKeys> => {
    keys ??= options.pushSecret().then(vapidKeys);
    // A database that was away for a moment is asked again.
    keys.catch(() => (keys = null));
    return keys;
  };
  return {
    post: guardedPost(allowed),
    problemOf: (url) => problemOfUrl(url, allowed),
    ...pushRequests(keysOnce, options.pushContact),
  };
}
