// What is looked at on every page of every journey, whoever wrote it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { NAMES } from './people.mjs';
import { ACCOUNTS, PASSWORD } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Bytes of a page, compressed, with an empty cache (ui.md 4.6): the whole, HTML, styles, scripts. */
export const BUDGET = { all: 45_000, document: 8_000, stylesheet: 8_000, script: 18_000, requests: 5 };

/** What must not stand in a URL or in what the browser keeps. */
const PERSONAL = [PASSWORD, ...NAMES, ...Object.values(ACCOUNTS).flatMap(([name, , first, surname]) => [name, first, surname])]
  .filter((text) => text.length > 3);

/** How many pages were looked at, and how; and what the first page weighs. */
export const tally = { pages: 0, combinations: new Set(), first: null };

function fail(what, url) { throw new Error(`${what} at ${new URL(url).pathname}`); }

/** Watches all that a page does; `faults` gets what must not be. */
export function watch(page, base) {
  const seen = { faults: [], expected: new Set(), bytes: [] };
  const host = new URL(base).host;
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const text = message.text();
    const status = text.match(/status of (\d+)/)?.[1];
    if (status && seen.expected.has(Number(status))) return;
    if (seen.offline && text.includes('ERR_INTERNET_DISCONNECTED')) return;
    seen.faults.push(`console: ${text}`);
  });
  page.on('pageerror', (error) => seen.faults.push(`script: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol === 'data:') return;
    if (url.host !== host) seen.faults.push(`foreign request: ${url.host}`);
    const text = decodeURIComponent(request.url());
    for (const personal of PERSONAL) if (text.includes(personal)) seen.faults.push(`personal data in a URL: ${url.pathname}`);
    if (request.method() === 'POST' && !/(^|&)form_token=[\w-]{80,}/.test(request.postData() ?? '')) {
      seen.faults.push(`a POST without its token: ${url.pathname}`);
    }
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // What is broken off by the next page is no failure.
    if (why === 'net::ERR_ABORTED' || (seen.offline && why === 'net::ERR_INTERNET_DISCONNECTED')) return;
    seen.faults.push(`failed request: ${new URL(request.url()).pathname} ${why}`);
  });
  return seen;
}

/** Looks at a page as it stands. */
export async function look(page, seen, as = '') {
  const url = page.url();
  if (seen.faults.length) fail(seen.faults.join('; '), url);
  const title = await page.title();
  if (!/\S · \S/.test(title)) fail(`the title is "${title}"`, url);
  const headings = await page.locator('h1').count();
  if (headings !== 1) fail(`${headings} h1`, url);
  if (seen.hasScript !== false) await accessible(page, url);
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
  if (wide > 0) fail(`${wide} px too wide at ${page.viewportSize().width} px`, url);
  const turned = await page.evaluate(digitsTurnedRound);
  if (turned.length) fail(`digits turned round: ${turned.join(', ')}`, url);
  const kept = await page.evaluate(() => localStorage.length + sessionStorage.length);
  if (kept) fail('something is in the browser\'s storage', url);
  for (const cookie of await page.context().cookies()) {
    if (!/^opencr_(ui|visit|look|done)$/.test(cookie.name) || !cookie.httpOnly || cookie.path !== '/ui' || cookie.sameSite !== 'Lax') {
      fail(`cookie ${cookie.name} is not as it should be`, url);
    }
  }
  tally.pages += 1;
  tally.combinations.add(`${new URL(url).pathname} ${as}`);
}

async function accessible(page, url) {
  await page.evaluate(AXE);
  const found = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }), WCAG);
  const words = found.violations.map((it) => `${it.id} (${it.nodes.map((node) => node.target.join(' ')).join(', ')}: ${it.nodes[0].any[0]?.message ?? ''})`);
  if (words.length) fail(`axe: ${words.join('; ')}`, url);
}

/** Numbers whose first digit stands right of their last: right-to-left text without isolation does that. */
function digitsTurnedRound() {
  const turned = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const found of node.data.matchAll(/[+−-]?\d[\d .,:\u202f-]*\d/g)) {
      const box = (at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect();
      };
      const [first, last] = [box(found.index), box(found.index + found[0].length - 1)];
      if (first.width && Math.abs(first.top - last.top) < 2 && first.left > last.left) turned.push(found[0]);
    }
  }
  return turned;
}

/** Measures what a browser without a cache loads for a page. */
export async function weigh(context, url) {
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setCacheDisabled', { cacheDisabled: true });
  const kinds = new Map();
  const weight = { all: 0, requests: 0 };
  client.on('Network.requestWillBeSent', (event) => kinds.set(event.requestId, event.type.toLowerCase()));
  client.on('Network.loadingFinished', (event) => {
    const kind = kinds.get(event.requestId);
    weight[kind] = (weight[kind] ?? 0) + event.encodedDataLength;
    weight.all += event.encodedDataLength;
    weight.requests += 1;
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.close();
  for (const [kind, most] of Object.entries(BUDGET)) {
    if ((weight[kind] ?? 0) > most) fail(`${weight[kind]} of ${kind}, where ${most} are allowed`, url);
  }
  if (!weight.document || !weight.stylesheet) fail('nothing was weighed', url);
  return weight;
}
