// A steward's work from end to end (ui.md 5.4, journeys 2 to 8), by keyboard alone or without script.
import assert from 'node:assert/strict';

import { journey, tabTo, tabUntil, withoutMouse } from '../lib/journey.mjs';
import { doubtful, personOf, snapshot, somebody, submit, update } from '../lib/people.mjs';
import { ACCOUNTS, PASSWORD, another } from '../lib/server.mjs';

const STEWARD = [ACCOUNTS.steward[0], PASSWORD];
const heading = (page, name) => page.getByRole('heading', { name, level: 1 }).waitFor();
const told = (page) => page.getByRole('heading', { name: 'What will happen' }).waitFor();
const done = (page) => page.getByText('Done. You can undo it.').waitFor();

/** Two records that are perhaps one person. */
async function doubt(server, family) {
  const patient = somebody({ family, given: ['Ann'] });
  const first = await submit(server, patient);
  return { first, patient, second: await doubtful(server, patient) };
}

/** Chooses what a list has under this value, by arrow keys. */
async function choose(page, list, value) {
  await tabUntil(page, list);
  for (let at = 0; at < 20 && await list.inputValue() !== value; at++) await page.keyboard.press('ArrowDown');
  assert.equal(await list.inputValue(), value);
}

/** Undoes the last decision from a page that offers it, by keyboard alone. */
async function undoByKeys(page) {
  await page.keyboard.press('u');
  await heading(page, /Undo/);
  await tabTo(page, 'textbox', 'Reason');
  await page.keyboard.type('A slip');
  await page.keyboard.press('Enter');
  await told(page);
  await tabTo(page, 'button', 'Carry it out');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/history');
}

for (const javaScriptEnabled of [true, false]) {
  journey(`a person is found by system, flag and number, without a mouse, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const server = await another('work', { demo: false });
    const family = `Filter${javaScriptEnabled ? 'on' : 'off'}`;
    const { first, second, patient } = await doubt(server, family);
    const lims = await submit(server, somebody({ family, given: ['Lea'] }), 'lims');
    const page = await stage.signedIn('steward', { javaScriptEnabled }, server.base);
    if (javaScriptEnabled) await withoutMouse(page);
    const look = async (fields, found) => {
      await page.goto('/ui/search');
      await tabUntil(page, page.locator('details summary').first());
      await page.keyboard.press('Enter');
      await tabUntil(page, page.locator('#family'));
      await page.keyboard.type(family.toLowerCase());
      for (const [id, value] of fields) await choose(page, page.locator(id), value);
      await tabUntil(page, page.locator('details button'));
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: new RegExp(`^\\D?${found}\\D? persons? found$`) }).waitFor();
      await page.look();
    };
    await look([], 3);
    await look([['#source', 'lims']], 1);
    await page.getByRole('link', { name: `Lea ${family}` }).waitFor();
    await look([['#flag', 'potential']], 1);
    await tabTo(page, 'link', `Ann ${family}`);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/persons/${second.cruid}`);
    await page.goBack();
    await page.getByRole('heading', { name: /persons? found$/ }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: `Ann ${family}` }).waitFor();
    for (const [text, cruid] of [[lims.cruid, lims.cruid], [lims.id, lims.cruid], [patient.identifier[0].value, second.cruid]]) {
      await page.goto('/ui/search');
      await tabUntil(page, page.locator('#q'));
      await page.keyboard.type(text);
      await page.keyboard.press('Enter');
      await page.locator(`.found a[href="/ui/persons/${cruid}"]`).waitFor();
      await page.look();
    }
    assert.notEqual(first.cruid, second.cruid);
  });
}

