/** An attempt that a test runs itself, through the runner protocol: it writes the output that a page has to hold. */
import { ApiClient } from '../../../src/client/api-client.ts';
import type { MissionControl } from './mission-control.ts';

/** As much as one output item may have. */
const ITEM_CHARACTERS = 60_000;

export class RemoteAttempt {
  readonly id: string;
  readonly ticket: string;
  readonly #api: ApiClient;
  readonly #fence: number;
  #seq = 0;

  private constructor(api: ApiClient, offer: { attempt: string; ticket: string; fence: number }) {
    this.#api = api;
    this.id = offer.attempt;
    this.ticket = offer.ticket;
    this.#fence = offer.fence;
  }

  /** @param control one that runs without a runner of its own */
  static async begin(control: MissionControl): Promise<RemoteAttempt> {
    await control.prepareProject([]);
    const { token } = await control.api.post<{ token: string }>('/tokens', { role: 'runner', name: 'far' });
    const api = new ApiClient(control.url, token);
    const { id } = await api.post<{ id: string }>('/runners', { name: 'far', slots: 1, version: '1' });
    await control.createTicket('Writes much', { status: 'todo' });
    for (;;) {
      const { offers } = await api.post<{ offers: { attempt: string; ticket: string; fence: number }[] }>(
        `/runners/${id}/poll`,
        { freeSlots: 1, waitMs: 5000 },
      );
      const [offer] = offers;
      if (!offer) continue;
      const base = 'b'.repeat(40);
      await api.post(`/attempts/${offer.attempt}/accept`, { fence: offer.fence, base });
      return new RemoteAttempt(api, offer);
    }
  }

  /** Sends text in as many items as it needs, some at a time. */
  async write(text: string, stream = 'stdout'): Promise<void> {
    for (let from = 0; from < text.length; from += 8 * ITEM_CHARACTERS) {
      const part = text.slice(from, from + 8 * ITEM_CHARACTERS);
      const at = new Date().toISOString();
      const items = [];
      for (let i = 0; i < part.length; i += ITEM_CHARACTERS) {
        this.#seq += 1;
        items.push({ seq: this.#seq, at, stream, text: part.slice(i, i + ITEM_CHARACTERS) });
      }
      await this.#api.post(`/attempts/${this.id}/output`, { fence: this.#fence, items });
    }
  }

  async end(): Promise<void> {
    await this.#api.post(`/attempts/${this.id}/end`, {
      fence: this.#fence,
      outcome: 'failed',
      reason: 'exited_without_result',
      treeGone: true,
    });
  }
}
