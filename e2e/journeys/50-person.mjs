// One person: records side by side, links, history, explanation, versions.
import assert from 'node:assert/strict';

import { journey, picture, speak, tabTo } from '../lib/journey.mjs';
import { pair, somebody, submit } from '../lib/people.mjs';
import { weigh } from '../lib/checks.mjs';

const HARD = [
  ['a name of markup', { family: "O'Brien", given: ['<script>alert(1)</script>'] }],
  ['an Amharic name', { family: 'ወርቅነህ', given: ['አበበ'] }],
  ['an Arabic name', { family: 'عبد الله', given: ['عائشة'] }],
  ['a very long name', { family: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(9).slice(0, 300), given: ['Åsa'] }],
  ['a mononym', { given: ['Suharto'] }],
  ['no name', null],
];

const expectedName = (name) => [...(name.given ?? []), name.family].filter(Boolean).join(' ');

for (const [what, name] of HARD) {
  journey(`${what} is right on every page of a person`, async (stage) => {
    const { id, cruid } = await submit(stage.server, somebody(name));
    const page = await stage.signedIn('viewer', { viewport: { width: 360, height: 740 } });
    for (const path of ['', '/links', '/history']) {
      await page.goto(`/ui/persons/${cruid}${path}`);
      const expected = name ? expectedName(name) : 'No name is known';
      assert.equal((await page.locator('h1').textContent()).trim(), expected);
      await page.look('360 light');
    }
    await page.goto(`/ui/records/${id}/versions`);
    await page.look('360 light');
    // Whoever was opened last is offered where people are looked for.
    await page.goto('/ui/search');
    await page.getByRole('link', { name: name ? expectedName(name) : 'No name is known' }).first().waitFor();
    await page.look('360 light');
  });
}

for (const javaScriptEnabled of [true, false]) {
  journey(`a link is understood, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const name = { family: 'Nakato', given: ['Gracielle'] };
    const { first, second } = await pair(stage.server, name, { family: 'Nakato', given: ['Graciella'] });
    assert.equal(first.cruid, second.cruid, 'the rules link them');
    const page = await stage.signedIn('viewer', { javaScriptEnabled });
    await page.goto(`/ui/persons/${first.cruid}`);
    await page.look();
    assert.ok(await page.getByRole('row', { name: /^Family name/ }).isVisible());
    await page.getByRole('link', { name: /Only differences/ }).click();
    await page.getByRole('link', { name: /Show all fields/ }).waitFor();
    assert.equal(await page.getByRole('row', { name: /^Family name/ }).count(), 0);
    await page.look();
    await page.getByRole('link', { name: 'Compare with this one' }).last().click();
    await page.getByText('All are compared with this one').waitFor();
    await page.look();
    await page.getByRole('link', { name: /^Links/ }).click();
    await page.getByText('Linked by the rules').waitFor();
    await page.look();
    await page.getByRole('link', { name: /^Score .*why$/ }).first().click();
    await page.getByRole('heading', { name: 'Why these two have this score' }).waitFor();
    await page.look();
    const numbers = await page.locator('.evidence td:last-child bdi').allTextContents();
    const figures = numbers.filter((text) => !text.includes('%')).map((text) => Number(text.replace('−', '-')));
    const total = figures.pop();
    const sum = figures.reduce((all, weight) => all + weight, 0);
    assert.ok(Math.abs(sum - total) < 0.06, `the weights add up to ${sum}, the total is ${total}`);
    await page.getByRole('link', { name: /^Score with today’s rules/ }).click();
    await page.getByRole('heading', { name: 'By the rules of today' }).waitFor();
    await page.look();
    assert.equal(await page.getByRole('table', { name: 'What was compared, and what it counted' }).count(), 2);
    await page.goto(`/ui/persons/${first.cruid}/history`);
    await page.getByRole('heading', { name: 'Received' }).first().waitFor();
    await page.look();
    await page.goto(`/ui/records/${second.id}/versions`);
    await page.look();
  });
}

journey('a person is read by keyboard alone', async (stage) => {
  const { first } = await pair(stage.server, { family: 'Okello', given: ['Peter'] });
  const page = await stage.signedIn('viewer');
  await page.goto(`/ui/persons/${first.cruid}`);
  await page.keyboard.press('d');
  await page.getByRole('link', { name: /Show all fields/ }).waitFor();
  await page.keyboard.press('2');
  await page.waitForURL('**/links');
  await page.keyboard.press('3');
  await page.waitForURL('**/history');
  await tabTo(page, 'link', 'Compare');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/persons/${first.cruid}`);
  await page.look();
});

