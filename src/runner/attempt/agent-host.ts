/** What an adapter may ask of the runner, for one attempt. */
import type { AgentHost } from '../adapters/adapter.ts';
import type { Tree } from '../ports.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptFiles, AttemptRecord } from './attempt-record.ts';

export interface HostParts {
  context: AttemptContext;
  record: AttemptRecord;
  files: AttemptFiles;
  tree: Tree;
  save: () => void;
  note: (text: string) => void;
}

export function agentHost({ context, record, files, tree, save, note }: HostParts): AgentHost {
  return {
    async start(spec) {
      const keeper = await context.processes.start({
        ...spec,
        marker: record.marker,
        output: files.stdout,
        errors: files.stderr,
        exit: files.exit('agent'),
      });
      record.keepers.push(keeper);
      record.agentKeeper = keeper;
      tree.addRoot(keeper);
      save();
      return keeper;
    },
    readExit: (keeper) => context.processes.readExit(files.exit('agent'), keeper),
    note,
    async ask(text, choices) {
      const question = await context.controlPlane.attempt<{ id: string }>(record.attempt, 'permission', {
        fence: record.fence,
        text,
        choices,
      });
      return question.id;
    },
  };
}
