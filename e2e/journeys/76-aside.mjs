// What is put aside: too little is known, or a supervisor is to decide.
import assert from 'node:assert/strict';

import { journey, picture } from '../lib/journey.mjs';
import { somebody, submit } from '../lib/people.mjs';

/** A record that may be another's person. */
async function doubted(server, family) {
  const one = somebody({ family, given: ['Aside'] });
  await submit(server, one);
  const patient = { ...one, telecom: [{ system: 'phone', value: `0755${Date.now() % 1_000_000}` }] };
  return { ...(await submit(server, patient)), patient };
}

/** What the tabs say. */
async function tabs(page) {
  await page.goto('/ui/queue');
  const read = async (name) => Number((await page.getByRole('link', { name }).textContent()).replace(/\D/g, ''));
  return { all: await read(/^All/), waiting: await read(/^Waiting for more/), escalated: await read(/^Escalated/) };
}

for (const javaScriptEnabled of [true, false]) {
  journey(`pairs are put aside and come back, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const waits = await doubted(stage.server, `Waits${javaScriptEnabled}`);
    const hard = await doubted(stage.server, `Hard${javaScriptEnabled}`);
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    const does = async (key, name) => {
      if (javaScriptEnabled) await page.keyboard.press(key);
      else await page.getByRole('button', { name }).click();
    };
    const before = await tabs(page);
    await page.goto(`/ui/queue/${waits.id}`);
    await page.getByLabel('For how long it waits').selectOption('1');
    await does('i', /^Not enough known/);
    await page.getByText('Put aside.').waitFor();
    await page.look('next');
    assert.deepEqual(await tabs(page), { ...before, all: before.all - 1, waiting: before.waiting + 1 });
    // For a supervisor only with a note.
    page.expect(422);
    await page.goto(`/ui/queue/${hard.id}`);
    await does('e', /^Escalate/);
    await page.getByText('Say in the note what a supervisor should decide').first().waitFor();
    await page.look('refused');
    await page.getByLabel(/^Note/).fill("<b>Twins?</b> O'Brien knows");
    if (javaScriptEnabled) await page.locator('h1').click();
    await does('e', /^Escalate/);
    await page.getByText('Put aside.').waitFor();
    assert.deepEqual(await tabs(page), { all: before.all - 2, waiting: before.waiting + 1, escalated: before.escalated + 1 });
    await page.getByRole('link', { name: /^Escalated/ }).click();
    await page.locator('tbody').getByRole('link', { name: new RegExp(`${hard.number}(?!\\d)`) }).first().click();
    await page.getByText("<b>Twins?</b> O'Brien knows").waitFor();
    await page.look('escalated');
    if (javaScriptEnabled) await picture(page, 'aside');
    assert.equal(await page.getByRole('button', { name: 'Back into the queue' }).count(), 0, 'that is for a supervisor');
    // What its source sends brings the waiting one back.
    const again = await fetch(`${stage.server.base}/fhir/Patient/${waits.id}`, {
      method: 'PUT', headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': 'openmrs' },
      body: JSON.stringify({
        resourceType: 'Patient', id: waits.id, ...waits.patient, maritalStatus: { text: 'single' },
        identifier: [{ system: 'http://clientregistry.org/openmrs', value: waits.number }, ...waits.patient.identifier],
      }),
    });
    assert.equal(again.status, 200);
    assert.deepEqual(await tabs(page), { all: before.all - 1, waiting: before.waiting, escalated: before.escalated + 1 });
    const supervisor = await stage.signedIn('supervisor', { javaScriptEnabled });
    await supervisor.goto(`/ui/queue/${hard.id}?kind=escalated`);
    await supervisor.getByRole('button', { name: 'Back into the queue' }).click();
    await supervisor.getByText('It is back in the queue.').waitFor();
    await supervisor.look('back');
    assert.deepEqual(await tabs(page), before);
    // A form that was made up is refused, and nothing is put aside.
    page.expect(400);
    await page.goto(`/ui/queue/${hard.id}`);
    await page.evaluate(() => { document.querySelector('#days').options[0].value = '3650'; document.querySelector('#days').selectedIndex = 0; });
    await page.getByRole('button', { name: /^Not enough known/ }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.deepEqual(await tabs(page), before);
  });
}
