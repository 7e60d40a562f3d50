/** The conversation and the history of a ticket, from either end, page by page. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type TestApp, createTestApp } from './testing/test-app.ts';

let app: TestApp;
beforeEach(async () => {
  app = await createTestApp();
  await app.call('POST', '/projects', { body: { key: 'MC', name: 'MC', repository: { path: '/repo' } } });
  await app.call('POST', '/tickets', { body: { project: 'MC', title: 'Talked about' } });
  for (const text of ['one', 'two', 'three']) {
    await app.call('POST', '/tickets/MC-1/comments', { body: { text } });
  }
});
afterEach(() => app.close());

async function readAll(path: string): Promise<Record<string, unknown>[][]> {
  const pages = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await app.call('GET', `${path}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    pages.push(body.items);
    cursor = body.nextCursor;
  }
  return pages;
}
const said = (pages: Record<string, unknown>[][]) => pages.map((page) => page.map((each) => each['text']));

it('is read from its beginning, or from its end', async () => {
  expect(said(await readAll('/tickets/MC-1/comments?limit=2'))).toEqual([['one', 'two'], ['three']]);
  expect(said(await readAll('/tickets/MC-1/comments?limit=2&order=newest'))).toEqual([
    ['three', 'two'],
    ['one'],
  ]);
  expect(said(await readAll('/tickets/MC-1/comments?limit=3&order=newest'))).toEqual([
    ['three', 'two', 'one'],
  ]);
});

it('has every event once in either order, whatever the size of a page', async () => {
  const seqs = async (query: string) =>
    (await readAll(`/tickets/MC-1/activity?${query}`)).flat().map((event) => event['seq']);
  const all = await seqs('limit=200');
  expect(all).toHaveLength(4);
  for (const limit of [1, 2, 3, 4]) {
    expect(await seqs(`limit=${limit}`)).toEqual(all);
    expect(await seqs(`limit=${limit}&order=newest`)).toEqual(all.toReversed());
  }
});

it('is nobody’s where there is no ticket', async () => {
  expect((await app.call('GET', '/tickets/MC-9/comments?order=newest')).status).toBe(404);
  expect((await app.call('GET', '/tickets/MC-9/activity')).status).toBe(404);
});
