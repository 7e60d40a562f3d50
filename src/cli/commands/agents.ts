/** `mctl agents …`: the agent programs that the server's machine has, a profile for each, and the orchestrators. */
import type { Command } from 'commander';
import type { KnownAgentView, Orchestrator } from '../../contract/job-shapes.ts';
import type { Profile } from '../../contract/shapes.ts';
import { runs, type Io } from '../context.ts';
import { text } from '../terminal/safe-text.ts';
import { wordColumn } from '../terminal/table.ts';

export function defineAgents(program: Command, io: Io): void {
  const agents = program
    .command('agents')
    .description("agent programs on the server's machine, and orchestrators: detect, orchestrators");

  const detect = agents
    .command('detect')
    .description('which agent programs there are, their versions, and whether they answer')
    .option('--create', 'make a profile for each that answers and has none');
  runs<{ create?: boolean }>(detect, io, async (context, options) => {
    const page = await context.api.list<KnownAgentView>('/agents', {}, 1000);
    const made: string[] = [];
    if (options.create === true) {
      for (const agent of page.items) {
        if (agent.path === null || agent.problem !== null || agent.profiles.length > 0) continue;
        await context.api.post<Profile>('/profiles', agent.offer);
        agent.profiles.push(agent.offer.id);
        made.push(agent.offer.id);
      }
    }
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Agent', value: (each) => each.name, paint: (shown) => context.style.bold(shown) },
          wordColumn(context, 'State', (each) =>
            each.path === null ? 'missing' : each.problem === null ? 'ready' : 'broken',
          ),
          { title: 'Version', value: (each) => each.version },
          { title: 'Profiles', value: (each) => each.profiles.join(', ') },
          { title: 'Where', value: (each) => each.problem ?? each.path, flexible: true },
        ],
        'No agent programs are known.',
      );
      for (const id of made) context.print(text`Made the profile ${context.style.bold(id)}.`);
      if (made.length === 0 && page.items.some((each) => each.path !== null && each.profiles.length === 0))
        context.note(context.style.dim('A profile for each: mctl agents detect --create'));
    });
  });

  const orchestrators = agents.command('orchestrators').description('orchestrators that are agents');
  runs(orchestrators, io, async (context) => {
    const page = await context.api.list<Orchestrator>('/orchestrators', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Profile', value: (each) => each.profile, paint: (shown) => context.style.bold(shown) },
          wordColumn(context, 'State', (each) => each.state),
          { title: 'Waiting', value: (each) => each.waiting, align: 'right' },
          {
            title: 'Last run',
            value: (each) =>
              each.whyNotRunning?.detail ??
              (each.lastRun && `${context.age(each.lastRun.at)}: ${each.lastRun.detail}`),
            flexible: true,
          },
          { title: 'Cost', value: (each) => `${each.cost.usd.toFixed(2)} USD`, align: 'right' },
        ],
        'No orchestrator. Make one: mctl profile create luci --role orchestrator --adapter claude -- claude',
      );
    });
  });
}
