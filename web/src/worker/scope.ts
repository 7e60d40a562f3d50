/** As much of a service worker's world as is used here: its types and those of a page exclude each other. */
export interface WindowClient {
  readonly url: string;
  readonly focused: boolean;
  readonly visibilityState: 'visible' | 'hidden';
  focus(): Promise<WindowClient>;
  postMessage(message: unknown, transfer?: MessagePort[]): void;
}

interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}

interface WorkerEvents {
  message: { data: { type?: string } | null };
  push: Lasting & { data: { text(): string } | null };
  notificationclick: Lasting & { notification: { close(): void; data: unknown } };
  pushsubscriptionchange: Lasting;
}

export interface WorkerScope {
  readonly location: Location;
  readonly navigator: { readonly userAgent: string };
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly WindowClient[]>;
    openWindow(url: string): Promise<WindowClient | null>;
  };
  skipWaiting(): Promise<void>;
  addEventListener<K extends keyof WorkerEvents>(type: K, listener: (event: WorkerEvents[K]) => void): void;
}
