/** Two thousand texts that want to be more than text, as descriptions, comments, titles and labels. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, signIn } from './support/browser.ts';
import { MissionControl } from './support/mission-control.ts';

const RUN = 'window.pwned=1';
/** Each would run, fetch or deceive where text is taken for more than text. */
const VECTORS = [
  `<script>${RUN}</script>`,
  `<img src=x onerror="${RUN}">`,
  `<svg onload="${RUN}"><animate onbegin="${RUN}" attributeName=x dur=1s>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `<details open ontoggle="${RUN}">x</details>`,
  `<a href="javascript:${RUN}">x</a>`,
  `[x](javascript:${RUN})`,
  `[x](JaVaScRiPt&colon;${RUN})`,
  `[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`,
  `![x](http://203.0.113.9/pixel.png)`,
  `![x](x"onerror="${RUN})`,
  `<https://203.0.113.9/a>`,
  `<javascript:${RUN}>`,
  `<style>*{background:url(http://203.0.113.9/css)}</style>`,
  `<link rel=stylesheet href=http://203.0.113.9/x.css>`,
  `<base href="http://203.0.113.9/">`,
  `<meta http-equiv=refresh content="0;url=http://203.0.113.9/">`,
  `<form action="http://203.0.113.9/"><button autofocus onfocus="${RUN}">x</button></form>`,
  `<math><mtext></mtext><mglyph><style><img src=x onerror="${RUN}"></style></math>`,
  `<template><script>${RUN}</script></template>`,
];
const WRAPS: ((text: string) => string)[] = [
  (text) => text,
  (text) => `\u001b[31m${text}\u001b[0m`,
  (text) => `\u001b]8;;javascript:${RUN}\u0007${text}\u001b]8;;\u0007`,
  (text) => `\u202e${text}\u2066`,
  (text) => `\u200b${text.split('').join('\u200d')}`,
  (text) => `> ${text}`,
  (text) => `| ${text} | ${text} |\n|---|---|\n| ${text} | x |`,
  (text) => `\`\`\`html\n${text}\n\`\`\`\n${text}`,
  (text) => `<!--${text}--> --!>${text}`,
  (text) => `]]>${text}<![CDATA[${text}]]>`,
];
const ENCODINGS: ((text: string) => string)[] = [
  (text) => text,
  (text) => text.replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  (text) => text.replaceAll('<', '\uff1c').replaceAll('>', '\uff1e'),
  (text) => text.toUpperCase().replaceAll('WINDOW.PWNED', 'window.pwned'),
  (text) => text.replaceAll('<', '<\u0000').replaceAll('\u0000', '\u0001'),
  (text) => text.replaceAll(' ', '/'),
  (text) => text.replaceAll(' ', '\t\n'),
  (text) => `"'>${text}<'"`,
  (text) => `${text}\n\n# ${text}\n\n- ${text}`,
  (text) => encodeURIComponent(text),
];
const PAYLOADS = VECTORS.flatMap((vector) =>
  WRAPS.flatMap((wrap) => ENCODINGS.map((encode) => wrap(encode(vector)))),
);

let control: MissionControl;
let browser: Browser;
const keys: string[] = [];
beforeAll(async () => {
  [control, browser] = await Promise.all([new MissionControl('none').start(), openBrowser()]);
  await control.prepareProject();
  // Half of them in descriptions, half as comments of their own; some as titles and labels.
  for (let i = 0; i < PAYLOADS.length; i += 100) {
    const part = PAYLOADS.slice(i, i + 100);
    const { key } = await control.createTicket((part[i % 7] ?? '').replaceAll('\n', ' ').slice(0, 190), {
      description: part.slice(0, 50).join('\n\n'),
      labels: [(part[3] ?? '').replaceAll(/\s/g, '').slice(0, 90)],
      acceptanceCriteria: part.slice(0, 10).map((text) => text.slice(0, 1_900)),
    });
    keys.push(key);
    await Promise.all(part.slice(50).map((text) => control.api.post(`/tickets/${key}/comments`, { text })));
  }
});
afterAll(async () => {
  await browser.close();
  await control.stop();
});

/** What the page has become, beside text. */
const found = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const main = document.querySelector('#main');
    const bad = [...(main?.querySelectorAll('*') ?? [])].filter(
      (element) =>
        /^(script|iframe|style|link|base|meta|form|object|embed|math|template)$/i.test(element.tagName) &&
        // The app's own forms have no address.
        !(element.tagName === 'FORM' && !element.hasAttribute('action')),
    );
    const handlers = [...(main?.querySelectorAll('*') ?? [])].filter((element) =>
      [...element.attributes].some(
        ({ name, value }) => name.startsWith('on') || /^\s*(javascript|data|vbscript):/i.test(value),
      ),
    );
    return [...bad, ...handlers].map((element) => element.outerHTML.slice(0, 200));
  });

describe('two thousand hostile texts', () => {
  it('are two thousand', () => {
    expect(PAYLOADS).toHaveLength(2_000);
  });

  it('run no script, fetch nothing, and become no element, wherever they are shown', async () => {
    const { page, errors } = await signIn(browser, control);
    const outside: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(control.url) && !request.url().startsWith('blob:'))
        outside.push(request.url());
    });
    page.on('dialog', (dialog) => {
      outside.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    const places = [
      ...keys.map((key) => `/tickets/${key}`),
      '/board',
      '/board?view=list',
      '/board?view=timeline',
      '/board?group=priority',
    ];
    for (const path of places) {
      await page.goto(control.url + path);
      await page.locator('[data-ticket], [data-page-ticket]').first().waitFor();
      if (path.startsWith('/tickets')) {
        await page.getByRole('button', { name: 'Comment' }).waitFor();
        await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
      }
      expect(await found(page), path).toEqual([]);
      expect(page.url()).toBe(control.url + path);
    }
    expect(await page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined();
    expect(outside).toEqual([]);
    expect(errors).toEqual([]);
  });
});
