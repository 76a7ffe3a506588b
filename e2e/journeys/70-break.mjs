// Breaking records out of a person, taking that back, undoing; with what will happen told first.
import assert from 'node:assert/strict';

import { journey, picture, speak, tabTo } from '../lib/journey.mjs';
import { pair } from '../lib/people.mjs';
import { weigh } from '../lib/checks.mjs';

for (const javaScriptEnabled of [true, false]) {
  journey(`a break is told, carried out and undone, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const { first, second } = await pair(stage.server, { family: 'Namusoke', given: ["O'Brien"] });
    assert.equal(first.cruid, second.cruid);
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    page.expect(422);
    await page.goto(`/ui/persons/${first.cruid}/links`);
    await page.getByRole('link', { name: /^Break records out/ }).click();
    await page.getByRole('heading', { name: 'Break records out' }).waitFor();
    await page.look();
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('alert').getByText('Give a reason').waitFor();
    await page.look('problem');
    await page.getByLabel(new RegExp(second.number)).check();
    await page.getByLabel('Reason').fill('Twins with one phone');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByText('becomes a new person').waitFor();
    await page.look('preview');
    if (javaScriptEnabled) await picture(page, 'break-preview');
    await page.getByRole('button', { name: 'Carry it out' }).click();
    await page.getByRole('status').getByText('The history has it').waitFor();
    await page.getByRole('heading', { name: 'Broken apart' }).waitFor();
    await page.look('history');
    await page.getByRole('link', { name: /^Links/ }).click();
    await page.getByText('Twins with one phone').first().waitFor();
    await page.look('links');
    await page.getByRole('link', { name: 'Take breaks back' }).click();
    await page.getByRole('heading', { name: 'Take breaks back' }).waitFor();
    await page.look('pairs');
    await page.goto(`/ui/persons/${first.cruid}/history`);
    await page.getByRole('link', { name: 'Undo' }).click();
    await page.getByLabel('Reason').fill('The wrong record');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    await page.look('undo');
    await page.getByRole('button', { name: 'Carry it out' }).click();
    await page.getByRole('heading', { name: 'Decision undone' }).waitFor();
    await page.goto(`/ui/persons/${first.cruid}`);
    await page.getByText(/2\W+records/).waitFor();
  });
}

journey('a break by keyboard alone, and in all sizes, themes and languages', async (stage) => {
  const { first } = await pair(stage.server, { family: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(8), given: ['አበበ'] });
  const page = await stage.signedIn('steward');
  await page.goto(`/ui/persons/${first.cruid}/links`);
  await page.keyboard.press('b');
  await page.waitForURL('**/break');
  await page.locator('#c2').focus();
  await page.keyboard.press('Space');
  await tabTo(page, 'textbox', 'Reason');
  await page.keyboard.type('Twins');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [[320, 640], [360, 740], [768, 1024], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`${width} ${colorScheme}`);
    }
  }
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'light' });
  await page.look('forced colours');
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'light' });
  await tabTo(page, 'button', 'Carry it out');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/history');
  for (const language of ['fr', 'en-XA', 'ar-XB', 'en']) {
    await speak(page, language);
    await page.goto(`/ui/persons/${first.cruid}/broken`);
    for (const [width, height] of [[320, 640], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`${width} ${language}`);
    }
  }
  await weigh(page.context(), `/ui/persons/${first.cruid}/broken`);
});

journey('who may only look cannot break', async (stage) => {
  const { first } = await pair(stage.server, { family: 'Kizza', given: ['Ruth'] });
  const page = await stage.signedIn('viewer');
  page.expect(403);
  await page.goto(`/ui/persons/${first.cruid}/links`);
  assert.equal(await page.getByRole('link', { name: /Break/ }).count(), 0);
  await page.goto(`/ui/persons/${first.cruid}/break`);
  await page.getByText('What is missing is the permission').waitFor();
  await page.look();
});
