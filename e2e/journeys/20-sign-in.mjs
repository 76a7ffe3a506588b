// Signing in and out.
import assert from 'node:assert/strict';

import { tally, weigh } from '../lib/checks.mjs';
import { journey, picture, signIn, tabTo } from '../lib/journey.mjs';
import { ACCOUNTS, PASSWORD } from '../lib/server.mjs';

const path = (page) => new URL(page.url()).pathname;
const steward = ACCOUNTS.steward[0];

for (const javaScriptEnabled of [true, false]) {
  journey(`a deep link leads to its page after signing in, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const page = await stage.page({ javaScriptEnabled });
    await page.goto('/ui/account');
    assert.equal(path(page), '/ui/login');
    await page.getByText('You are not signed in').waitFor();
    await page.look();
    page.expect(401);
    await signIn(page, steward, 'wrong password');
    await page.getByRole('alert').getByText('The user name or the password is wrong').waitFor();
    assert.equal(await page.getByLabel('Password').inputValue(), '', 'the password is not sent back');
    await page.look();
    await signIn(page, steward, PASSWORD);
    assert.equal(path(page), '/ui/account');
    await page.look();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('status').getByText('You are signed out').waitFor();
    assert.equal(path(page), '/ui/login');
    await page.look();
    await page.goto('/ui/account');
    assert.equal(path(page), '/ui/login', 'the session is over');
  });
}

journey('signing in and out needs no mouse', async (stage) => {
  const page = await stage.page();
  await page.goto('/ui/login');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type(steward);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await page.getByRole('heading', { name: 'My account' }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  await page.look();
  await tabTo(page, 'button', 'Sign out');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

journey('nobody is sent to another site, and cookies are out of reach', async (stage) => {
  const page = await stage.page();
  for (const to of ['//evil.test/', 'https://evil.test/', '/ui//evil.test', '/crux/']) {
    await page.goto(`/ui/login?to=${encodeURIComponent(to)}`);
    await signIn(page, steward, PASSWORD);
    assert.equal(page.url(), `${stage.base}/ui/`);
    assert.equal(await page.evaluate(() => document.cookie), '');
    await page.getByRole('button', { name: 'Sign out' }).click();
  }
});

journey('an account is locked after too many wrong passwords, and the page says how long', async (stage) => {
  const page = await stage.page();
  page.expect(401);
  await page.goto('/ui/login');
  for (let at = 0; at < 11; at++) await signIn(page, ACCOUNTS.nobody[0], 'wrong password');
  await signIn(page, ACCOUNTS.nobody[0], PASSWORD);
  await page.getByRole('alert').getByText(/10\S? wrong passwords.*15\S? minutes/).waitFor();
  assert.equal(path(page), '/ui/login');
});

journey('the first pages stay within their budget', async (stage) => {
  const page = await stage.page();
  tally.first = await weigh(page.context(), `${stage.base}/ui/login`);
  const inside = await stage.signedIn('steward');
  const weight = await weigh(inside.context(), `${stage.base}/ui/`);
  console.log(`dashboard: ${JSON.stringify(weight)}`);
});

journey('pictures of signing in and the dashboard', async (stage) => {
  for (const [name, how] of Object.entries({
    light: {}, dark: { colorScheme: 'dark' }, phone: { viewport: { width: 360, height: 740 } },
  })) {
    const page = await stage.page(how);
    await page.goto('/ui/login');
    await page.look(name);
    await picture(page, `login-${name}`);
    await signIn(page, ACCOUNTS.viewer[0], PASSWORD);
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await page.look(name);
    await picture(page, `dashboard-${name}`);
  }
});