journey('a link of five records from three systems is understood by keyboard alone', async (stage) => {
  const server = await another('work', { demo: false });
  const patient = somebody({ family: 'Ngũgĩ', given: ['Wanjikũ Zoë'] });
  const records = [];
  for (const source of ['openmrs', 'lims', 'dhis2', 'openmrs', 'lims']) {
    records.push(await submit(server, { ...patient, address: [{ use: 'home', district: 'Gulu', city: `Ward ${records.length}` }] }, source));
  }
  assert.equal(new Set(records.map(({ cruid }) => cruid)).size, 1);
  const page = await stage.signedIn('viewer', {}, server.base);
  await withoutMouse(page);
  await page.goto(`/ui/persons/${records[0].cruid}`);
  const family = page.getByRole('row', { name: /^Family name/ }).locator('td.value bdi');
  assert.deepEqual(await family.allTextContents(), Array(5).fill('Ngũgĩ'));
  assert.deepEqual(await page.getByRole('row', { name: /^Given names/ }).locator('td.value bdi').allTextContents(), Array(5).fill('Wanjikũ Zoë'));
  await page.keyboard.press('d');
  await page.getByRole('link', { name: /Show all fields/ }).waitFor();
  assert.equal(await family.count(), 0);
  await tabUntil(page, page.getByRole('link', { name: 'Compare with this one' }).nth(2));
  await page.keyboard.press('Enter');
  await page.getByText('All are compared with this one').waitFor();
  await page.look('base');
  await page.keyboard.press('3');
  await page.waitForURL('**/history');
  const links = page.locator('.timeline a[href*="/explanations/"]');
  const count = await links.count();
  assert.ok(count >= 4, `${count} explanations`);
  await tabUntil(page, links.first());
  await page.keyboard.press('Enter');
  await heading(page, 'Why these two have this score');
  const figure = (text) => Number(text.replace('−', '-'));
  const weights = (await page.locator('.evidence tbody td:last-child bdi').allTextContents()).map(figure);
  const total = figure(await page.locator('.evidence tfoot tr').first().locator('td bdi').textContent());
  const sum = weights.reduce((all, weight) => all + weight, 0);
  assert.ok(weights.length > 2 && Math.abs(sum - total) < 0.06, `the weights add up to ${sum}, the total is ${total}`);
  await page.look('explanation');
});

journey('ten pairs are worked through by keyboard alone: five the same, four different, one later, the last undone', async (stage) => {
  const server = await another('ten', { demo: false });
  const pairs = [];
  for (let at = 0; at < 10; at++) pairs.push(await doubt(server, `Decade${'abcdefghij'[at]}`));
  const records = pairs.flatMap(({ first, second }) => [first, second]);
  const page = await stage.signedIn('steward', {}, server.base);
  await withoutMouse(page);
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await heading(page, 'Work queue');
  await page.keyboard.press('Enter');
  let [before, wants] = [null, 10];
  for (const key of ['m', 'n', 'm', 's', 'n', 'm', 'm', 'n', 'm', 'n']) {
    await heading(page, 'Same person or not?');
    const address = new URL(page.url()).pathname;
    before = await snapshot(server, records, STEWARD);
    assert.equal(before.waits.length, wants);
    await page.keyboard.press(key);
    if (key === 's') {
      await page.getByText('Left for later.').waitFor();
      continue;
    }
    await told(page);
    assert.deepEqual(await snapshot(server, records, STEWARD), before, 'what is told is not done');
    await page.keyboard.press('Enter');
    await done(page);
    await page.waitForURL((url) => url.pathname !== address);
    wants -= 1;
  }
  const after = await snapshot(server, records, STEWARD);
  assert.equal(after.waits.length, 1, 'what was left for later');
  await page.look('after');
  await undoByKeys(page);
  assert.deepEqual(await snapshot(server, records, STEWARD), before, 'links, flags and queue are as they were');
  await page.look('undone');
  // What was rejected does not come back when the records are sent again.
  for (const { first, second, patient } of pairs) {
    await update(server, second, second.patient);
    await update(server, first, patient);
  }
  const again = await snapshot(server, records, STEWARD);
  const waits = ({ waits: all }) => all.map(({ id }) => id).sort();
  assert.deepEqual(waits(again), waits(before));
  assert.deepEqual(again.records.map(({ link }) => link), before.records.map(({ link }) => link));
});

journey('a tangle is resolved on the workbench by keyboard alone, and undone', async (stage) => {
  const server = await another('work', { demo: false });
  const patient = somebody({ family: 'Wambui', given: ['Ruth'] });
  const p1 = await submit(server, patient);
  const p2 = await submit(server, patient, 'lims');
  const q1 = await doubtful(server, patient);
  const q2 = await submit(server, q1.patient, 'dhis2');
  const r1 = await doubtful(server, patient);
  const records = [p1, p2, q1, q2, r1];
  const before = await snapshot(server, records, STEWARD);
  assert.equal(before.persons.length, 3);
  const page = await stage.signedIn('steward', {}, server.base);
  await withoutMouse(page);
  await page.goto(`/ui/queue/${r1.id}`);
  await page.keyboard.press('w');
  await heading(page, 'Workbench');
  const places = [[r1, p1.cruid], [p2, 'new-1'], [q2, 'new-1']];
  const order = await page.locator('.bench select').evaluateAll((all) => all.map(({ id }) => id));
  places.sort(([a], [b]) => order.indexOf(`to-${a.id}`) - order.indexOf(`to-${b.id}`));
  for (const [record, place] of places) await choose(page, page.locator(`#to-${record.id}`), place);
  await tabTo(page, 'textbox', 'Reason');
  await page.keyboard.type('Cards of all five were shown');
  await page.keyboard.press('Enter');
  await told(page);
  await page.look('review');
  assert.deepEqual(await snapshot(server, records, STEWARD), before, 'told, not done');
  await page.keyboard.press('Enter');
  await done(page);
  const now = await Promise.all(records.map((record) => personOf(server, record)));
  assert.equal(now[0], p1.cruid);
  assert.equal(now[1], now[3], 'two records, one new person');
  assert.equal(now[2], q1.cruid);
  assert.equal(now[4], p1.cruid);
  await page.goto(`/ui/persons/${p1.cruid}/history`);
  await page.locator('.timeline > li').filter({ hasText: 'Cards of all five were shown' }).getByText(STEWARD[0]).waitFor();
  await page.goto('/ui/queue');
  await undoByKeys(page);
  assert.deepEqual(await snapshot(server, records, STEWARD), before, 'links, flags and queue are as they were');
});

