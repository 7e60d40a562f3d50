/**
 * A tool as it is declared: what the model reads (kept short, it is paid for at every turn), the schema that validates
 * what it sends, and what runs. A refusal reaches the model as an error with its code and the next step.
 */
import { z } from 'zod';
import type { Caller, Deps } from '../../services/deps.ts';

export interface ToolContext {
  deps: Deps;
  caller: Caller;
  /** Set for a worker: the attempt that its token stands for. */
  attempt: { attempt: string; fence: number } | null;
}

export interface Tool {
  name: string;
  description: string;
  input: z.ZodType;
  /** True where calling it changes nothing. */
  readOnly: boolean;
  run(context: ToolContext, input: unknown): Promise<unknown>;
}

export function tool<I extends z.ZodType>(declared: {
  name: string;
  description: string;
  input: I;
  readOnly?: boolean;
  run: (context: ToolContext, input: z.infer<I>) => Promise<unknown>;
}): Tool {
  return {
    ...declared,
    readOnly: declared.readOnly ?? false,
    run: (context, input) => declared.run(context, input as z.infer<I>),
  };
}

/** As JSON Schema for the list of tools, without what a model has no use for. */
export function inputSchemaOf({ input }: Tool): { type: 'object'; [member: string]: unknown } {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input' });
  return { type: 'object', ...withoutNoise(schema) };
}

/** Limits and patterns are checked anyway; a refusal names them. In the list they only cost tokens. */
const NOISE: ReadonlySet<string> = new Set(['maxLength', 'minLength', 'pattern', 'maxItems', 'format']);

function withoutNoise(schema: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !NOISE.has(key) || typeof value === 'object')
      .map(([key, value]) => [
        key,
        Array.isArray(value)
          ? value.map((each: unknown) => (isObject(each) ? withoutNoise(each) : each))
          : isObject(value)
            ? withoutNoise(value)
            : value,
      ]),
  );
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
