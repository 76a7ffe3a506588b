// A journey is a function that is given a stage: a browser, the shared server and ways to move.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { look, watch } from './checks.mjs';
import { ACCOUNTS, PASSWORD } from './server.mjs';

const journeys = [];

/** Tells the runner of a journey. Its name is a claim. */
export function journey(name, run) { journeys.push({ name, run }); }

/** All journeys that were told of. */
export const all = () => journeys;

/** What a journey can do. */
export class Stage {
  constructor(browser, server) { Object.assign(this, { browser, server, base: server.base, open: [] }); }

  /** A page in a browser of its own. `how` is Playwright's: viewport, colorScheme, javaScriptEnabled … */
  async page(how = {}, base = this.base) {
    const context = await this.browser.newContext({
      viewport: { width: 1366, height: 768 }, locale: 'en', timezoneId: 'UTC', baseURL: base, ...how,
    });
    this.open.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    // Keys are heard once a page's script runs.
    const press = page.keyboard.press.bind(page.keyboard);
    page.keyboard.press = async (...key) => { await page.waitForLoadState('load'); await press(...key); };
    const seen = watch(page, base);
    seen.hasScript = how.javaScriptEnabled;
    page.look = (as) => look(page, seen, as);
    page.expect = (...states) => states.forEach((status) => seen.expected.add(status));
    page.goOffline = async (is) => { seen.offline = is; await context.setOffline(is); };
    return page;
  }

  /** A page of somebody who has signed in, by name in ACCOUNTS. */
  async signedIn(who, how = {}, base = this.base) {
    const page = await this.page(how, base);
    await page.goto('/ui/login');
    await signIn(page, ACCOUNTS[who][0], PASSWORD);
    assert.equal(new URL(page.url()).pathname, '/ui/', `${who} is signed in`);
    return page;
  }

  async close() { for (const context of this.open.splice(0)) await context.close(); }
}

/** Fills the form of the page to sign in on and sends it. */
export async function signIn(page, name, password) {
  await page.locator('input[name=username]').fill(name);
  await page.locator('input[name=password]').fill(password);
  await page.locator('form[action="/ui/login"] button').click();
}

/** Has a page speak a language, by the form at its foot; for who is signed in, it is the account's from then on. */
export async function speak(page, language) {
  await page.locator('#look-language').selectOption(language);
  await page.locator('.foot form button').click();
  await page.locator(`html[lang="${language}"]`).waitFor();
}

/** Moves by Tab until an element with this name has the focus; fails after a hundred. */
export async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name, exact: true });
  for (let at = 0; at < 100; at++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement).catch(() => false)) return;
  }
  throw new Error(`${role} "${name}" is not reached by Tab`);
}

/** The same for any element. */
export async function tabUntil(page, wanted) {
  for (let at = 0; at < 100; at++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${wanted} is not reached by Tab`);
}

/** Makes a mouse an error, which the next look finds. */
export async function withoutMouse(page) {
  await page.addInitScript(() => addEventListener('pointerdown', () => globalThis.console.error('a mouse was used'), true));
  await page.reload();
}

/** Takes a picture for the manual, where OPENCR_PICTURES names a folder. */
export async function picture(page, name) {
  const folder = process.env.OPENCR_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
