// The dashboard: what waits, what I did, who was registered, how well they matched.
import assert from 'node:assert/strict';

import { journey, picture, speak } from '../lib/journey.mjs';
import { somebody, submit } from '../lib/people.mjs';

const number = (text) => Number(text.replace(/[^\d]/g, ''));

/** The figure on a card. */
async function figure(page, words) {
  const card = page.getByRole('listitem').filter({ hasText: words });
  return number(await card.locator('.figure').textContent());
}

/** The sum of the last column of a table that stands behind "As a table". */
async function sums(page, heading, columns) {
  const section = page.getByRole('region', { name: heading, exact: true }).first();
  const details = section.locator('details').first();
  if (await details.getAttribute('open') === null) await details.getByText('As a table').click();
  const rows = await details.getByRole('row').all();
  let sum = 0;
  for (const row of rows.slice(1)) {
    const cells = await row.getByRole('cell').allTextContents();
    for (const column of columns) sum += number(cells.at(column));
  }
  return sum;
}

/** One pair that waits, rejected by keyboard. */
async function rejectOne(page) {
  await page.goto('/ui/queue/next?kind=all');
  await page.getByRole('heading', { name: 'Same person or not?' }).waitFor();
  await page.keyboard.press('n');
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Done. You can undo it.').waitFor();
}

journey('the dashboard counts what waits, what I did and who was registered', async (stage) => {
  const page = await stage.signedIn('steward');
  await page.goto('/ui/');
  await page.look();
  await picture(page, 'dashboard');
  const waits = await figure(page, 'potential match');
  assert.ok(waits > 0);
  const decided = await figure(page, /^[\d,]+decisions?$/);
  const before = await sums(page, 'New records', [-1]);
  assert.ok(before >= 300, `${before} made-up people`);
  await submit(stage.server, somebody({ family: 'Dashboard', given: ['Tigist'] }));
  await page.goto('/ui/?days=90');
  assert.equal(await sums(page, 'New records', [-1]), before + 1);
  await page.look('90 days');
  const bars = page.getByRole('region', { name: 'New records', exact: true }).first().locator('svg rect');
  assert.ok(await bars.count() > 0);
  // What matched and what matched nobody are all new records.
  const scores = page.getByRole('region', { name: 'How well new records match' }).first();
  const facts = await scores.getByRole('definition').allTextContents();
  const told = facts.map((text) => number(text.split('·')[0]));
  assert.equal(told.reduce((sum, one) => sum + one, 0), before + 1);
  assert.equal(await sums(page, 'How well new records match', [-1, -2]), told[1] + told[2]);
  await page.look('scores');
  await rejectOne(page);
  await page.goto('/ui/');
  assert.equal(await figure(page, /^[\d,]+decisions?$/), decided + 1);
  assert.equal(await figure(page, 'potential match'), waits - 1);
  await page.getByText('−1 today').first().waitFor();
  await page.keyboard.press('n');
  await page.getByRole('heading', { name: 'Same person or not?' }).waitFor();
  await speak(page, 'fr');
  await page.goto('/ui/');
  await page.getByRole('heading', { name: 'Nouvelles fiches', exact: true }).waitFor();
  await page.look('fr');
  await speak(page, 'en');
});

journey('the dashboard shows each role its part, script off', async (stage) => {
  const admin = await stage.signedIn('admin', { javaScriptEnabled: false });
  await admin.goto('/ui/');
  await admin.getByRole('heading', { name: 'New records', exact: true }).waitFor();
  await admin.look('admin');
  for (const hidden of ['My day', 'Work', 'How well new records match']) {
    assert.equal(await admin.getByRole('heading', { name: hidden, exact: true }).count(), 0, hidden);
  }
  // Nothing is wrong with the registry.
  assert.equal(await admin.getByRole('heading', { name: 'The registry needs its administrator' }).count(), 0);
  const page = await stage.signedIn('steward', { javaScriptEnabled: false });
  for (const range of ['nonsense', '7', '365', '-1']) {
    await page.goto(`/ui/?days=${range}`);
    await page.getByRole('heading', { name: 'New records', exact: true }).waitFor();
  }
  await page.getByRole('link', { name: /365/ }).click();
  await page.getByText('By week and system').waitFor();
  await page.look('365 days');
});
