// Names that are hard to show, on every page that shows people: exactly as they were sent, as text, within the page.
import assert from 'node:assert/strict';

import { journey, speak } from '../lib/journey.mjs';
import { somebody, submit } from '../lib/people.mjs';

const LONG = `Long${'o'.repeat(296)}`;

/** What people are called, and what pages must say of it. */
const NAMES = {
  markup: [{ family: '<script>alert(1)</script>', given: ['<img src=x onerror=alert(2)>'] }, ['<script>alert(1)</script>', '<img src=x onerror=alert(2)>']],
  apostrophe: [{ family: "O'Brien", given: ['"Quo" & Co'] }, ["O'Brien", '"Quo" & Co']],
  amharic: [{ family: 'ገብረሥላሴ', given: ['ኃይለ'] }, ['ገብረሥላሴ', 'ኃይለ']],
  arabic: [{ family: 'عبد الرحمن', given: ['فاطمة'] }, ['عبد الرحمن', 'فاطمة']],
  long: [{ family: LONG, given: ['Ann'] }, [LONG]],
  mononym: [{ family: 'Sukarno' }, ['Sukarno']],
  missing: [undefined, []],
};

/** Two records of one person, and one of this name that may be that person; the rules need both names to link. */
async function tangle(server, name) {
  const one = somebody(name?.given ? name : { family: name?.family ?? 'Nameless', given: ['Ann'] });
  const first = await submit(server, one);
  const second = await submit(server, one);
  const more = name?.given ? { telecom: [{ system: 'phone', value: `0788${Date.now() % 1_000_000}` }] } : {};
  const hard = { ...one, name: name && [{ use: 'official', ...name }], ...more };
  const doubted = await submit(server, hard);
  // It is called something else now, and its versions tell what it was.
  const changed = await submit(server, somebody(name));
  const body = { resourceType: 'Patient', id: changed.id, ...somebody({ family: 'Changed', given: ['Since'] }),
    identifier: [{ system: 'http://clientregistry.org/openmrs', value: changed.number }] };
  const answer = await fetch(`${server.base}/fhir/Patient/${changed.id}`, { method: 'PUT', body: JSON.stringify(body),
    headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': 'openmrs' } });
  assert.equal(answer.status, 200);
  return { first, second, doubted, changed };
}

for (const [kind, [name, parts]] of Object.entries(NAMES)) {
  journey(`every page shows a name as it is: ${kind}`, async (stage) => {
    const { first, second, doubted, changed } = await tangle(stage.server, name);
    assert.equal(first.cruid, second.cruid);
    const page = await stage.signedIn('supervisor');
    const says = async (what) => {
      const text = await page.locator('main').innerText();
      // Blanks that a browser would swallow stand as signs; none are in these names.
      for (const part of parts) assert.ok(text.includes(part), `${what} says ${part.slice(0, 40)}`);
      assert.equal(await page.locator('main script, main img').count(), 0, `${what} makes nothing of it`);
      for (const [width, height] of [[320, 640], [1366, 768]]) {
        await page.setViewportSize({ width, height });
        await page.look(`${kind} ${what} ${width}`);
      }
    };
    await page.goto('/ui/search');
    await page.getByText('More fields', { exact: true }).click();
    await page.getByLabel(/^Identifier/).fill(doubted.number);
    await page.getByRole('button', { name: 'Search' }).last().click();
    await page.getByRole('heading', { name: /found/ }).waitFor();
    await says('results');
    for (const [what, path] of [
      ['person', `/ui/persons/${doubted.cruid}`],
      ['versions', `/ui/records/${changed.id}/versions`],
      ['pair', `/ui/queue/${doubted.id}`],
      ['matrix', `/ui/queue/${doubted.id}/matrix`],
      ['workbench', `/ui/queue/${doubted.id}/workbench`],
      ...(name?.given ? [['automatic match', `/ui/queue/${second.id}?kind=auto`]] : []),
    ]) {
      await page.goto(path);
      await says(what);
    }
    // Pages about events and links name records by system and number, the person in their title.
    for (const [what, path] of [['links', `/ui/persons/${first.cruid}/links`], ['history', `/ui/persons/${first.cruid}/history`]]) {
      await page.goto(path);
      await page.look(`${kind} ${what}`);
    }
    await page.goto(`/ui/persons/${first.cruid}/links`);
    const explanation = await page.locator('a[href*="/explanations/"]').first().getAttribute('href');
    await page.goto(explanation);
    await page.look(`${kind} explanation`);
    assert.equal(await page.locator('main script, main img').count(), 0);
    await page.goto(`/ui/persons/${first.cruid}/break`);
    await page.look(`${kind} break`);
    await page.goto('/ui/queue?kind=auto');
    await page.look(`${kind} queue`);
    await speak(page, 'ar-XB');
    await page.goto(`/ui/queue/${doubted.id}`);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.look(`${kind} pair right to left`);
    await speak(page, 'en');
  });
}
