// Every page in every size, theme and direction. A new page is a line in PAGES.
import assert from 'node:assert/strict';

import { journey, speak } from '../lib/journey.mjs';

/** Address and who opens it (`null`: nobody). */
const PAGES = [
  ['/ui/login', null],
  ['/ui/', 'viewer'],
  ['/ui/account', 'viewer'],
  ['/ui/search', 'viewer'],
  ['/ui/queue', 'steward'],
  ['/ui/queue/done', 'steward'],
  ['/ui/automatches', 'supervisor'],
  ['/ui/dev/components', 'viewer'],
];

const SIZES = [[320, 640], [360, 740], [768, 1024], [1366, 768]];
/** English last, as the other journeys expect it of the account. */
const LANGUAGES = ['fr', 'pt', 'sw', 'en-XA', 'ar-XB', 'en'];

for (const [path, who] of PAGES) {
  journey(`${path} in all sizes, themes and languages`, async (stage) => {
    for (const [width, height] of SIZES) {
      for (const colorScheme of ['light', 'dark']) {
        const how = { viewport: { width, height }, colorScheme };
        const page = who ? await stage.signedIn(who, how) : await stage.page(how);
        await page.goto(path);
        await page.look(`${width} ${colorScheme}`);
        await stage.close();
      }
    }
    const page = who ? await stage.signedIn(who) : await stage.page();
    await page.goto(path);
    for (const language of LANGUAGES) {
      await speak(page, language);
      await page.goto(path);
      for (const [width, height] of [[320, 640], [1366, 768]]) {
        await page.setViewportSize({ width, height });
        await page.look(`${width} ${language}`);
      }
    }
    await page.emulateMedia({ forcedColors: 'active' });
    await page.look('forced colours');
    await page.emulateMedia({ forcedColors: 'none', media: 'print' });
    const bar = await page.locator('header.bar').isVisible();
    assert.equal(bar, false, 'nothing but the page is printed');
    const pdf = await page.pdf({ format: 'A4' });
    assert.ok(pdf.length > 1_000, 'it prints');
  });
}
