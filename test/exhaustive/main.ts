/**
 * Tries every interleaving of the small world, breadth first, so that what is found is found by a shortest way. One
 * JSON line per finding and one at the end; the worker of run.mjs.
 */
import { hash } from 'node:crypto';
import type { TicketEvent } from '../../src/domain/ticket/events.ts';
import type { CommitPlan } from '../../src/store/port.ts';
import { canonical } from './canonical.ts';
import { judge } from './judge.ts';
import { firstState } from './set-up.ts';
import { Running, type State, actionsOf } from './world.ts';

const args = new Map(
  process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=') as [string, string]),
);
const seconds = Number(args.get('seconds') ?? 100);
const maxWorkers = Number(args.get('workers') ?? 1);
const maxStates = Number(args.get('states') ?? 3_000_000);

/** How each state was first reached: the state before it and the action. */
const parents: number[] = [-1];
const names: string[] = ['the beginning'];

function pathTo(index: number, last: string): string[] {
  const path = [last];
  for (let at = index; at > 0; at = parents[at] ?? -1) path.unshift(names[at] ?? '');
  return path;
}

/** 52 bits of the text's hash: among three million states two share one with a chance of one in a thousand. */
const keyOf = (state: State): number => parseInt(hash('sha256', canonical(state)).slice(0, 13), 16);

async function search(): Promise<void> {
  const first = firstState(maxWorkers);
  const seen = new Set([keyOf(first)]);
  let layer: { state: State; index: number }[] = [{ state: first, index: 0 }];
  const deadline = performance.now() + seconds * 1000;
  let steps = 0;
  let depth = 0;
  let whole = true;
  while (layer.length > 0 && whole) {
    const next: typeof layer = [];
    for (const { state, index } of layer) {
      for (const action of actionsOf(state)) {
        const running = new Running(state);
        const events = watch(running);
        const after = await running.run(action);
        steps += 1;
        const wrong = [...running.wrong, ...judge(state, after, events)];
        if (wrong.length > 0) {
          const found = {
            violations: wrong.slice(0, 3),
            path: pathTo(index, action.name),
            states: seen.size,
          };
          process.stdout.write(`${JSON.stringify({ failed: found })}\n`);
          process.exit(1);
        }
        const key = keyOf(after);
        if (seen.has(key)) continue;
        seen.add(key);
        parents.push(index);
        names.push(action.name);
        next.push({ state: after, index: parents.length - 1 });
      }
      if (performance.now() > deadline || seen.size > maxStates) {
        whole = false;
        break;
      }
    }
    if (whole) depth += 1;
    layer = next;
  }
  process.stdout.write(
    `${JSON.stringify({ states: seen.size, steps, depth, exhausted: layer.length === 0, workers: maxWorkers })}\n`,
  );
}

/** The ticket events that an action commits, by ticket. */
function watch(running: Running): ReadonlyMap<string, readonly TicketEvent[]> {
  const seen = new Map<string, TicketEvent[]>();
  const { store } = running.deps;
  const commit = store.commit.bind(store);
  store.commit = async (plan: CommitPlan) => {
    const result = await commit(plan);
    for (const { stream, events } of result.committed ? plan.appends : []) {
      const [kind, key = ''] = stream.split(':');
      if (kind === 'ticket') seen.set(key, [...(seen.get(key) ?? []), ...(events as TicketEvent[])]);
    }
    return result;
  };
  return seen;
}

await search();
