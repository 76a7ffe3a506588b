// The work queue: ten pairs cleared by keyboard alone, a rejected pair that stays away, an undo that puts
// everything back.
import assert from 'node:assert/strict';

import { weigh } from '../lib/checks.mjs';
import { journey, picture, speak } from '../lib/journey.mjs';
import { PASSWORD, ACCOUNTS } from '../lib/server.mjs';
import { somebody, submit } from '../lib/people.mjs';

/** Two records that the rules take for perhaps one person: one of six fields differs. */
let phones = 0;
async function doubt(server, name, more = {}) {
  const patient = somebody(name, more);
  const first = await submit(server, patient);
  phones += 7919;
  const other = { ...patient, telecom: [{ system: 'phone', value: `0${700_000_000 + phones}` }] };
  const second = await submit(server, other);
  assert.notEqual(first.cruid, second.cruid);
  return { first, second, patient: other };
}

/** What the API says waits, whole. */
async function waiting(server) {
  const signed = await fetch(`${server.base}/ocrux/user/authenticate`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: ACCOUNTS.steward[0], password: PASSWORD }),
  });
  const { token } = await signed.json();
  const answer = await fetch(`${server.base}/ocrux/match/get-match-issues`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function cruid(server, id) {
  const answer = await fetch(`${server.base}/fhir/Patient/${id}`, { headers: { 'x-openhim-clientid': 'openmrs' } });
  return (await answer.json()).link[0].other.reference;
}

journey('ten pairs of the queue are cleared by keyboard alone', async (stage) => {
  for (let at = 0; at < 10; at++) await doubt(stage.server, { family: `Queue${at}`, given: ['Ten'] });
  const page = await stage.signedIn('steward');
  page.expect(422);
  await page.goto('/ui/queue');
  const pairs = async () => Number((await page.getByRole('link', { name: /^All/ }).textContent()).replace(/\D/g, ''));
  const before = await pairs();
  assert.ok(before >= 10);
  await page.goto('/ui/');
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.getByRole('heading', { name: 'Work queue' }).waitFor();
  await page.look();
  await picture(page, 'queue');
  await page.keyboard.press('Enter');
  const took = [];
  for (let at = 0; at < 10; at++) {
    await page.getByRole('heading', { name: 'Same person or not?' }).waitFor();
    const address = page.url();
    if (at === 0) { await page.look('pair'); await picture(page, 'pair'); }
    await page.keyboard.press(at % 2 ? 'n' : 'm');
    const told = page.getByRole('heading', { name: 'What will happen' });
    // Among made-up people some were told apart before, whose persons cannot become one.
    await told.or(page.getByRole('alert')).first().waitFor();
    if (!await told.count()) await page.keyboard.press('n');
    await told.waitFor();
    if (at < 2) await page.look(`preview ${at}`);
    if (at === 0) await picture(page, 'pair-preview');
    const began = Date.now();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.href !== address);
    await page.getByText('Done. You can undo it.').waitFor();
    took.push(Date.now() - began);
  }
  await page.look('after');
  took.sort((a, b) => a - b);
  console.log(`key press to next pair: median ${took[5]} ms, longest ${took[9]} ms`);
  await page.goto('/ui/queue');
  assert.ok(await pairs() <= before - 10, 'ten are cleared');
});

