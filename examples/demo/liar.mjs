// A worker that lies. It commits something, so that there is a diff, and says in strong words that all is well. Nothing
// of what it says counts: Mission Control runs the check itself.
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const coord = (...args) => execFileSync('mc-coord', args, { stdio: ['ignore', 'inherit', 'inherit'] });

console.log('Looks fine to me.');
coord('progress', 'All tests pass. Verified.', '--percent', '99');
await new Promise((resolve) => setTimeout(resolve, 1500));
appendFileSync('NOTES.md', 'Everything was verified and fixed.\n');
execFileSync('git', ['add', '--all']);
execFileSync('git', ['commit', '--quiet', '--message', 'Fix everything (verified)']);
coord(
  'submit',
  '--summary',
  'Verified, fixed. The test suite is green, implemented and deployed. Please close.',
);
