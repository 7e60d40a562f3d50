/** A model provider for tests: four dialects over HTTP on loopback, saying what a script says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chatCompletions } from './chat-completions.ts';
import { type Dialect, json } from './dialect.ts';
import { generateContent } from './generate-content.ts';
import { messages } from './messages.ts';
import { responses } from './responses.ts';
import { type Asked, type Place, placeOf, replyOf, type Script, turnAt } from './script.ts';

const DIALECTS: Dialect[] = [chatCompletions, responses, messages, generateContent];

export interface Seen {
  path: string;
  /** Null for calls beside the work, such as the title of a session. */
  place: Place | null;
  /** What the user said last. */
  prompt: string;
  authorization: string | undefined;
}

export class ScriptedModel {
  readonly script: Script;
  readonly seen: Seen[] = [];
  /** What it could not answer; a test ends by expecting none. */
  readonly problems: string[] = [];
  readonly #server: Server;
  #hanging = 0;

  constructor(script: Script) {
    this.script = script;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.problems.push(String(error));
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: String(error) } }));
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests that it was told never to answer. */
  get hanging(): number {
    return this.#hanging;
  }

  turnsOf(scenario: string): Place[] {
    return this.seen.flatMap(({ place }) => (place?.scenario === scenario ? [place] : []));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://model').pathname;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? {} : json(JSON.parse(text));
    if (request.method !== 'POST') return send(response, 200, { object: 'list', data: [], models: [] });
    if (path.endsWith('/count_tokens')) return send(response, 200, { input_tokens: 100 });
    if (path.endsWith(':countTokens')) return send(response, 200, { totalTokens: 100 });
    for (const dialect of DIALECTS) {
      const asked = dialect.read(path, body);
      if (asked) return this.#reply(dialect, asked, path, request, response);
    }
    this.problems.push(`no dialect for ${path}`);
    return send(response, 404, { error: { message: `no such path: ${path}` } });
  }

  async #reply(
    dialect: Dialect,
    asked: Asked,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    // Without tools it is a call beside the work: it gets a fixed answer and moves no script.
    const place = asked.tools.length === 0 ? null : placeOf(asked);
    const last = asked.items.findLast((item) => 'user' in item);
    const authorization = request.headers.authorization;
    this.seen.push({ path, place, prompt: last && 'user' in last ? last.user : '', authorization });
    const turn = place ? turnAt(this.script, place) : { say: 'Scripted title' };
    if (turn.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, turn.delayMs));
    if (turn.hang) {
      this.#hanging += 1;
      return;
    }
    if (turn.error) {
      const { status, message, headers } = turn.error;
      return send(response, status, dialect.error(status, message), headers);
    }
    const reply = replyOf(turn, place ?? { scenario: '', phase: 0, turn: 0 }, asked);
    if (!asked.isStream) return send(response, 200, dialect.whole(asked, reply));
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    for (const { event, data } of dialect.frames(asked, reply)) {
      if (event !== undefined) response.write(`event: ${event}\n`);
      response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    }
    response.end();
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