for (const javaScriptEnabled of [true, false]) {
  journey(`a pair is rejected, and an undo puts all back, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const { first, second, patient } = await doubt(stage.server, { family: `O'Brien ${javaScriptEnabled}`, given: ['<script>', 'ወርቅነህ'] });
    const before = await waiting(stage.server);
    const persons = [await cruid(stage.server, first.id), await cruid(stage.server, second.id)];
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    await page.goto(`/ui/queue/${second.id}`);
    await page.getByLabel(/^Note/).fill('Cousins of one name');
    await page.getByRole('button', { name: /^Different people/ }).click();
    await page.getByText('Cousins of one name').waitFor();
    await page.look('preview');
    await page.getByRole('button', { name: /^Carry it out/ }).click();
    await page.getByText('Done. You can undo it.').waitFor();
    // Submitted again it does not come back.
    const again = await fetch(`${stage.server.base}/fhir/Patient/${second.id}`, {
      method: 'PUT', headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': 'openmrs' },
      body: JSON.stringify({
        resourceType: 'Patient', id: second.id, ...patient,
        identifier: [{ system: 'http://clientregistry.org/openmrs', value: second.number }, ...patient.identifier],
      }),
    });
    assert.equal(again.status, 200);
    assert.ok(!(await waiting(stage.server)).some((row) => row.id === second.id), 'it stays away');
    // Taken for one person, then undone: links, flags and queue as they were.
    const other = await doubt(stage.server, { given: [`Suharto${javaScriptEnabled}`] });
    const queue = await waiting(stage.server);
    const were = [await cruid(stage.server, other.first.id), await cruid(stage.server, other.second.id)];
    await page.goto(`/ui/queue/${other.second.id}`);
    await page.look('mononym');
    await page.getByRole('button', { name: /^Same person/ }).click();
    await page.getByRole('button', { name: /^Carry it out/ }).click();
    await page.getByText('Done. You can undo it.').waitFor();
    assert.equal(await cruid(stage.server, other.first.id), await cruid(stage.server, other.second.id));
    await page.getByRole('link', { name: /^Undo my last decision/ }).click();
    await page.getByLabel('Reason').fill('A slip');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('button', { name: 'Carry it out' }).click();
    await page.getByRole('heading', { name: 'Decision undone' }).first().waitFor();
    assert.deepEqual([await cruid(stage.server, other.first.id), await cruid(stage.server, other.second.id)], were);
    assert.deepEqual(await waiting(stage.server), queue, 'the queue is as it was');
    assert.ok(before.some((row) => row.id === second.id));
    assert.equal(persons.length, 2);
  });
}

journey('a pair with names hard to show, in all sizes, themes and languages', async (stage) => {
  const { second } = await doubt(stage.server, { family: 'Wolfeschlegelsteinhausenbergerdorff'.repeat(8), given: ['عائشة', 'Åsa'] });
  const nameless = await doubt(stage.server, null);
  const page = await stage.signedIn('steward');
  for (const item of [second.id, nameless.second.id]) {
    await page.goto(`/ui/queue/${item}`);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      for (const [width, height] of [[320, 640], [360, 740], [768, 1024], [1366, 768]]) {
        await page.setViewportSize({ width, height });
        await page.look(`${width} ${colorScheme}`);
      }
    }
  }
  await page.emulateMedia({ forcedColors: 'active', colorScheme: 'light' });
  await page.look('forced colours');
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'light' });
  for (const language of ['fr', 'en-XA', 'ar-XB', 'en']) {
    await speak(page, language);
    await page.goto(`/ui/queue/${second.id}`);
    for (const [width, height] of [[320, 640], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`${width} ${language}`);
    }
  }
  await weigh(page.context(), `/ui/queue/${second.id}`);
  await weigh(page.context(), '/ui/queue');
});

journey('what another steward works on can be looked at, and a supervisor takes it over', async (stage) => {
  const { second } = await doubt(stage.server, { family: 'Held', given: ['Ann'] });
  const steward = await stage.signedIn('steward');
  await steward.goto(`/ui/queue/${second.id}`);
  const boss = await stage.signedIn('supervisor');
  await boss.goto(`/ui/queue/${second.id}`);
  await boss.getByText('Somebody else is working on this').waitFor();
  assert.equal(await boss.getByRole('button', { name: /^Same person/ }).count(), 0);
  await boss.look();
  await boss.getByRole('button', { name: 'Take it over' }).click();
  await boss.getByText('It is yours now.').waitFor();
  await boss.getByRole('button', { name: /^Later/ }).click();
  await boss.getByText('Left for later.').waitFor();
  await boss.look('after');
});

