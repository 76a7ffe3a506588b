// One's own account: language, look, password.
import assert from 'node:assert/strict';

import { journey, picture, signIn, speak } from '../lib/journey.mjs';
import { ACCOUNTS, PASSWORD } from '../lib/server.mjs';

const NEXT = 'another horse battery';

journey('the browser\'s language is spoken, and a choice outranks it', async (stage) => {
  const page = await stage.page({ locale: 'fr-CA' });
  await page.goto('/ui/login');
  await page.getByRole('heading', { name: 'Se connecter' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'fr');
  await page.look('fr');
  await page.getByLabel('Langue').selectOption('sw');
  await page.getByLabel('Thème').selectOption('dark');
  await page.getByRole('button', { name: 'Appliquer' }).click();
  await page.getByRole('heading', { name: 'Ingia' }).waitFor();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await page.look('sw dark');
});

for (const javaScriptEnabled of [true, false]) {
  journey(`the look of the account is kept, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const page = await stage.signedIn('auditor', { javaScriptEnabled });
    await page.getByRole('link', { name: /አበበ ቢቂላ/ }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await speak(page, 'en');
    await page.getByRole('heading', { name: 'My account' }).waitFor();
    await page.look();
    const card = page.getByRole('region', { name: 'Language and look' });
    await card.getByLabel('Language').selectOption('fr');
    await card.getByLabel('Theme').selectOption('dark');
    await card.getByLabel(/Single keys/).uncheck();
    await card.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Mon compte' }).waitFor();
    await page.getByRole('status').getByText('Enregistré.').waitFor();
    await page.look('fr dark');
    const elsewhere = await stage.signedIn('auditor', { javaScriptEnabled });
    assert.equal(await elsewhere.locator('html').getAttribute('lang'), 'fr', 'the choice is the account\'s');
    await page.reload();
    assert.equal(await page.locator('.toast').textContent(), '', 'said once');
    if (javaScriptEnabled) {
      await page.keyboard.press('g');
      await page.keyboard.press('d');
      await page.waitForTimeout(200);
      assert.equal(new URL(page.url()).pathname, '/ui/account', 'keys are off');
    }
    await speak(page, 'en');
  });
}

journey('a password is changed once, and other sessions end', async (stage) => {
  const [name] = ACCOUNTS.supervisor;
  const other = await stage.signedIn('supervisor');
  const page = await stage.signedIn('supervisor');
  page.expect(422);
  await page.goto('/ui/account');
  const card = page.getByRole('region', { name: 'Change the password' });
  const change = async (current, next, again = next) => {
    await card.getByLabel('Current password').fill(current);
    await card.getByLabel('New password', { exact: true }).fill(next);
    await card.getByLabel('New password again').fill(again);
    await card.getByRole('button', { name: 'Change the password' }).click();
  };
  for (const [current, next, again, expected] of [
    [PASSWORD, NEXT, 'not the same one', 'not the same'],
    [PASSWORD, 'short', 'short', 'too short'],
    ['wrong password', NEXT, NEXT, 'not your current password'],
  ]) {
    await change(current, next, again);
    await page.getByRole('alert').getByText(expected).waitFor();
    await page.look();
  }
  // Sent twice, as by an impatient hand: the second is led where the first was.
  const data = await page.locator('form[action="/ui/account/password"]').evaluate((form) => {
    return Object.fromEntries(new FormData(form));
  });
  Object.assign(data, { current: PASSWORD, new: NEXT, again: NEXT });
  const send = () => page.evaluate(async (body) => {
    const answer = await fetch('/ui/account/password', { method: 'POST', body: new URLSearchParams(body) });
    return [answer.status, answer.redirected, new URL(answer.url).pathname];
  }, data);
  assert.deepEqual(await send(), [200, true, '/ui/account']);
  assert.deepEqual(await send(), [200, true, '/ui/account']);
  await page.goto('/ui/account');
  await page.look();
  await other.goto('/ui/account');
  assert.equal(new URL(other.url()).pathname, '/ui/login', 'the other session is over');
  other.expect(401);
  await signIn(other, name, PASSWORD);
  await other.getByRole('alert').waitFor();
  await signIn(other, name, NEXT);
  await other.getByRole('heading', { name: 'My account' }).waitFor();
  // As the other journeys expect it.
  await change(NEXT, PASSWORD);
  await page.getByRole('status').getByText('The password was changed').waitFor();
});

journey('pictures of the account', async (stage) => {
  const page = await stage.signedIn('viewer');
  await page.goto('/ui/account');
  await page.look();
  await picture(page, 'account-light');
});
