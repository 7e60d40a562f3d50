import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Profile } from '../../src/contract/shapes.ts';
import { findBarriers, openBrowser, PHONE, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

let control: MissionControl;
let browser: Browser;
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('local').start(), openBrowser()]);
  await control.prepareProject();
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

const isProven = (t: { status: string; evidence: { state: string }[] }): boolean =>
  t.status === 'in_review' && t.evidence.length > 0 && t.evidence.every((e) => e.state === 'verified');

describe('decisions', () => {
  it('answers a question from Home with one press, and the agent goes on with it', async () => {
    const ticket = await control.createTicket('Asks a question', { status: 'todo' });
    const { page, errors } = await signIn(browser, control);
    const item = page.getByRole('article', { name: `Question: ${ticket.key}` });
    await item.getByText('Which colour should the button have?').waitFor();
    await item.getByRole('button', { name: 'Blue' }).click();
    await item.waitFor({ state: 'detached' });
    const done = await control.until(ticket.key, isProven);
    expect(done.questions[0]).toMatchObject({ state: 'answered', answer: 'Blue' });
    await page.getByRole('article', { name: `Review: ${ticket.key}` }).waitFor();
    expect(errors).toEqual([]);
  });

  it('answers in words, and keeps the words when the server says no', async () => {
    const ticket = await control.createTicket('Asks in words', { status: 'todo' });
    await control.until(ticket.key, (t) => t.status === 'needs_input');
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.route('**/answer', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          code: 'internal',
          title: 'A bug',
          detail: 'It broke.',
          advice: 'Report it.',
          status: 500,
          type: 'about:blank',
          retryable: false,
        }),
      }),
    );
    const box = page.getByLabel(`Answer ${ticket.key}`);
    await box.fill('forty-two');
    await page.getByRole('button', { name: 'Answer', exact: true }).click();
    await page.getByText('Report it.').waitFor();
    expect(await box.inputValue()).toBe('forty-two');
    await page.unroute('**/answer');
    await page.getByRole('button', { name: 'Answer', exact: true }).click();
    await control.until(ticket.key, isProven);
  });

  it('decides a review: sees the diff, asks for changes, then accepts', async () => {
    const ticket = await control.createTicket('Work to be reviewed', { status: 'todo' });
    await control.until(ticket.key, isProven);
    const { page, errors } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}#diff`);
    await page.getByText(`work on ${ticket.key}, attempt 1`).waitFor();
    await page.getByRole('button', { name: 'Request changes' }).click();
    await page.getByLabel('What should change?').fill('Say it louder');
    await page.getByRole('dialog').getByRole('button', { name: 'Request changes' }).click();
    const again = await control.until(ticket.key, (t) => isProven(t) && t.attempt?.number === 2);
    await page
      .getByRole('complementary', { name: 'Properties' })
      .getByText(String(again.version), { exact: true })
      .waitFor();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
    await page.locator('[data-sentence]').getByText('Ticket is done; runtime is closed.').waitFor();
    await page.getByText('Closed', { exact: true }).first().waitFor();
    await page.getByText('Say it louder').waitFor();
    expect((await control.ticket(ticket.key)).status).toBe('done');
    expect(errors).toEqual([]);
  });

  it('accepts what was verified again while one decided, and lists the decision in the inbox', async () => {
    const ticket = await control.createTicket('Work that is looked at twice', { status: 'todo' });
    const proven = await control.until(ticket.key, isProven);
    const { page, errors } = await signIn(browser, control);
    const item = page.getByRole('article', { name: `Review: ${ticket.key}` });
    await item.getByRole('button', { name: 'Accept' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The work is good').waitFor();
    const commit = proven.evidence.find((each) => each.kind === 'commit');
    await control.api.post(`/evidence/${commit?.id}/verify`);
    await control.until(ticket.key, (t) => isProven(t) && t.version > proven.version + 1);
    await dialog.getByRole('button', { name: 'Accept' }).click();
    await dialog.waitFor({ state: 'detached' });
    await control.until(ticket.key, (t) => t.status === 'done');
    await page.goto(`${control.url}/inbox`);
    const decided = page
      .getByRole('list', { name: 'Decided' })
      .getByRole('listitem')
      .filter({ hasText: 'Work that is looked at twice' });
    await decided.getByText('Review: accept by admin').waitFor();
    await decided.getByRole('link').click();
    await page.waitForURL(`${control.url}/tickets/${ticket.key}`);
    expect(errors).toEqual([]);
  });

  it('does not accept what somebody else changed meanwhile, until one has seen it', async () => {
    const ticket = await control.createTicket('Work under somebody else’s hand', { status: 'todo' });
    const proven = await control.until(ticket.key, isProven);
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByRole('button', { name: 'Accept' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The work is good').waitFor();
    await control.api.patch(
      `/tickets/${ticket.key}`,
      { acceptanceCriteria: ['It is blue'] },
      { ifMatch: proven.version },
    );
    await dialog.getByRole('button', { name: 'Accept' }).click();
    await dialog.getByText(`${ticket.key} was changed while you decided. Nothing was done yet.`).waitFor();
    expect((await control.ticket(ticket.key)).status).toBe('in_review');
    await dialog.getByRole('button', { name: 'I have seen it' }).click();
    await dialog.getByRole('button', { name: 'Accept' }).click();
    await control.until(ticket.key, (t) => t.status === 'done');
  });

  it('shows who was faster when two people edit, and loses nothing', async () => {
    const ticket = await control.createTicket('Edited by two');
    const { page } = await signIn(browser, control);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Description').fill('Mine');
    await control.api.patch(
      `/tickets/${ticket.key}`,
      { title: 'Edited by two, faster' },
      { ifMatch: ticket.version },
    );
    await page.getByRole('button', { name: 'Save' }).click();
    const alert = page.getByRole('dialog').getByRole('alert');
    await alert.getByText('Edited by two, faster').waitFor();
    await page.getByRole('button', { name: 'Keep my changes on top of theirs' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await control.ticket(ticket.key)).toMatchObject({
      title: 'Edited by two, faster',
      description: 'Mine',
    });
  });

  it('gives a ticket whose agent gave up to another profile, as one decision', async () => {
    const { command } = await control.api.get<Profile>('/profiles/scripted');
    await control.api.post('/profiles', { id: 'able', adapter: 'command', command: [...command, 'able'] });
    const ticket = await control.createTicket('Fails with most', { status: 'todo' });
    await control.until(ticket.key, (t) => t.status === 'needs_input');
    const { page } = await signIn(browser, control);
    const item = page.getByRole('article', { name: `Out of attempts: ${ticket.key}` });
    await item.getByLabel(`Another profile for ${ticket.key}`).selectOption('able');
    expect(await findBarriers(page)).toEqual([]);
    await item.getByRole('button', { name: 'Try again with able' }).click();
    await item.waitFor({ state: 'detached' });
    const done = await control.until(ticket.key, isProven);
    expect(done.attempt).toMatchObject({ profile: 'able' });
    await page.reload();
    await page.getByRole('article', { name: `Review: ${ticket.key}` }).waitFor();
  });

  it('is answered on a phone in two taps', async () => {
    const ticket = await control.createTicket('Asks a question on the phone', { status: 'todo' });
    await control.until(ticket.key, (t) => t.status === 'needs_input');
    const { page } = await signIn(browser, control, PHONE);
    await page.getByRole('link', { name: /Inbox/ }).last().tap();
    await page
      .getByRole('article', { name: `Question: ${ticket.key}` })
      .getByRole('button', { name: 'Blue' })
      .tap();
    await control.until(ticket.key, (t) => t.questions[0]?.state === 'answered');
  });

  it('says on a phone, where nothing hovers, why a button does nothing, and not on top of what one presses', async () => {
    const ticket = await control.createTicket('Asks a question without a mouse', { status: 'todo' });
    await control.until(ticket.key, (t) => t.status === 'needs_input');
    const { page } = await signIn(browser, control, PHONE);
    await page.goto(`${control.url}/tickets/${ticket.key}`);
    await page.getByRole('button', { name: 'Answer', exact: true }).tap({ force: true });
    const message = page.getByText('Write an answer first.');
    await message.waitFor();
    const box = await message.boundingBox();
    expect(box?.y).toBeGreaterThan(40);
    expect(box?.y).toBeLessThan(200);
    expect((await control.ticket(ticket.key)).questions[0]?.state).toBe('open');
  });
});