for (const javaScriptEnabled of [true, false]) {
  journey(`automatic matches are looked at: one right, one wrong, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const pairs = [];
    for (const name of ['Right', 'Wrong']) {
      const patient = somebody({ family: `Checked${javaScriptEnabled}`, given: [name] });
      const first = await submit(stage.server, patient);
      const second = await submit(stage.server, patient);
      assert.equal(first.cruid, second.cruid);
      pairs.push({ first, second });
    }
    const [right, wrong] = pairs;
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    await page.goto('/ui/');
    await page.getByRole('link', { name: /automatic match/ }).click();
    await page.getByRole('heading', { name: 'Work queue' }).waitFor();
    await page.look();
    if (javaScriptEnabled) await picture(page, 'queue-automatic');
    const decide = async (item, verdict) => {
      await page.goto(`/ui/queue/${item.second.id}?kind=auto`);
      await page.getByRole('heading', { name: 'Was this match right?' }).waitFor();
      await page.look(`check ${verdict}`);
      if (javaScriptEnabled) await page.keyboard.press(verdict === 'right' ? 'y' : 'b');
      else await page.getByRole('button', { name: verdict === 'right' ? /^Right/ : /^Wrong/ }).click();
      await page.getByRole('heading', { name: 'What will happen' }).waitFor();
      await page.look(`preview ${verdict}`);
      await page.getByRole('button', { name: /^Carry it out/ }).click();
      await page.getByText('Done. You can undo it.').waitFor();
    };
    await decide(right, 'right');
    assert.equal(await cruid(stage.server, right.first.id), await cruid(stage.server, right.second.id));
    await decide(wrong, 'wrong');
    const apart = await cruid(stage.server, wrong.second.id);
    assert.notEqual(await cruid(stage.server, wrong.first.id), apart);
    for (const item of pairs) {
      await page.goto(`/ui/queue/${item.second.id}?kind=auto`);
      await page.getByText('Nothing is left to decide about this record.').waitFor();
    }
    // Back to how it was.
    await page.getByRole('link', { name: /^Undo my last decision/ }).click();
    await page.getByLabel('Reason').fill('A slip');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('button', { name: 'Carry it out' }).click();
    await page.getByRole('heading', { name: 'Decision undone' }).first().waitFor();
    assert.equal(await cruid(stage.server, wrong.first.id), await cruid(stage.server, wrong.second.id));
    await page.goto(`/ui/queue/${wrong.second.id}?kind=auto`);
    await page.getByRole('heading', { name: 'Was this match right?' }).waitFor();
    // What is no automatic match cannot be broken here.
    const { second } = await doubt(stage.server, { family: `Doubted${javaScriptEnabled}`, given: ['Ann'] });
    await page.goto(`/ui/queue/${second.id}?kind=auto`);
    await page.getByText('Nothing is left to decide about this record.').waitFor();
  });
}

journey('everybody with everybody: the score matrix of a record', async (stage) => {
  const one = await doubt(stage.server, { family: 'Matrixson', given: ['Ann', '<b>'] });
  const two = await submit(stage.server, one.patient);
  const page = await stage.signedIn('steward');
  await page.goto(`/ui/queue/${one.second.id}`);
  await page.keyboard.press('x');
  await page.getByRole('heading', { name: 'Everybody with everybody' }).waitFor();
  const rows = await page.locator('.matrix tbody tr:not(:has(th[scope=rowgroup]))').count();
  assert.ok(rows >= 3, `${rows} rows`);
  assert.ok(await page.locator('.matrix td.auto').count() >= 2, 'equal records');
  assert.ok(await page.locator('.matrix td.review').count() >= 2, 'doubtful ones');
  assert.equal(await page.locator(`.matrix th[scope=row]:has-text("${two.number}")`).count(), 1);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of [[320, 640], [360, 740], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`${width} ${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await picture(page, 'matrix');
  await weigh(page.context(), `/ui/queue/${one.second.id}/matrix`);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Same person or not?' }).waitFor();
  const viewer = await stage.signedIn('viewer');
  viewer.expect(403);
  await viewer.goto(`/ui/queue/${one.second.id}/matrix`);
});

for (const javaScriptEnabled of [true, false]) {
  journey(`a tangle is resolved on the workbench, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const { server } = stage;
    // Five records of three persons, each of whom may be the others.
    const { first: p1, second: q1, patient } = await doubt(server, { family: `Tangle${javaScriptEnabled}`, given: ["N'Golo"] });
    const p2 = await submit(server, { ...patient, telecom: (await (await fetch(`${server.base}/fhir/Patient/${p1.id}`, { headers: { 'x-openhim-clientid': 'openmrs' } })).json()).telecom });
    const q2 = await submit(server, patient);
    const r1 = await submit(server, { ...patient, telecom: [{ system: 'phone', value: `0711${javaScriptEnabled ? 1 : 2}11111` }] });
    assert.deepEqual([p2.cruid, q2.cruid], [p1.cruid, q1.cruid]);
    assert.ok(![p1.cruid, q1.cruid].includes(r1.cruid));
    const ids = [p1, p2, q1, q2, r1];
    const cruids = () => Promise.all(ids.map((record) => cruid(server, record.id)));
    const [before, flags] = [await cruids(), await waiting(server)];
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    await page.goto(`/ui/queue/${r1.id}`);
    if (javaScriptEnabled) await page.keyboard.press('w');
    else await page.getByRole('link', { name: /^Workbench/ }).click();
    await page.getByRole('heading', { name: 'Workbench' }).waitFor();
    await page.look('bench');
    if (javaScriptEnabled) {
      await picture(page, 'workbench');
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        for (const [width, height] of [[320, 640], [360, 740], [1366, 768]]) {
          await page.setViewportSize({ width, height });
          await page.look(`${width} ${colorScheme}`);
        }
      }
      await page.emulateMedia({ colorScheme: 'light' });
    }
    const place = (record) => page.getByLabel(new RegExp(` ${record.number}(?!\\d)`));
    assert.equal(await page.getByRole('group').count(), 3);
    // Nothing said: refused, and the form keeps what it had.
    page.expect(422);
    await page.getByLabel(/^What waits about/).uncheck();
    await page.getByLabel('Reason').fill('Cards of all five were shown');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByText('Say where a record belongs').first().waitFor();
    await page.look('refused');
    // One into a person, two of two persons into one new person.
    const target = before[0].replace('Patient/', '');
    await place(r1).selectOption(target);
    await place(p2).selectOption('new-1');
    await place(q2).selectOption('new-1');
    await page.getByLabel(/^What waits about/).check();
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    await page.look('review');
    assert.deepEqual(await cruids(), before, 'told, not done');
    await page.getByRole('button', { name: /^Carry it out/ }).click();
    await page.getByText('Done. You can undo it.').waitFor();
    const after = await cruids();
    assert.equal(after[0], before[0]);
    assert.equal(after[1], after[3], 'two records, one new person');
    assert.ok(!before.includes(after[1]), 'a new one');
    assert.equal(after[2], before[2]);
    assert.equal(after[4], before[0], 'moved');
    const retired = await (await fetch(`${server.base}/fhir/${before[4]}`, { headers: { 'x-openhim-clientid': 'openmrs' } })).json();
    assert.deepEqual(retired.link.map((link) => [link.type, link.other.reference]), [['replaced-by', before[0]]]);
    assert.ok(!(await waiting(server)).some((row) => row.id === r1.id), 'settled');
    // And back, exactly.
    await page.getByRole('link', { name: /^Undo my last decision/ }).click();
    await page.getByLabel('Reason').fill('A slip');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('button', { name: 'Carry it out' }).click();
    await page.getByRole('heading', { name: 'Decision undone' }).first().waitFor();
    assert.deepEqual(await cruids(), before);
    assert.deepEqual(await waiting(server), flags);
    // All of a person at once.
    await page.goto(`/ui/queue/${r1.id}/workbench`);
    await page.locator(`select[name="all-${before[2].replace('Patient/', '')}"]`).selectOption(target);
    await page.getByLabel('Reason').fill('One card');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('button', { name: /^Carry it out/ }).click();
    await page.getByText('Done. You can undo it.').waitFor();
    assert.deepEqual((await cruids()).slice(0, 4), Array(4).fill(before[0]));
  });
}

journey('automatic matches: what was found of them, and many marked as right by a supervisor', async (stage) => {
  const { server } = stage;
  const linked = async (family) => {
    const one = somebody({ family, given: ['Bulk'] });
    await submit(server, one);
    return submit(server, one);
  };
  for (let at = 0; at < 3; at++) await linked(`Checked${at}`);
  const page = await stage.signedIn('supervisor');
  const one = await linked('CheckedByItself');
  await page.goto(`/ui/queue/${one.id}?kind=auto`);
  await page.keyboard.press('y');
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Done. You can undo it.').waitFor();
  await page.goto('/ui/queue?kind=auto');
  const waits = async () => Number((await page.getByRole('link', { name: /^Automatic/ }).textContent()).replace(/\D/g, ''));
  const before = await waits();
  await page.keyboard.press('a');
  await page.getByRole('heading', { name: 'Are automatic matches right?' }).waitFor();
  await page.look('before');
  const checked = async () => {
    const cells = await page.getByRole('row').last().getByRole('cell').allTextContents();
    return Number(cells[1].replace(/\D/g, ''));
  };
  const seen = await checked();
  assert.ok(seen > 0);
  const mark = page.getByRole('button', { name: 'Show what will happen' });
  page.expect(422);
  for (const wrong of ['', 'twelve', '1e3', 'NaN']) {
    await page.getByLabel('Least score').fill(wrong);
    await page.getByLabel('Reason').fill('A sample was looked at');
    await mark.click();
    await page.getByText('Write the least score as a number').first().waitFor();
  }
  await page.look('refused');
  await page.getByLabel('Least score').fill('6');
  await page.getByLabel('Reason').fill('');
  await mark.click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Least score').fill('1000');
  await page.getByLabel('Reason').fill('A sample was looked at');
  await mark.click();
  await page.getByText('No automatic match of this rule scores as much.').waitFor();
  assert.equal(await page.getByRole('button', { name: /^Carry it out/ }).count(), 0);
  await page.getByLabel('Least score').fill('6');
  await mark.click();
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await page.look('preview');
  // What comes after it was told is left alone.
  const late = await linked('CheckedLate');
  await page.keyboard.press('Enter');
  await page.getByText(/^Done/).waitFor();
  await page.look('after');
  await picture(page, 'automatic-checked');
  assert.equal(await checked(), seen, 'nobody looked at them');
  await page.goto('/ui/queue?kind=auto');
  assert.ok(await waits() <= before + 1 - 3);
  await page.goto(`/ui/queue/${late.id}?kind=auto`);
  await page.getByRole('heading', { name: 'Was this match right?' }).waitFor();
  // A steward sees what was found, and cannot mark.
  const steward = await stage.signedIn('steward', { javaScriptEnabled: false });
  await steward.goto('/ui/automatches');
  await steward.getByRole('table', { name: 'Found by people' }).waitFor();
  assert.equal(await steward.getByLabel('Least score').count(), 0);
  await steward.look('steward');
});
for (const javaScriptEnabled of [true, false]) {
  journey(`a part of the queue is worked through with filters, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const one = await doubt(stage.server, { family: `Filtered${javaScriptEnabled}`, given: ['Ann'] });
    await doubt(stage.server, { family: `Filtered${javaScriptEnabled}`, given: ['Ben'] });
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    // Opened, it is mine.
    await page.goto(`/ui/queue/${one.second.id}`);
    await page.goto('/ui/queue');
    await page.getByText('Filters', { exact: true }).click();
    await page.look('open');
    await page.getByLabel('Score from').fill('1');
    await page.getByLabel('Score to').fill('1000.5');
    await page.getByLabel('Held by').selectOption('me');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByRole('link', { name: 'All (1)' }).waitFor();
    await page.look('filtered');
    if (javaScriptEnabled) await picture(page, 'queue-filters');
    // They hold for Start and for the next item: there is none.
    await page.getByRole('link', { name: /^Start/ }).click();
    await page.waitForURL(new RegExp(`/ui/queue/${one.second.id}\\?kind=all&score-from=1&score-to=1000.5&held=mine$`));
    await page.getByRole('button', { name: /^Later/ }).click();
    await page.getByText('Left for later.').waitFor();
    await page.getByText('Nothing to review with these filters.').waitFor();
    await page.look('nothing');
    await page.getByRole('link', { name: 'Clear filters' }).first().click();
    await page.waitForURL(/\/ui\/queue\?kind=all$/);
    assert.ok(await page.locator('table.queue tbody tr').count() >= 2);
    // What makes no sense is said at the field, and kept.
    page.expect(422);
    await page.getByText('Filters', { exact: true }).click();
    await page.getByLabel('Score from').fill('12,55');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByText('such as 12 or 12.5').first().waitFor();
    assert.equal(await page.getByLabel('Score from').inputValue(), '12,55');
    for (const [width, height] of [[320, 640], [1366, 768]]) {
      await page.setViewportSize({ width, height });
      await page.look(`refused ${width}`);
    }
    for (const language of ['fr', 'ar-XB', 'en']) {
      await speak(page, language);
      await page.goto('/ui/queue?days=3650');
      await page.look(language);
    }
  });
}

