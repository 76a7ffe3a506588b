// The first administrator of a registry without accounts.
import assert from 'node:assert/strict';

import { journey, signIn } from '../lib/journey.mjs';
import { PASSWORD, start } from '../lib/server.mjs';

async function fresh(run, env) {
  const server = await start({ has: false, env });
  try { await run(server); } finally { await server.stop(); }
}

for (const javaScriptEnabled of [true, false]) {
  journey(`the first administrator is made once, with the token, script ${javaScriptEnabled ? 'on' : 'off'}`, (stage) => fresh(async (server) => {
    const page = await stage.page({ javaScriptEnabled }, server.base);
    await page.goto('/');
    assert.equal(new URL(page.url()).pathname, '/ui/login');
    await page.look();
    await page.getByRole('link', { name: 'Make the first administrator' }).click();
    await page.look();
    const fill = async (token, password) => {
      await page.getByLabel('One-time token').fill(token);
      await page.getByLabel('First name').fill('Ada');
      await page.getByLabel('Surname').fill('Example');
      await page.getByLabel('User name').fill('ada');
      await page.getByLabel('New password').fill(password);
      await page.getByRole('button', { name: 'Make the administrator' }).click();
    };
    page.expect(403, 422);
    await fill('wrong', PASSWORD);
    await page.getByRole('alert').getByText('This token is wrong').waitFor();
    assert.equal(await page.getByLabel('User name').inputValue(), 'ada', 'what was typed is kept');
    await page.look();
    await fill(server.token, 'short');
    await page.getByRole('alert').getByText('too short').waitFor();
    await page.look();
    await fill(server.token, PASSWORD);
    await page.getByRole('status').getByText('The administrator was made').waitFor();
    await page.look();
    await signIn(page, 'ada', PASSWORD);
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await page.look();
    await page.goto('/ui/setup');
    assert.equal(new URL(page.url()).pathname, '/ui/', 'there is no second first administrator');
  }));
}

journey('who tries too often is told when to come back', (stage) => fresh(async (server) => {
  const page = await stage.page({}, server.base);
  page.expect(401, 429);
  for (let at = 0; at < 4; at++) {
    await page.goto('/ui/login');
    await signIn(page, 'ada', 'wrong');
  }
  await page.getByRole('heading', { name: 'Too many attempts' }).waitFor();
  await page.getByText(/Try again in .* seconds/).waitFor();
  await page.look();
}, { OPENCR__PEOPLE__LOGINS_PER_MINUTE: '3' }));