for (const javaScriptEnabled of [true, false]) {
  journey(`two records are broken out together, taken back, and that undone, without a mouse, script ${javaScriptEnabled ? 'on' : 'off'}`, async (stage) => {
    const server = await another('work', { demo: false });
    const patient = somebody({ family: `Broken${javaScriptEnabled}`, given: ['Ruth'] });
    const records = [];
    for (const source of ['openmrs', 'lims', 'dhis2']) records.push(await submit(server, patient, source));
    const [stays, ...leave] = records;
    const { cruid } = stays;
    assert.equal(new Set(records.map((record) => record.cruid)).size, 1);
    const whole = await snapshot(server, records, STEWARD);
    const page = await stage.signedIn('steward', { javaScriptEnabled }, server.base);
    if (javaScriptEnabled) await withoutMouse(page);
    const say = async (reason) => {
      await tabTo(page, 'textbox', 'Reason');
      await page.keyboard.type(reason);
      await page.keyboard.press('Enter');
      await told(page);
      await page.look('told');
    };
    const carryOut = async () => {
      await tabTo(page, 'button', 'Carry it out');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/history');
      await page.look('history');
    };
    await page.goto(`/ui/persons/${cruid}/break`);
    const boxes = page.locator('input[name=chosen]');
    const wanted = new Set(leave.map(({ id }) => id));
    for (const value of await boxes.evaluateAll((all) => all.map((box) => box.value))) {
      await tabUntil(page, page.locator(`input[name=chosen][value="${value}"]`));
      if (wanted.has(value)) await page.keyboard.press('Space');
    }
    await say('Another family');
    assert.deepEqual(await snapshot(server, records, STEWARD), whole, 'told, not done');
    await carryOut();
    const apart = await snapshot(server, records, STEWARD);
    const [a, b, c] = await Promise.all(records.map((record) => personOf(server, record)));
    assert.ok(a === cruid && b === c && b !== cruid, 'both are one new person');
    // The rules do not link them again.
    for (const record of records) await update(server, record, patient);
    assert.deepEqual(await Promise.all(records.map((record) => personOf(server, record))), [a, b, c]);

    await page.goto(`/ui/persons/${cruid}/broken`);
    for (const value of await boxes.evaluateAll((all) => all.map((box) => box.value))) {
      await tabUntil(page, page.locator(`input[name=chosen][value="${value}"]`));
      await page.keyboard.press('Space');
    }
    await say('One family after all');
    await carryOut();
    const united = new Set(await Promise.all(records.map((record) => personOf(server, record))));
    assert.equal(united.size, 1, 'the rules link them once more');
    await page.goto(`/ui/persons/${[...united][0]}/history`);
    for (const reason of ['Another family', 'One family after all']) await page.getByText(reason).first().waitFor();
    await tabUntil(page, page.locator('.timeline > li').filter({ hasText: 'One family after all' }).getByRole('link', { name: 'Undo' }));
    await page.keyboard.press('Enter');
    await heading(page, /Undo/);
    await say('They are two');
    await carryOut();
    await page.getByRole('heading', { name: 'Decision undone' }).first().waitFor();
    const { records: links, waits } = await snapshot(server, records, STEWARD);
    assert.deepEqual(links.map(({ link }) => link), apart.records.map(({ link }) => link));
    assert.deepEqual(waits, apart.waits);
  });
}