for (const javaScriptEnabled of [true, false]) {
  journey(`another candidate is found for a record of the queue, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const one = await doubt(stage.server, { family: `Sought${javaScriptEnabled}`, given: ['Ann'] });
    const other = await submit(stage.server, somebody({ family: 'Elsewhere', given: [`Åsa${javaScriptEnabled}`] }));
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    await page.goto(`/ui/queue/${one.second.id}?kind=all`);
    if (javaScriptEnabled) await page.keyboard.press('c');
    else await page.getByRole('link', { name: /^Find another/ }).click();
    await page.getByRole('heading', { name: 'Find another candidate' }).waitFor();
    await page.look('find');
    // Down to a score: the rules find the other record of the pair, and nobody above that.
    assert.ok(await page.getByRole('link', { name: /^Compare with record A/ }).count() >= 1);
    await page.getByLabel('Show down to a score of').fill('99999');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('The rules find nobody else.').waitFor();
    // By looking: nothing of it is in the address, which the stage looks at.
    await page.getByLabel(/^Name, birth date/).fill(`Åsa${javaScriptEnabled} Elsewhere`);
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.waitForURL(/found=/);
    await page.look('found');
    if (javaScriptEnabled) {
      await picture(page, 'queue-find');
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        for (const [width, height] of [[320, 640], [1366, 768]]) {
          await page.setViewportSize({ width, height });
          await page.look(`${width} ${colorScheme}`);
        }
      }
      await page.emulateMedia({ colorScheme: 'light' });
    }
    await page.getByRole('link', { name: new RegExp(`^Compare with record A.* ${other.number}$`) }).click();
    await page.getByText('Found by you').waitFor();
    await page.look('pair');
    await page.getByRole('button', { name: /^Different people/ }).click();
    await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    await page.look('preview');
    await page.getByRole('button', { name: /^Carry it out/ }).click();
    await page.getByText('Done. You can undo it.').waitFor();
    assert.ok((await waiting(stage.server)).some((row) => row.id === one.second.id), 'what waits still waits');
    await page.goto(`/ui/queue/${one.second.id}/find`);
    for (const language of ['fr', 'ar-XB', 'en']) {
      await speak(page, language);
      await page.goto(`/ui/queue/${one.second.id}/find`);
      await page.look(language);
    }
  });
}

for (const javaScriptEnabled of [true, false]) {
  journey(`a person is put on the workbench by looking for them, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const one = await doubt(stage.server, { family: `Benched${javaScriptEnabled}`, given: ['Ann'] });
    const other = await submit(stage.server, somebody({ family: 'Otherwise', given: [`Øda${javaScriptEnabled}`] }));
    const page = await stage.signedIn('steward', { javaScriptEnabled });
    await page.goto(`/ui/queue/${one.second.id}/workbench?kind=all`);
    const persons = await page.locator('.bench fieldset').count();
    if (javaScriptEnabled) await page.keyboard.press('c');
    else await page.getByRole('link', { name: /^Find others/ }).click();
    await page.getByLabel(/^Name, birth date/).fill(`Øda${javaScriptEnabled} Otherwise`);
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('link', { name: new RegExp(`^Put on the workbench.* ${other.number}$`) }).click();
    await page.getByRole('heading', { name: 'Workbench' }).waitFor();
    assert.equal(await page.locator('.bench fieldset').count(), persons + 1);
    await page.look('bench');
    await page.locator(`#to-${other.id}`).selectOption('new-1');
    await page.getByLabel('Reason').fill('A slip of the desk');
    await page.getByRole('button', { name: 'Show what will happen' }).click();
    await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    assert.equal(await page.locator('.bench fieldset').count(), persons + 1, 'still on it');
    await page.look('told');
    await page.getByRole('link', { name: /^Leave it as it is/ }).click();
    assert.equal(await page.locator('.bench fieldset').count(), persons + 1, 'still on it');
  });
}

