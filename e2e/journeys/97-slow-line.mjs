// Pages over 150 kbit/s with 400 ms of latency: what a steward far away waits for. Times are told, bytes are claimed.
import assert from 'node:assert/strict';

import { journey } from '../lib/journey.mjs';
import { somebody, submit } from '../lib/people.mjs';

const LINE = { offline: false, latency: 400, downloadThroughput: 150_000 / 8, uploadThroughput: 150_000 / 8 };

/** Puts a page on a slow line; gives what its requests weigh from now on. */
async function slow(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.emulateNetworkConditions', LINE);
  const weight = { bytes: 0, requests: 0 };
  client.on('Network.loadingFinished', (event) => {
    weight.bytes += event.encodedDataLength;
    // What lies in the browser's cache takes nothing from the line.
    if (event.encodedDataLength > 0) weight.requests += 1;
  });
  return async (act) => {
    Object.assign(weight, { bytes: 0, requests: 0 });
    const began = performance.now();
    await act();
    return { ...weight, ms: Math.round(performance.now() - began) };
  };
}

const median = (figures) => figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)];

journey('a slow line: the first page, a later page and the next pair', async (stage) => {
  for (let at = 0; at < 6; at++) {
    const one = somebody({ family: `Faraway${at}`, given: ['Ann'] });
    await submit(stage.server, one);
    await submit(stage.server, { ...one, telecom: [{ system: 'phone', value: `07996${at}${Date.now() % 10_000}` }] });
  }
  const fresh = await stage.page();
  const first = await (await slow(fresh))(() => fresh.goto('/ui/login', { waitUntil: 'load' }));
  console.log(`slow line: first page ${first.ms} ms, ${first.bytes} bytes in ${first.requests} requests`);
  assert.ok(first.bytes <= 150_000 && first.requests <= 8);

  const page = await stage.signedIn('steward');
  const measure = await slow(page);
  await page.goto('/ui/queue');
  const queue = await measure(() => page.goto('/ui/queue', { waitUntil: 'load' }));
  console.log(`slow line: a later page ${queue.ms} ms, ${queue.bytes} bytes in ${queue.requests} requests`);
  assert.ok(queue.bytes <= 25_000 && queue.requests <= 3);

  const [told, next] = [[], []];
  await page.goto('/ui/queue/next?kind=all');
  for (let at = 0; at < 5; at++) {
    await page.getByRole('heading', { name: 'Same person or not?' }).waitFor();
    const before = await page.locator('.who').textContent();
    const first = await measure(async () => {
      await page.keyboard.press('n');
      await page.getByRole('heading', { name: 'What will happen' }).waitFor();
    });
    const second = await measure(async () => {
      await page.keyboard.press('Enter');
      await page.getByText('Done. You can undo it.').waitFor();
      // Keys are heard once the page's script runs.
      await page.waitForLoadState('load');
    });
    assert.notEqual(await page.locator('.who').textContent(), before, 'another pair');
    assert.ok(first.bytes <= 25_000 && second.bytes <= 25_000);
    told.push(first.ms);
    next.push(second.ms);
  }
  console.log(`slow line: key to what will happen ${median(told)} ms, key to next pair ${median(next)} ms (medians of 5)`);
});
