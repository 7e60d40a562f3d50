import assert from 'node:assert/strict';
import { test } from 'node:test';
import { split } from '../src/split.js';

test('an even bill is split evenly', () => {
  assert.deepEqual(split(1000, 4), [250, 250, 250, 250]);
});

test('nobody keeps a cent: the shares add up to the bill', () => {
  const shares = split(1000, 3);
  assert.equal(
    shares.reduce((sum, share) => sum + share, 0),
    1000,
  );
});
