/** Every eighth of the points of test/kill, on PostgreSQL: a life takes longer there, as its server waits for a real database. */
import { liveThrough } from '../kill/lives.ts';
import { POINTS } from '../kill/points.ts';

liveThrough(POINTS.filter((_, index) => index % 8 === 3));
