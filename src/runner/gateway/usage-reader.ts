/**
 * Reads from the bytes that pass what a model call has used, and nothing else of them. Pure: fed with chunks as they
 * come, asked at the end. Where a provider says nothing (a stream without usage, a connection that broke), the length
 * of the texts stands for it, and the figure is marked as an estimate.
 */
import type { Dialect } from './dialect.ts';

export interface CallUsage {
  /** All that went in, what was read from a cache included. */
  inputTokens: number;
  /** The part of it that was read from a cache, which costs less. */
  cachedTokens: number;
  /** All that came out, thinking included. */
  outputTokens: number;
  model: string | null;
  isEstimate: boolean;
}

interface Figures {
  inputTokens?: number | undefined;
  cachedTokens?: number | undefined;
  outputTokens?: number | undefined;
  model?: string | undefined;
}

/** About four characters make a token, in any of these models' vocabularies. */
const CHARACTERS_PER_TOKEN = 4;
/** An answer in one piece is kept up to here to find its usage, which stands at its end. */
const KEPT_BYTES = 4 * 1024 * 1024;

export class UsageReader {
  readonly #dialect: Dialect;
  readonly #decoder = new TextDecoder();
  readonly #isStream: boolean;
  readonly #requestBytes: number;
  #line = '';
  #whole = '';
  #bytes = 0;
  #figures: Figures = {};

  constructor(dialect: Dialect, options: { isStream: boolean; requestBytes: number }) {
    this.#dialect = dialect;
    this.#isStream = options.isStream;
    this.#requestBytes = options.requestBytes;
  }

  feed(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    const text = this.#decoder.decode(chunk, { stream: true });
    if (!this.#isStream) {
      this.#whole += text;
      // The end is what counts; an answer that large is cut at its beginning.
      if (this.#whole.length > 2 * KEPT_BYTES) this.#whole = this.#whole.slice(-KEPT_BYTES);
      return;
    }
    const lines = (this.#line + text).split(/\r?\n/);
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#event(line);
  }

  /** @param requestModel what the request asked for, where the answer does not say */
  end(requestModel: string | null): CallUsage {
    if (this.#isStream) this.#event(this.#line);
    else this.#take(parse(this.#whole));
    const { inputTokens, outputTokens, cachedTokens, model } = this.#figures;
    const isEstimate = inputTokens === undefined || outputTokens === undefined;
    return {
      inputTokens: inputTokens ?? Math.ceil(this.#requestBytes / CHARACTERS_PER_TOKEN),
      outputTokens: outputTokens ?? Math.ceil(this.#bytes / CHARACTERS_PER_TOKEN / (this.#isStream ? 8 : 1)),
      cachedTokens: Math.min(cachedTokens ?? 0, inputTokens ?? 0),
      model: model ?? requestModel,
      isEstimate,
    };
  }

  #event(line: string): void {
    if (!line.startsWith('data:')) return;
    const data = line.slice(5).trim();
    // Only what may carry figures is parsed: most events of a stream are a word of text.
    if (data === '[DONE]' || !/usage/i.test(data)) return;
    this.#take(parse(data));
  }

  /** Later figures replace earlier ones: providers repeat them, growing, in one call. */
  #take(value: unknown): void {
    for (const [name, figure] of Object.entries(figuresOf(this.#dialect, value)))
      if (figure !== undefined) Object.assign(this.#figures, { [name]: figure });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Members = Record<string, unknown>;
const members = (value: unknown): Members =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Members) : {};
const figure = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
const word = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const sum = (...parts: (number | undefined)[]): number | undefined =>
  parts.every((part) => part === undefined) ? undefined : parts.reduce<number>((a, b) => a + (b ?? 0), 0);

function figuresOf(dialect: Dialect, value: unknown): Figures {
  // A stream in one piece (generateContent without server-sent events) is an array; its last element counts.
  const root = members(Array.isArray(value) ? value.at(-1) : value);
  switch (dialect) {
    case 'chat-completions': {
      const usage = members(root['usage']);
      return {
        inputTokens: figure(usage['prompt_tokens']),
        cachedTokens: figure(members(usage['prompt_tokens_details'])['cached_tokens']),
        outputTokens: figure(usage['completion_tokens']),
        model: word(root['model']),
      };
    }
    case 'responses': {
      const response = root['response'] === undefined ? root : members(root['response']);
      const usage = members(response['usage']);
      return {
        inputTokens: figure(usage['input_tokens']),
        cachedTokens: figure(members(usage['input_tokens_details'])['cached_tokens']),
        outputTokens: figure(usage['output_tokens']),
        model: word(response['model']),
      };
    }
    case 'messages': {
      // message_start has what went in, message_delta what came out so far; an answer in one piece has both.
      const message = root['message'] === undefined ? root : members(root['message']);
      const usage = members(message['usage']);
      const cached = figure(usage['cache_read_input_tokens']);
      return {
        inputTokens:
          usage['input_tokens'] === undefined
            ? undefined
            : sum(figure(usage['input_tokens']), figure(usage['cache_creation_input_tokens']), cached),
        cachedTokens: cached,
        outputTokens: figure(usage['output_tokens']),
        model: word(message['model']),
      };
    }
    case 'generateContent': {
      const usage = members(root['usageMetadata']);
      return {
        inputTokens: sum(figure(usage['promptTokenCount']), figure(usage['toolUsePromptTokenCount'])),
        cachedTokens: figure(usage['cachedContentTokenCount']),
        outputTokens: sum(figure(usage['candidatesTokenCount']), figure(usage['thoughtsTokenCount'])),
        model: word(root['modelVersion']),
      };
    }
  }
}
