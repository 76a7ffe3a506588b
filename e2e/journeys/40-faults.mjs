// What is shown when something cannot be done.
import assert from 'node:assert/strict';

import { journey } from '../lib/journey.mjs';
import { ACCOUNTS } from '../lib/server.mjs';

journey('an address with nothing at it says so', async (stage) => {
  const page = await stage.signedIn('viewer');
  page.expect(404);
  const answer = await page.goto('/ui/nothing/here');
  assert.equal(answer.status(), 404);
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  await page.look();
  await page.getByRole('link', { name: 'Go to the dashboard' }).click();
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
});

journey('a form that another session made is refused', async (stage) => {
  const page = await stage.signedIn('viewer');
  page.expect(403, 405);
  const token = 'A'.repeat(86);
  const status = await page.evaluate(async (value) => {
    const send = (path, method, body) => fetch(path, { method, body: body && new URLSearchParams(body) });
    const form = await send('/ui/look', 'POST', { form_token: value, language: 'fr', theme: 'dark' });
    const method = await send('/ui/look', 'GET');
    return [form.status, method.status, method.headers.get('allow')];
  }, token);
  assert.deepEqual(status, [403, 405, 'POST']);
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
});

journey('without a connection the page says so and decides nothing', async (stage) => {
  const page = await stage.signedIn('viewer');
  await page.goOffline(true);
  await page.getByRole('alert').getByText(/No connection since .*\d\d:\d\d/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Sign out' }).isDisabled());
  await page.goOffline(false);
  await page.getByRole('alert').waitFor({ state: 'hidden' });
  assert.ok(await page.getByRole('button', { name: 'Sign out' }).isEnabled());
});

journey('a session that ends during a form is told, and nothing is lost but the form', async (stage) => {
  const page = await stage.signedIn('viewer');
  await page.goto('/ui/account');
  const twin = await page.context().newPage();
  await twin.goto(`${stage.base}/ui/`);
  await twin.getByRole('button', { name: 'Sign out' }).click();
  page.expect(401, 403);
  await page.getByRole('region', { name: 'Change the password' }).getByRole('button').click();
  await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
  await page.look();
});

journey('names are shown as they are', async (stage) => {
  for (const who of ['viewer', 'steward', 'auditor', 'admin']) {
    const [, , first, surname] = ACCOUNTS[who];
    const page = await stage.signedIn(who);
    await page.goto('/ui/account');
    const shown = page.getByRole('region', { name: 'Who you are' }).locator('bdi').first();
    assert.equal(await shown.textContent(), [first, surname].filter(Boolean).join(' '));
    await page.look();
    const narrow = await stage.signedIn(who, { viewport: { width: 320, height: 640 } });
    await narrow.look('320');
  }
});

journey('the counts are asked for again as a part of the page', async (stage) => {
  const page = await stage.signedIn('viewer');
  const answered = page.waitForResponse((answer) => answer.request().headers()['hx-request-type'] === 'partial');
  // A slow machine may show the page before its script has looked at it.
  const ask = () => page.locator('#work').evaluate((part) => part.dispatchEvent(new Event('refresh')));
  await page.waitForLoadState('load');
  await ask();
  const again = setInterval(() => ask().catch(() => {}), 1000);
  await answered.finally(() => clearInterval(again));
  const html = await (await answered).text();
  assert.ok(html.trimStart().startsWith('<section id="work"') && !html.includes('<html'), html.slice(0, 200));
  await page.locator('#work h2').waitFor();
  await page.look();
});

journey('a page that nobody looks at is covered, and what uncovers it does nothing else', async (stage) => {
  const page = await stage.signedIn('steward');
  await page.clock.install();
  await page.goto('/ui/search');
  const curtain = page.getByText('Covered, as nobody was here.');
  await page.clock.runFor(299_000);
  assert.equal(await curtain.isVisible(), false);
  // A sign of somebody begins the time anew.
  await page.keyboard.press('Shift');
  await page.clock.runFor(299_000);
  assert.equal(await curtain.isVisible(), false);
  await page.clock.runFor(2_000);
  await curtain.waitFor();
  const covered = await page.locator('h1').evaluate((heading) => {
    const box = heading.getBoundingClientRect();
    return document.elementFromPoint(box.x + 2, box.y + 2).closest('.idle') !== null;
  });
  assert.ok(covered, 'nothing is seen beneath it');
  await page.look('covered');
  await page.keyboard.press('/');
  await curtain.waitFor({ state: 'hidden' });
  assert.ok(await page.locator('#q').evaluate((box) => box !== document.activeElement), 'the key did nothing else');
  await page.clock.runFor(301_000);
  await curtain.waitFor();
  await page.mouse.move(10, 10);
  await page.mouse.move(20, 20);
  await curtain.waitFor({ state: 'hidden' });
});
