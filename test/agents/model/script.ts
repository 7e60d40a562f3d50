/**
 * What the scripted model says. A ticket's text names a scenario, `[[scenario:NAME]]`; its phases follow one another
 * with what Mission Control tells the agent (the prompt, a reminder, an answer), its turns with the model's own calls.
 *
 * The server keeps no state: which turn is next is read from the request, where each tool call of an earlier turn
 * carries its place in its id. So retries, resumed sessions, parallel agents and a server that restarts are all right.
 */

export type Call =
  | { shell: string }
  | { write: string; content: string }
  /** Arguments may depend on what the tools answered so far, oldest first. */
  | { mcp: string; args?: Record<string, unknown> | ((results: string[]) => Record<string, unknown>) };

export interface Turn {
  say?: string;
  think?: string;
  calls?: Call[];
  usage?: { input: number; output: number; cached?: number };
  delayMs?: number;
  /** The provider refuses. */
  error?: { status: number; message: string; headers?: Record<string, string> };
  /** Never answers. */
  hang?: boolean;
}

export type Scenario = Turn[][];
export type Script = Record<string, Scenario>;

/** A tool as the agent offers it. */
export interface Tool {
  name: string;
  /** Where the agent groups tools; calls have to name it again. */
  namespace?: string;
  parameters: { properties?: Record<string, { type?: unknown }>; required?: string[] };
}

/** A request, whatever its dialect. */
export interface Asked {
  model: string;
  isStream: boolean;
  /** In order: what the user said, and the ids of the calls whose results came, with their texts where a script reads them. */
  items: ({ user: string } | { result: string; text?: string })[];
  tools: Tool[];
}

export interface ToolCall {
  id: string;
  tool: Tool;
  args: Record<string, unknown>;
}

export interface Reply {
  text: string;
  thought: string;
  calls: ToolCall[];
  usage: { input: number; output: number; cached: number };
}

const MARKER = /\[\[scenario:([a-z0-9-]+)\]\]/g;
/** How the agent's next phase begins: words of Mission Control's own prompts. */
const NEXT_PHASE =
  /Mission Control has no result|You were interrupted|Your questions have been answered|cannot be continued/;
const CALL = /^call_p(\d+)t(\d+)n\d+x/;

export interface Place {
  scenario: string;
  phase: number;
  turn: number;
}

/** Which turn of which scenario a request asks for; null where no text names one. */
export function placeOf(asked: Asked): Place | null {
  let start = -1;
  let scenario = '';
  for (const [i, item] of asked.items.entries()) {
    const name = 'user' in item ? [...item.user.matchAll(MARKER)].at(-1)?.[1] : undefined;
    if (name !== undefined) [start, scenario] = [i, name];
  }
  if (start < 0) return null;
  const items = asked.items.slice(start);
  const phase = items.filter((item) => 'user' in item && NEXT_PHASE.test(item.user)).length;
  const turns = items.flatMap((item) => {
    const [, ofPhase, turn] = ('result' in item && CALL.exec(item.result)) || [];
    return ofPhase !== undefined && Number(ofPhase) === phase ? [Number(turn)] : [];
  });
  return { scenario, phase, turn: turns.length === 0 ? 0 : Math.max(...turns) + 1 };
}

export function turnAt(script: Script, { scenario, phase, turn }: Place): Turn {
  const phases = script[scenario];
  if (!phases) throw new Error(`the script has no scenario "${scenario}"`);
  const turns = phases[Math.min(phase, phases.length - 1)] ?? [];
  return turns[turn] ?? { say: 'All is done.' };
}

let calls = 0;

export function replyOf(
  turn: Turn,
  { phase, turn: at }: Place,
  { tools, items }: Pick<Asked, 'tools' | 'items'>,
): Reply {
  const results = items.flatMap((item) => ('result' in item ? [item.text ?? ''] : []));
  return {
    text: turn.say ?? '',
    thought: turn.think ?? '',
    calls: (turn.calls ?? []).map((call, n) => ({
      id: `call_p${phase}t${at}n${n}x${(++calls).toString(36).padStart(4, '0')}`,
      ...chooseTool(call, tools, results),
    })),
    usage: {
      input: turn.usage?.input ?? 100,
      output: turn.usage?.output ?? 20,
      cached: turn.usage?.cached ?? 0,
    },
  };
}

/** The tool among those offered that does what the script wants, called as its schema says. */
function chooseTool(call: Call, tools: readonly Tool[], results: string[] = []): Omit<ToolCall, 'id'> {
  if ('mcp' in call) {
    const tool = tools.find(({ name }) => name === call.mcp || name.endsWith(`_${call.mcp}`));
    if (!tool) throw new Error(`no tool ${call.mcp} among ${tools.map(({ name }) => name).join(', ')}`);
    return { tool, args: typeof call.args === 'function' ? call.args(results) : (call.args ?? {}) };
  }
  const has = (tool: Tool, ...names: string[]): string | undefined =>
    names.find((name) => tool.parameters.properties?.[name] !== undefined);
  if ('write' in call) {
    for (const tool of tools) {
      const path = has(tool, 'filePath', 'file_path', 'path', 'absolute_path');
      const content = has(tool, 'content');
      if (/write/i.test(tool.name) && path && content)
        return { tool, args: filled(tool, { [path]: call.write, [content]: call.content }) };
    }
    const encoded = Buffer.from(call.content).toString('base64');
    return chooseTool({ shell: `printf %s ${encoded} | base64 -d > ${call.write}` }, tools);
  }
  for (const tool of tools) {
    const command = has(tool, 'command', 'cmd', 'commands');
    if (command === undefined || !/bash|shell|exec|command|terminal/i.test(tool.name)) continue;
    const isList = tool.parameters.properties?.[command]?.type === 'array';
    const value = !isList ? call.shell : command === 'commands' ? [call.shell] : ['bash', '-lc', call.shell];
    return { tool, args: filled(tool, { [command]: value }) };
  }
  throw new Error(`no shell among ${tools.map(({ name }) => name).join(', ')}`);
}

function filled(tool: Tool, args: Record<string, unknown>): Record<string, unknown> {
  const blanks: Record<string, unknown> = { string: 'scripted step', boolean: false, number: 0, integer: 0 };
  for (const name of tool.parameters.required ?? []) {
    if (args[name] === undefined)
      args[name] = blanks[String(tool.parameters.properties?.[name]?.type)] ?? null;
  }
  return args;
}