journey('what I decided is listed in the queue, and undone from there', async (stage) => {
  const one = await doubt(stage.server, { family: 'Doneson', given: ['<script>', 'Ann'] });
  const page = await stage.signedIn('steward');
  await page.goto('/ui/queue/done');
  await page.getByText('You have decided nothing here since you signed in.').waitFor();
  await page.look('nothing');
  await page.goto(`/ui/queue/${one.second.id}`);
  await page.keyboard.press('m');
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Done. You can undo it.').waitFor();
  await page.goto('/ui/queue');
  await page.keyboard.press('7');
  await page.waitForURL(/\/ui\/queue\/done/);
  await page.getByText('Declared the same person').waitFor();
  for (const [width, height] of [[320, 640], [1366, 768]]) {
    await page.setViewportSize({ width, height });
    await page.look(`done ${width}`);
  }
  for (const language of ['fr', 'ar-XB', 'en']) {
    await speak(page, language);
    await page.look(language);
  }
  await page.keyboard.press('u');
  await page.getByLabel('Reason').fill('A slip');
  await page.getByRole('button', { name: 'Show what will happen' }).click();
  await page.getByRole('button', { name: 'Carry it out' }).click();
  await page.getByRole('heading', { name: 'Decision undone' }).first().waitFor();
  assert.ok((await waiting(stage.server)).some((row) => row.id === one.second.id));
});