journey('history goes on beyond a hundred events', async (stage) => {
  const patient = somebody({ family: 'Wanjiku', given: ['Ann'] });
  const { cruid, number } = await submit(stage.server, patient);
  const identifier = [{ system: 'http://clientregistry.org/openmrs', value: number }, ...patient.identifier];
  for (let at = 0; at < 120; at++) {
    const answer = await fetch(`${stage.server.base}/fhir/Patient`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': 'openmrs' },
      body: JSON.stringify({ resourceType: 'Patient', ...patient, identifier, telecom: [{ system: 'phone', value: `0775${at}` }] }),
    });
    assert.ok(answer.ok, `status ${answer.status}`);
  }
  const page = await stage.signedIn('viewer');
  await page.goto(`/ui/persons/${cruid}/history`);
  const events = page.locator('.timeline > li');
  assert.equal(await events.count(), 100);
  const first = await events.last().getAttribute('value');
  await page.keyboard.press('n');
  await page.waitForURL(`**/history?before=${first}`);
  assert.equal(await events.count(), 21);
  assert.equal(await page.getByRole('link', { name: /^Older/ }).count(), 0);
  await page.look('older');
  await page.getByRole('link', { name: 'Newest' }).click();
  await page.waitForURL('**/history');
});

journey('nobody without the permission sees a person', async (stage) => {
  const { first } = await pair(stage.server, { family: 'Hidden', given: ['Person'] });
  for (const who of ['auditor', 'admin']) {
    const page = await stage.signedIn(who);
    page.expect(403);
    await page.goto(`/ui/persons/${first.cruid}`);
    await page.getByText('What is missing is the permission').waitFor();
    assert.equal(await page.getByText('Hidden').count(), 0);
    await page.look();
  }
});

const SIZES = [[320, 640], [360, 740], [768, 1024], [1366, 768]];

journey('pages of a person, in all sizes, themes and languages', async (stage) => {
  const { first, second } = await pair(stage.server, { family: 'Auma', given: ['Beatrice'] }, { family: 'Auma', given: ['Beatrise'] });
  await submit(stage.server, somebody({ family: 'Auma', given: ['Beatrice'] }));
  const paths = [`/ui/persons/${first.cruid}`, `/ui/persons/${first.cruid}/links`, `/ui/persons/${first.cruid}/history`, `/ui/records/${second.id}/versions`];
  const page = await stage.signedIn('viewer');
  await page.goto(paths[1]);
  paths.push(await page.locator('a[href*="/explanations/"]').first().getAttribute('href'));
  for (const path of paths) {
    await page.goto(path);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await page.look(`${width} ${colorScheme}`);
      }
      const name = path.split('/').slice(2).map((part) => part.replace(/[0-9a-f]{8}.*/, '')).filter(Boolean).join('-');
      await picture(page, `${name}-${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
    await page.look('forced colours');
    await page.emulateMedia({ forcedColors: 'none', media: 'print' });
    assert.equal(await page.locator('header.bar').isVisible(), false);
    await page.emulateMedia({ media: 'screen' });
  }
  for (const language of ['fr', 'pt', 'sw', 'en-XA', 'ar-XB', 'en']) {
    await speak(page, language);
    for (const path of paths) {
      await page.goto(path);
      for (const [width, height] of [[320, 640], [1366, 768]]) {
        await page.setViewportSize({ width, height });
        await page.look(`${width} ${language}`);
      }
      if (language === 'ar-XB') await picture(page, `rtl-${paths.indexOf(path)}`);
    }
  }
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(paths[0]);
  await picture(page, 'persons-360');
  for (const path of paths) await weigh(page.context(), path);
});
