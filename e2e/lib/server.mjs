// Starts the real binary on a free port with a data folder of its own, and makes accounts in it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, '../../target');
export const binary = process.env.OPENCR_BINARY ?? join(target, 'debug', 'opencr');

/** Passwords of all made-up accounts. */
export const PASSWORD = 'correct horse battery';

/** The accounts of the shared server: user name, role, first name, surname. Made up, and hard to show. */
export const ACCOUNTS = {
  viewer: ['vera', 'viewer', 'Vera', "O'Brien"],
  steward: ['stella', 'steward', '<script>alert(1)</script>', 'Steward'],
  supervisor: ['sami', 'supervisor', 'محمد', 'عبد الله'],
  auditor: ['abebe', 'auditor', 'አበበ', 'ቢቂላ'],
  tidy: ['grace', 'supervisor', 'Grace', 'Tembo'],
  admin: ['root', 'admin', 'Mononym', ''],
  nobody: ['dana', 'data-manager', '', 'X'.repeat(250)],
};

function opencr(args, env, input) {
  const done = spawnSync(binary, args, { env: { ...process.env, ...env }, input, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`opencr ${args[0]} ${args[1]}: ${done.stderr}`);
}

/** A server; `has` says whether it has accounts, and made-up people unless `demo` says otherwise. */
export async function start({ has = true, demo = has, accounts = Object.values(ACCOUNTS), env = {} } = {}) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run cargo build, or set OPENCR_BINARY`);
  const data = mkdtempSync(join(tmpdir(), 'opencr-e2e-'));
  const all = {
    OPENCR__UI__DEVELOPMENT: 'true',
    OPENCR__PEOPLE__LOGINS_PER_MINUTE: '10000',
    OPENCR__DEMO__RECORDS: '300',
    OPENCR__LOG__LEVEL: 'warn',
    ...env,
  };
  if (has) {
    for (const [name, role, first, surname] of accounts) {
      const names = ['--first-name', first, '--surname', surname].filter((_, at, list) => list[at | 1] !== '');
      opencr(['user', 'add', name, '--role', role, ...names, '--password-stdin', '--data', data], all, `${PASSWORD}\n`);
    }
  }
  const args = ['serve', '--data', data, '--port', '0', ...(demo ? ['--demo'] : [])];
  const child = spawn(binary, args, { env: { ...process.env, ...all }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const tell = (resolveIt, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server did not start:\n${output}`)), 120_000);
    const look = (chunk) => {
      output += chunk;
      const room = output.match(/stewards\s+(\S+)\/ui\//);
      if (room && (has || /with this token:\s+\S+\n/.test(output))) { clearTimeout(timer); resolveIt(room[1]); }
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
    child.on('exit', (code) => { clearTimeout(timer); reject(new Error(`the server ended with ${code}:\n${output}`)); });
  };
  const base = await new Promise(tell);
  const token = output.match(/with this token:\s+(\S+)/)?.[1];
  const stop = () => new Promise((done) => {
    child.removeAllListeners('exit');
    child.on('exit', () => { rmSync(data, { recursive: true, force: true }); done(); });
    child.kill('SIGTERM');
  });
  return { base, token, data, stop };
}

const others = new Map();

/** A server besides the shared one, by its name: the first who asks starts it, and it ends with the run. */
export function another(name, how) {
  if (!others.has(name)) others.set(name, start(how));
  return others.get(name);
}

/** Stops what `another` started. */
export async function stopOthers() {
  for (const server of others.values()) await (await server.catch(() => null))?.stop();
}
