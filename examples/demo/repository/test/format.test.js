import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format } from '../src/format.js';

test('an amount has two decimals', () => {
  assert.match(format(1250), /12\.50/);
  assert.match(format(5), /0\.05/);
});
