// What the demo consists of, as data: two agents, one project, and one ticket for each thing that can become of work.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const worker = (id, program) => ({
  id,
  adapter: 'command',
  command: [process.execPath, join(here, program)],
  timeoutSeconds: 120,
  stallSeconds: 60,
});

export const PROFILES = [worker('demo_agent', 'agent.mjs'), worker('demo_liar', 'liar.mjs')];

export const projectIn = (repository) => ({
  key: 'DEMO',
  name: 'Fair share (demo)',
  repository: { path: repository },
  defaultBranch: 'main',
  checks: [
    { name: 'test', command: 'node --test', timeoutSeconds: 60 },
    { name: 'format', command: 'node --test test/format.test.js', timeoutSeconds: 60 },
  ],
  completion: {
    requires: ['signal', 'commit', 'check'],
    checks: ['test'],
    decidedBy: 'policy',
    onAccept: 'leave_branch',
  },
  protectedPaths: ['test/**', 'package.json'],
  defaultProfile: 'demo_agent',
  limits: { maxAttempts: 2, backoffSeconds: 2 },
});

const REVIEWED = 'Explain in the README how a remainder is shared';

/** In this order; `blockedBy` names titles that come before. */
export const TICKETS = [
  {
    title: 'A bill of 10.00 split by 3 loses a cent',
    description:
      'Three people who share a bill of 10.00 pay 3.33 each, and the waiter is one cent short.\n\nMission Control runs the tests itself, on exactly the commit that the agent hands in; when they pass, the policy accepts.',
    acceptanceCriteria: ['The shares add up to the bill', 'All tests pass'],
    status: 'todo',
    priority: 1,
    labels: ['bug'],
  },
  {
    title: 'Make the test suite green (given to an agent that lies)',
    description:
      'The same bug, given to an agent that commits a note and says *verified, fixed*. Words prove nothing: the check is refuted, twice, and then a person is asked. Give the ticket the profile demo_agent, let it try again, and see it done.',
    acceptanceCriteria: ['All tests pass'],
    status: 'todo',
    priority: 1,
    profile: 'demo_liar',
    labels: ['bug'],
  },
  {
    title: 'Show amounts with a currency sign',
    description:
      'The agent cannot know where the sign belongs, so it asks. While it waits it takes no slot; it goes on with your answer.',
    acceptanceCriteria: ['An amount shows its currency'],
    status: 'todo',
    labels: ['feature'],
    completion: { requires: ['signal', 'commit', 'check'], checks: ['format'], decidedBy: 'policy' },
  },
  {
    title: REVIEWED,
    description:
      'Whether a text is good is for a person to say: look at the diff, then accept it or ask for changes.',
    acceptanceCriteria: ['A reader knows who pays the odd cents'],
    status: 'todo',
    labels: ['docs'],
    completion: { requires: ['signal', 'commit'], checks: [], decidedBy: 'human' },
  },
  {
    title: 'Write the release notes',
    description: 'Waits for the review of another ticket, and starts by itself when that is accepted.',
    status: 'todo',
    labels: ['docs'],
    blockedBy: [REVIEWED],
    completion: { requires: ['signal', 'commit'], checks: [], decidedBy: 'policy' },
  },
  {
    title: 'Ask the restaurant whether the bill can be split',
    description:
      'Belongs to a person, so no agent takes it. Whoever did it hands it in with a summary; here that is all the evidence it needs.',
    status: 'todo',
    priority: 3,
    assignee: 'alex',
    labels: ['people'],
    completion: { requires: ['signal'], checks: [], decidedBy: 'policy' },
  },
];
