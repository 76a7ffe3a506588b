// Runs all journeys, or those whose name contains the first argument, against the real binary in
// Debian's Chromium. The last line counts them, in the words of Rust's tests.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { tally } from './lib/checks.mjs';
import { Stage, all } from './lib/journey.mjs';
import { start, stopOthers } from './lib/server.mjs';

const here = import.meta.dirname;
const files = readdirSync(join(here, 'journeys')).filter((name) => name.endsWith('.mjs')).sort();
for (const file of files) await import(join(here, 'journeys', file));

const wanted = all().filter(({ name }) => name.includes(process.argv[2] ?? ''));
const executablePath = process.env.OPENCR_CHROMIUM ?? '/usr/bin/chromium';
const isRoot = process.getuid?.() === 0;
const browser = await chromium.launch({ executablePath, args: isRoot ? ['--no-sandbox'] : [] });
const server = await start();
let failed = 0;
for (const { name, run } of wanted) {
  const begun = Date.now();
  const stage = new Stage(browser, server);
  try {
    await run(stage);
    console.log(`journey ${name} ... ok (${Date.now() - begun} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`journey ${name} ... FAILED (${Date.now() - begun} ms)\n${error.stack ?? error}`);
  } finally {
    await stage.close();
  }
}
await server.stop();
await stopOthers();
await browser.close();

if (tally.first) console.log(`first page: ${tally.first.all} bytes in ${tally.first.requests} requests`);
console.log(`${tally.pages} pages looked at, ${tally.combinations.size} combinations of page, size, theme and language`);
console.log(`\ntest result: ${failed ? 'FAILED' : 'ok'}. ${wanted.length - failed} passed; ${failed} failed; 0 ignored; 0 measured`);
process.exit(failed || !wanted.length ? 1 : 0);
