// Finding a person: one box, fields, spelling, pages; by keyboard; without script.
import assert from 'node:assert/strict';

import { journey, picture, speak, tabTo } from '../lib/journey.mjs';
import { somebody, submit } from '../lib/people.mjs';
import { weigh } from '../lib/checks.mjs';

const unique = (() => { let at = 0; return (family) => `${family}${'abcdefghij'[at++ % 10]}`; })();

for (const javaScriptEnabled of [true, false]) {
  journey(`a person is found, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const family = unique('Zwelithini');
    const { cruid } = await submit(stage.server, somebody({ family, given: ['Philip'] }));
    await submit(stage.server, somebody({ family: `${family}m`, given: ['Filip'] }, { birthDate: '1950-01-01' }));
    const page = await stage.signedIn('viewer', { javaScriptEnabled });
    page.expect(422, 404);
    await page.getByRole('link', { name: 'Search' }).click();
    await page.getByRole('heading', { name: 'Search' }).waitFor();
    await page.look('empty');
    const box = page.getByRole(javaScriptEnabled ? 'combobox' : 'textbox', { name: /^Name, birth date/ });
    const go = page.getByRole('button', { name: 'Search' }).first();
    await go.click();
    await page.getByRole('alert').getByText('Say who you are looking for').waitFor();
    await page.look('problem');
    await box.fill(`${family.toLowerCase()} 1987`);
    await go.click();
    await page.getByRole('heading', { name: '1 person found' }).waitFor();
    assert.match(new URL(page.url()).pathname, /^\/ui\/search\/r\/[0-9a-f-]{36}$/);
    assert.equal(await box.inputValue(), `${family.toLowerCase()} 1987`, 'what was typed is kept');
    await page.look('results');
    await page.reload();
    await page.getByRole('heading', { name: '1 person found' }).waitFor();
    await page.getByRole('link', { name: `Philip ${family}` }).click();
    await page.waitForURL(`**/persons/${cruid}`);
    await page.goBack();
    await page.getByRole('heading', { name: '1 person found' }).waitFor();
    await box.fill(`zwelitini${family.at(-1)}`);
    await go.click();
    await page.getByRole('heading', { name: 'Nobody found' }).waitFor();
    await page.look('nobody');
    await page.getByRole('button', { name: /^Look for names that sound/ }).click();
    await page.getByRole('heading', { name: /persons? found/ }).waitFor();
    assert.ok(await page.getByRole('link', { name: `Philip ${family}`, exact: true }).isVisible());
    await page.look('alike');
    await page.goto('/ui/search/r/00000000-0000-4000-8000-000000000000');
    await page.getByText('not kept any more').waitFor();
    await page.look('ended');
  });
}

journey('a person is found while typing, by keyboard alone', async (stage) => {
  const family = unique('Xolani');
  const { cruid } = await submit(stage.server, somebody({ family, given: ['<script>alert(1)</script>'] }));
  await submit(stage.server, somebody({ family: `${family}z`, given: ['Ann'] }, { birthDate: '1950-01-01' }));
  const page = await stage.signedIn('viewer');
  const sizes = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/suggest')) sizes.push((await response.body()).length);
  });
  await page.waitForLoadState('load');
  await page.keyboard.press('g');
  await page.keyboard.press('s');
  await page.waitForURL('**/ui/search');
  await page.keyboard.press('/');
  await page.keyboard.type(family.slice(0, 3).toLowerCase());
  const box = page.getByRole('combobox', { name: /^Name, birth date/ });
  const options = page.locator('#suggestions [role=option]');
  await page.getByRole('status').getByText(/so far/).waitFor();
  await options.first().waitFor();
  assert.equal(await box.getAttribute('aria-expanded'), 'true');
  assert.equal(await box.getAttribute('aria-activedescendant'), null, 'Enter would search');
  await page.look('suggestions');
  const chosen = () => page.evaluate(() => {
    const id = document.getElementById('q').getAttribute('aria-activedescendant');
    const marked = [...document.querySelectorAll('[role=option][aria-selected=true]')];
    return { id, marked: marked.map((option) => option.id), focus: document.activeElement.id };
  });
  await page.keyboard.press('ArrowDown');
  assert.deepEqual(await chosen(), { id: 's1', marked: ['s1'], focus: 'q' });
  await page.look('first suggestion');
  await picture(page, 'search-suggestions');
  await page.keyboard.press('ArrowUp');
  assert.deepEqual(await chosen(), { id: null, marked: [], focus: 'q' });
  await page.keyboard.press('ArrowUp');
  assert.equal((await chosen()).id, `s${await options.count()}`, 'the last');
  await page.keyboard.press('Escape');
  assert.deepEqual(await chosen(), { id: null, marked: [], focus: 'q' });
  assert.equal(await box.getAttribute('aria-expanded'), 'false');
  assert.equal(await page.locator('#suggestions').isVisible(), false);
  assert.equal(await box.inputValue(), family.slice(0, 3).toLowerCase(), 'what was typed stays');
  await page.look('closed');
  await page.keyboard.type(family.slice(3).toLowerCase());
  await page.getByRole('status').getByText(/2.? persons so far/).waitFor();
  await page.keyboard.press('ArrowDown');
  const wanted = page.locator(`a[href="/ui/persons/${cruid}"]`);
  if (await wanted.getAttribute('aria-selected') === 'false') await page.keyboard.press('ArrowDown');
  assert.equal(await wanted.getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/persons/${cruid}`);
  assert.ok(sizes.length > 1 && sizes.every((size) => size < 4_000), `suggestions of ${sizes} bytes`);
});