journey('of two stewards with one pair only the first decides, and a line that breaks doubles nothing', async (stage) => {
  const server = await another('work', { demo: false });
  const { first, second } = await doubt(server, 'Contested');
  const records = [first, second];
  const page = await stage.signedIn('steward', {}, server.base);
  await withoutMouse(page);
  await page.goto(`/ui/queue/${second.id}`);
  await page.keyboard.press('m');
  await told(page);
  const boss = await stage.signedIn('supervisor', {}, server.base);
  await withoutMouse(boss);
  await boss.goto(`/ui/queue/${second.id}`);
  await boss.getByText('Somebody else is working on this').waitFor();
  await tabTo(boss, 'button', 'Take it over');
  await boss.keyboard.press('Enter');
  await boss.getByText('It is yours now.').waitFor();
  await boss.keyboard.press('n');
  await told(boss);
  await boss.keyboard.press('Enter');
  await done(boss);
  const decided = await snapshot(server, records, STEWARD);
  assert.equal(decided.persons.length, 2);
  page.expect(409, 412, 422);
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.keyboard.press('Enter');
  const status = (await answered).status();
  assert.ok([409, 412, 422].includes(status), `too late is ${status}`);
  await page.getByRole('alert').first().waitFor();
  await page.look('too late');
  assert.deepEqual(await snapshot(server, records, STEWARD), decided, 'nothing more is saved');

  // What one sees changes before it is confirmed.
  const other = await doubt(server, 'Altered');
  await page.goto(`/ui/queue/${other.second.id}`);
  await page.keyboard.press('m');
  await told(page);
  await update(server, other.second, { ...other.second.patient, address: [{ use: 'home', district: 'Lira', city: 'Ojwina' }] });
  const altered = await snapshot(server, [other.first, other.second], STEWARD);
  const refused = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.keyboard.press('Enter');
  const answer = await refused;
  assert.ok([409, 412, 422].includes(answer.status()), `altered is ${answer.status()}`);
  await page.getByText(/This cannot be done as things stand|What you saw has changed|Nothing is left to decide/).first().waitFor();
  await page.look('altered');
  assert.deepEqual(await snapshot(server, [other.first, other.second], STEWARD), altered, 'nothing is saved');

  // Without a line Enter does nothing; with it again, once is enough, and a second sending leads to the same.
  const third = await doubt(server, 'Offline');
  await page.goto(`/ui/queue/${third.second.id}`);
  await page.keyboard.press('n');
  await told(page);
  await page.goOffline(true);
  await page.getByRole('alert').getByText(/No connection since/).waitFor();
  const waiting = await snapshot(server, [third.first, third.second], STEWARD);
  await page.keyboard.press('Enter');
  await page.goOffline(false);
  await page.getByRole('button', { name: /^Carry it out/, disabled: false }).waitFor();
  assert.deepEqual(await snapshot(server, [third.first, third.second], STEWARD), waiting);
  const form = await page.locator('form:has(input[name=confirmed])').evaluate((it) => ({ action: it.getAttribute('action'), body: new URLSearchParams(new FormData(it)).toString() }));
  await page.keyboard.press('Enter');
  await done(page);
  const once = await snapshot(server, [third.first, third.second], STEWARD);
  assert.equal(once.waits.length, waiting.waits.length - 1);
  const twice = await page.evaluate(async ({ action, body }) => {
    const answer = await fetch(action, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `${body}&verdict=different` });
    return [answer.status, answer.redirected];
  }, form);
  assert.deepEqual(twice, [200, true], 'led to where the first one led');
  assert.deepEqual(await snapshot(server, [third.first, third.second], STEWARD), once);
});

journey('automatic matches are looked at by keyboard alone', async (stage) => {
  const server = await another('automatic', { demo: false });
  const pairs = [];
  for (const family of ['Rightly', 'Wrongly']) {
    const patient = somebody({ family, given: ['Ann'] });
    pairs.push([await submit(server, patient), await submit(server, patient, 'lims')]);
  }
  const records = pairs.flat();
  const page = await stage.signedIn('steward', {}, server.base);
  await withoutMouse(page);
  await page.goto('/ui/queue');
  await page.keyboard.press('4');
  await page.waitForURL('**/queue?kind=auto');
  await page.look('tab');
  await page.keyboard.press('Enter');
  let before = null;
  for (const key of ['y', 'b']) {
    await heading(page, 'Was this match right?');
    before = await snapshot(server, records, STEWARD);
    await page.keyboard.press(key);
    await told(page);
    await page.keyboard.press('Enter');
    await done(page);
  }
  const [right, wrong] = pairs;
  assert.equal(await personOf(server, right[0]), await personOf(server, right[1]));
  assert.notEqual(await personOf(server, wrong[0]), await personOf(server, wrong[1]));
  assert.deepEqual((await snapshot(server, records, STEWARD)).automatic, []);
  await page.look('after');
  await undoByKeys(page);
  assert.deepEqual(await snapshot(server, records, STEWARD), before, 'as it was before the second');
});
