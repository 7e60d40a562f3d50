// A program that prints the events of `claude -p --output-format stream-json`, as they were recorded; behaviour by
// name (CLAUDE_DO). Claude Code itself is no part of these tests: its licence does not let it be.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const args = process.argv.slice(2);
const { CLAUDE_DO: behaviour = 'submit', OUT: out = '/tmp' } = process.env;
const prompt = readFileSync(0, 'utf8');
const resumed = args.includes('--resume') ? args[args.indexOf('--resume') + 1] : null;
const session = resumed ?? 'f10fd850-bc36-409b-801d-dda7499ad0b9';
appendFileSync(join(out, 'claude.jsonl'), `${JSON.stringify({ args, prompt })}\n`);
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

if (behaviour === 'lost-session' && resumed !== null) {
  process.stderr.write(`No conversation found with session ID: ${resumed}\n`);
  process.exit(1);
}
print({ type: 'system', subtype: 'init', cwd: process.cwd(), session_id: session, tools: ['Bash'] });
const result = (more = {}) =>
  print({
    type: 'result',
    subtype: 'success',
    is_error: false,
    session_id: session,
    stop_reason: 'end_turn',
    result: 'Done.',
    total_cost_usd: 0.01,
    usage: { input_tokens: 100, cache_read_input_tokens: 20, output_tokens: 10 },
    permission_denials: [],
    ...more,
  });
if (behaviour === 'limited') {
  const text = `Claude AI usage limit reached|${Math.floor(Date.now() / 1000) + 7200}`;
  result({ is_error: true, result: text });
  process.exit(1);
}
print({
  type: 'assistant',
  message: {
    id: 'msg_1',
    role: 'assistant',
    content: [{ type: 'text', text: `I work on it (${resumed ?? 'new'}).` }],
  },
});
if (behaviour === 'submit' || (behaviour === 'forgets' && resumed !== null)) {
  await fetch(`${process.env.MC_URL}/api/v1/attempts/self/signals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.MC_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'submit', summary: 'done' }),
  });
}
result();