journey('what is suggested is reached by Tab, too, and Enter without a choice searches', async (stage) => {
  const family = unique('Ximena');
  const { cruid } = await submit(stage.server, somebody({ family, given: ['Ann'] }));
  const page = await stage.signedIn('viewer');
  await page.goto('/ui/search');
  await page.keyboard.press('/');
  await page.keyboard.type(family);
  const option = page.getByRole('option').first();
  await option.waitFor();
  await tabTo(page, 'option', await option.textContent());
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/persons/${cruid}`);
  await page.goto('/ui/search');
  await page.keyboard.press('/');
  await page.keyboard.type(family);
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '1 person found' }).waitFor();
});

for (const javaScriptEnabled of [true, false]) {
  journey(`a search is changed by one click, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const family = unique('Yaakov');
    const { cruid } = await submit(stage.server, somebody({ family, given: ['Ann'] }));
    const other = await submit(stage.server, somebody({ family, given: ['Bea'] }, { birthDate: '1950-01-01' }));
    const page = await stage.signedIn('viewer', { javaScriptEnabled });
    page.expect(422);
    await page.goto('/ui/search');
    await page.locator('#q').fill(`${family} 1933`);
    await page.getByRole('button', { name: 'Search' }).first().click();
    await page.getByRole('heading', { name: 'Nobody found' }).waitFor();
    await page.look('offers');
    await picture(page, 'search-nobody');
    await page.getByRole('button', { name: /^Without Birth date 1933 \(.?2.? persons\)$/ }).click();
    await page.getByRole('heading', { name: /2.? persons found/ }).waitFor();
    assert.equal(await page.locator('#q').inputValue(), family);
    await page.getByRole('button', { name: 'as given name' }).click();
    await page.getByRole('heading', { name: 'Nobody found' }).waitFor();
    await page.look('as given name');
    await page.getByRole('button', { name: 'as family name' }).click();
    await page.getByRole('heading', { name: /2.? persons found/ }).waitFor();
    await page.getByRole('button', { name: 'Compare two that are selected' }).click();
    await page.getByText('Select two persons').waitFor();
    await page.look('none selected');
    await page.goBack();
    for (const box of await page.getByRole('checkbox', { name: /^Select/ }).all()) await box.check();
    await page.look('selected');
    await page.getByRole('button', { name: 'Compare two that are selected' }).click();
    await page.getByRole('heading', { name: 'Two persons side by side' }).waitFor();
    assert.ok(await page.getByRole('link', { name: `Bea ${family}` }).isVisible());
    await page.look('two persons');
    await picture(page, 'compare');
    await page.getByRole('link', { name: `Ann ${family}` }).click();
    await page.waitForURL(`**/persons/${cruid}`);
    await page.goto(`/ui/persons/${other.cruid}`);
    await page.goto('/ui/search');
    const last = page.getByRole('list').filter({ has: page.getByRole('link', { name: `Ann ${family}` }) });
    assert.deepEqual((await last.getByRole('link').allTextContents()).slice(0, 2), [`Bea ${family}`, `Ann ${family}`]);
    await page.look('opened last');
  });
}

journey('nobody without the permission searches', async (stage) => {
  for (const who of ['auditor', 'admin']) {
    const page = await stage.signedIn(who);
    page.expect(403);
    assert.equal(await page.getByRole('link', { name: 'Search' }).count(), 0);
    await page.goto('/ui/search');
    await page.getByText('What is missing is the permission').waitFor();
  }
});

journey('results of a search in all sizes, themes and languages', async (stage) => {
  const page = await stage.signedIn('viewer');
  for (const name of [{ family: 'Quasi', given: ["O'Brien"] }, { family: 'Quasi', given: ['አበበ'] }, { family: 'Quasi', given: ['عائشة'] },
    { family: `Quasi${'x'.repeat(290)}` }, { given: ['Quasi'] }]) await submit(stage.server, somebody(name));
  for (let at = 0; at < 20; at++) await submit(stage.server, somebody({ family: 'Quasi', given: [`Ann${at}`] }));
  await page.goto('/ui/search');
  await page.getByText('More fields', { exact: true }).click();
  await picture(page, 'search-fields');
  await page.locator('#q').fill('quasi');
  await page.getByRole('button', { name: 'Search' }).first().click();
  await page.getByRole('heading', { name: /persons found/ }).waitFor();
  const address = page.url();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [[320, 640], [360, 740], [768, 1024], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`${width} ${colorScheme}`);
    }
    await picture(page, `search-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
  await page.look('forced colours');
  await page.emulateMedia({ forcedColors: 'none' });
  await page.getByRole('link', { name: /^Next page/ }).click();
  await page.waitForURL('**?from=20');
  await page.look('next page');
  for (const language of ['fr', 'pt', 'sw', 'en-XA', 'ar-XB', 'en']) {
    await speak(page, language);
    await page.goto(address);
    for (const [width, height] of [[320, 640], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`${width} ${language}`);
    }
    if (language === 'ar-XB') await picture(page, 'search-rtl');
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(address);
  await picture(page, 'search-360');
  await weigh(page.context(), address);
});
