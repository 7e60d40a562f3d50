/**
 * The transcript: one shape for all that an agent says and does, whatever program it is.
 *
 * It travels the output path: the stream `transcript` of an attempt is JSON lines, one entry a line, and an output item
 * carries a piece of that text which may begin and end inside a line. Entries are deltas, so that a live view costs
 * little: the text of a `message` or `thought` is appended to what came under the same id, the members of a `tool`
 * replace those of the same id (`append` adds to its output), a `plan` replaces the plan before. An entry has no time of
 * its own; it came with its item. All texts are the agent's and untrusted.
 */
import { z } from 'zod';

const said = { id: z.string(), text: z.string() };

export const TOOL_STATES = ['pending', 'running', 'completed', 'failed'] as const;
export const PERMISSION_OUTCOMES = ['asked', 'allowed', 'denied', 'cancelled'] as const;
/** Who answered: the profile's policy, a person just now, an answer from before the attempt was parked, the agent itself. */
export const PERMISSION_DECIDERS = ['policy', 'person', 'earlier_answer', 'agent'] as const;

export const transcriptEntry = z.discriminatedUnion('kind', [
  /** What the agent was told; the first is the ticket's prompt. */
  z.strictObject({ kind: z.literal('prompt'), text: z.string() }),
  z.strictObject({ kind: z.literal('message'), ...said }),
  z.strictObject({ kind: z.literal('thought'), ...said }),
  z.strictObject({
    kind: z.literal('plan'),
    entries: z.array(
      z.strictObject({ text: z.string(), state: z.enum(['pending', 'in_progress', 'completed']) }),
    ),
  }),
  z.strictObject({
    kind: z.literal('tool'),
    id: z.string(),
    title: z.string().optional(),
    /** What kind of tool: execute, edit, read, search, fetch, mcp …; the agent's own word where it has one. */
    tool: z.string().optional(),
    state: z.enum(TOOL_STATES).optional(),
    /** As JSON, or the command line of what executes. */
    input: z.string().optional(),
    output: z.string().optional(),
    /** The output goes after what there is already. */
    append: z.boolean().optional(),
    exitCode: z.number().nullable().optional(),
    locations: z.array(z.strictObject({ path: z.string(), line: z.number().optional() })).optional(),
    diffs: z
      .array(z.strictObject({ path: z.string(), before: z.string().nullable(), after: z.string() }))
      .optional(),
  }),
  z.strictObject({
    kind: z.literal('permission'),
    /** The tool call it is about, where the agent names one. */
    tool: z.string().optional(),
    title: z.string(),
    /** The question that a person was asked. */
    question: z.string().optional(),
    options: z.array(z.strictObject({ id: z.string(), label: z.string() })).optional(),
    outcome: z.enum(PERMISSION_OUTCOMES),
    by: z.enum(PERMISSION_DECIDERS).optional(),
  }),
  /** Totals of this life of the agent so far, as it reports them itself. */
  z.strictObject({
    kind: z.literal('usage'),
    inputTokens: z.number().optional(),
    outputTokens: z.number().optional(),
    usd: z.number().optional(),
    contextUsed: z.number().optional(),
    contextSize: z.number().optional(),
  }),
  /** From the runner, not from the agent. */
  z.strictObject({
    kind: z.literal('notice'),
    code: z.enum([
      'session_started',
      'session_resumed',
      'session_not_resumed',
      'reminded',
      'agent_restarted',
      'parking',
      'rate_limited',
      'agent_failed',
      'left_out',
    ]),
    text: z.string(),
  }),
  /** Something the agent reports as an error or a warning of its own. */
  z.strictObject({ kind: z.literal('error'), text: z.string() }),
  z.strictObject({ kind: z.literal('turn_end'), reason: z.string() }),
]);
export type TranscriptEntry = z.infer<typeof transcriptEntry>;
export type ToolEntry = Extract<TranscriptEntry, { kind: 'tool' }>;

/** The stream of output items that carries it. */
export const TRANSCRIPT_STREAM = 'transcript';
