// The pages of the manual's album, in three looks each, of made-up people.
import { journey, picture, signIn } from '../lib/journey.mjs';
import { somebody, submit } from '../lib/people.mjs';
import { ACCOUNTS, PASSWORD, start } from '../lib/server.mjs';

const LOOKS = {
  light: {},
  dark: { colorScheme: 'dark' },
  360: { viewport: { width: 360, height: 740 } },
};

/** Four records of a family whose rules doubt: two of one person, and two that may be that person. */
async function family(server) {
  const wanjiru = somebody({ family: 'Wanjiru', given: ['Akinyi', 'Rose'] }, { birthDate: '1991-03-08' });
  const other = (phone, more = {}) => ({ ...wanjiru, telecom: [{ system: 'phone', value: phone }], ...more });
  const first = await submit(server, wanjiru);
  await submit(server, wanjiru);
  const second = await submit(server, other('0722555841'));
  await submit(server, other('0722555841'));
  const third = await submit(server, other('0733918204', { name: [{ use: 'official', family: 'Wanjiru', given: ['Akinyi'] }] }));
  return { first, second, third };
}

journey('the album: eight pages, light, dark and on a phone', async (stage) => {
  const server = await start();
  try {
    const { first, third } = await family(server);
    const [name] = ACCOUNTS.tidy;
    for (const [look, how] of Object.entries(LOOKS)) {
      const page = await stage.page(how, server.base);
      const show = async (kind, path) => {
        if (path) await page.goto(path);
        await page.look(`album ${kind} ${look}`);
        await picture(page, `${kind}-${look}`);
      };
      await show('login', '/ui/login');
      await signIn(page, name, PASSWORD);
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
      await show('dashboard');
      await page.goto('/ui/search');
      await page.locator('#q').fill('akinyi wanjiru');
      await page.getByRole('button', { name: 'Search' }).first().click();
      await page.getByRole('heading', { name: /found/ }).waitFor();
      await show('search');
      await show('person', `/ui/persons/${first.cruid}`);
      await show('queue', '/ui/queue');
      await show('pair', `/ui/queue/${third.id}`);
      await show('matrix', `/ui/queue/${third.id}/matrix`);
      await show('workbench', `/ui/queue/${third.id}/workbench`);
      await stage.close();
    }
  } finally {
    await server.stop();
  }
});
