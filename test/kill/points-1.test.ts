/** The first half of the points; see lives.ts. */
import { liveThrough } from './lives.ts';
import { half } from './points.ts';

liveThrough(half(0));
