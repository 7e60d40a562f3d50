import { expect, it } from 'vitest';
import { TRANSITION_TABLE } from '../../../../src/domain/ticket/transitions.ts';
import { WAYS } from './state-chart.tsx';

it('the picture of the states has every way of the table, and no other', () => {
  const ways = TRANSITION_TABLE.filter(({ to }) => to !== 'cancelled').flatMap(({ from, to }) =>
    from.map((each) => `${each}>${to}`),
  );
  expect(Object.keys(WAYS).sort()).toEqual([...new Set(ways)].sort());
});