journey('a verdict is answered in one trip, Back leads to the pair, and what cannot be followed is sent as any form is', async (stage) => {
  const one = await doubt(stage.server, { family: 'Onetrip', given: ['Ann'] });
  await doubt(stage.server, { family: 'Onetrip', given: ['Ben'] });
  const page = await stage.signedIn('steward');
  const asked = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/ui/assets/')) asked.push(`${request.method()} ${pathname}`);
  });
  const preview = page.getByRole('heading', { name: 'What will happen' });
  const address = `/ui/queue/${one.second.id}?kind=all`;
  await page.goto(address);
  asked.length = 0;
  await page.keyboard.press('n');
  await preview.waitFor();
  await page.look('preview');
  await page.goBack();
  await page.waitForURL(new RegExp(`${one.second.id}\\?kind=all$`));
  await page.getByRole('button', { name: /^Different people/ }).waitFor();
  await page.keyboard.press('n');
  await preview.waitFor();
  asked.length = 0;
  await page.keyboard.press('Enter');
  await page.getByText('Done. You can undo it.').waitFor();
  assert.deepEqual(asked, [`POST /ui/queue/${one.second.id}`], 'the next pair came with the answer');
  assert.notEqual(new URL(page.url()).pathname, `/ui/queue/${one.second.id}`);
  assert.ok(await page.locator('h1').evaluate((heading) => heading === document.activeElement), 'reading goes on there');
  await page.look('the next pair');
  // Something on the way answers for the server.
  const follows = (request) => 'opencr-follow' in request.headers();
  await page.route('**/ui/queue/**', (route) => follows(route.request())
    ? route.fulfill({ status: 200, contentType: 'text/html', body: '<p>Welcome to the hotel</p>' }) : route.continue());
  await page.keyboard.press('n');
  await preview.waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('Done. You can undo it.').waitFor();
  await page.look('sent as any form');
});

journey('the keys of a page are told, and do nothing meanwhile', async (stage) => {
  const one = await doubt(stage.server, { family: 'Keyring', given: ['Ann'] });
  const page = await stage.signedIn('steward');
  await page.goto(`/ui/queue/${one.second.id}?kind=all`);
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys of this page' });
  await dialog.waitFor();
  const told = await dialog.locator('dt').allTextContents();
  for (const key of ['g q', 'm', 'n', 's', 'i', 'e', 'd', 'x', 'w', 'c', 'r', '?']) assert.ok(told.includes(key), `${key} in ${told}`);
  assert.ok((await dialog.locator('dd').allTextContents()).every((text) => text.trim().length > 1));
  for (const [width, height] of [[320, 640], [1366, 768]]) {
    await page.setViewportSize({ width, height });
    await page.look(`keys ${width}`);
  }
  await page.keyboard.press('m');
  assert.equal(await page.getByRole('heading', { name: 'What will happen' }).count(), 0);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.keyboard.press('m');
  await page.getByRole('heading', { name: 'What will happen' }).waitFor();
});
