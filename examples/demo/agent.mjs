// A worker without a model: what it does is written down here, but all else is as with any other agent. It reads its
// ticket with `mc-coord`, works in the worktree that it was started in, commits, and hands in. It can do the tickets of
// the demo, and says honestly when it is given another.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

const STEP_MS = 1500;
const pause = () => new Promise((resolve) => setTimeout(resolve, STEP_MS));

function coord(...args) {
  const { status, stdout, error } = spawnSync('mc-coord', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error) throw error;
  // 4: this attempt is no longer current. A good worker stops at once.
  if (status === 4) process.exit(0);
  if (status !== 0) throw new Error(`mc-coord ${args[0]} was refused (exit code ${status})`);
  return stdout;
}

async function say(text, percent) {
  console.log(text);
  coord('progress', text, '--percent', String(percent));
  await pause();
}

function commit(message) {
  execFileSync('git', ['add', '--all'], { stdio: 'inherit' });
  execFileSync('git', ['commit', '--quiet', '--message', message], { stdio: 'inherit' });
}

function replace(file, before, after) {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(before)) throw new Error(`${file} is not as I know it`);
  writeFileSync(file, text.replace(before, after));
}

/** Runs the repository's own tests; gives back the names of those that fail. */
function failingTests() {
  const { stdout } = spawnSync(process.execPath, ['--test', '--test-reporter=tap'], {
    encoding: 'utf8',
    // The reporter of a test run that is itself inside one would speak another language.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  console.log(stdout.trimEnd());
  return [...stdout.matchAll(/^\s*not ok \d+ - (.+)$/gm)].map(([, name]) => name);
}

async function repairSplit() {
  await say('Running the tests to see what fails', 10);
  const failing = failingTests();
  if (failing.length === 0) throw new Error('no test fails, so there is nothing to repair');
  await say(`Fails: ${failing[0]}`, 30);
  await say('src/split.js rounds every share down and drops the remainder', 50);
  replace(
    'src/split.js',
    '  return Array.from({ length: people }, () => share);',
    '  const remainder = cents - share * people;\n  return Array.from({ length: people }, (_, person) => share + (person < remainder ? 1 : 0));',
  );
  await say('Shared out the remainder; running the tests again', 70);
  const still = failingTests();
  if (still.length > 0) throw new Error(`still fails: ${still.join(', ')}`);
  commit('Share out the remainder of a bill, one cent each');
  return 'The remainder of a division was dropped. It is now shared out, one cent each, beginning with the first person.';
}

const STYLES = { '€12.50': '`€${amount}`', '12.50 €': '`${amount} €`' };

async function addCurrency({ answers }) {
  const answer = answers.at(-1)?.answer;
  if (answer === undefined) {
    await say('Reading src/format.js', 20);
    coord(
      'ask',
      'Where shall the currency sign stand?',
      ...Object.keys(STYLES).flatMap((style) => ['--choice', style]),
    );
    process.exit(0);
  }
  await say(`The answer is: ${answer}`, 50);
  const style = STYLES[answer] ?? STYLES['€12.50'];
  replace(
    'src/format.js',
    '  return (cents / 100).toFixed(2);',
    `  const amount = (cents / 100).toFixed(2);\n  return ${style};`,
  );
  await say('Formatting with the sign', 80);
  commit('Show amounts with a currency sign');
  return `Amounts are shown like ${answer}.`;
}

async function explainRemainder() {
  await say('Writing the paragraph', 40);
  appendFileSync(
    'README.md',
    '\nA remainder is shared out one cent each, beginning with the first person, so that the shares add up to the bill.\n',
  );
  await say('Reading it once more', 80);
  commit('Explain how a remainder is shared');
  return 'README.md says who pays the odd cents, and why the shares add up.';
}

async function writeReleaseNotes() {
  await say('Collecting what changed', 40);
  writeFileSync('CHANGES.md', '# Changes\n\n- The shares of a split bill add up to the bill.\n');
  commit('Write the release notes');
  return 'CHANGES.md tells of the rounding fix.';
}

const SKILLS = [
  [/release notes/i, writeReleaseNotes],
  [/currency/i, addCurrency],
  [/README/, explainRemainder],
  [/cent|test suite/i, repairSplit],
];

const ticket = JSON.parse(coord('ticket', '--json'));
console.log(`${ticket.key}, attempt ${ticket.attempt}: ${ticket.title}`);
for (const words of ticket.feedback) console.log(`Feedback: ${words}`);
const skill = SKILLS.find(([pattern]) => pattern.test(ticket.title))?.[1];
if (skill === undefined) {
  coord(
    'fail',
    'I am the scripted agent of the demo, and this is none of the tickets that I know. Give it to another profile.',
    '--no-retry',
  );
} else {
  try {
    coord('submit', '--summary', await skill(ticket));
  } catch (error) {
    console.error(error);
    coord('fail', error.message);
  }
}
