// Submits made-up people, hard to show, as a point-of-service system does.
import assert from 'node:assert/strict';

/** Texts of these people that must not stand in any URL. */
export const NAMES = ["O'Brien", '<script>', 'ወርቅነህ', 'عائشة', 'Suharto', 'Åsa'];

let number = 0;

/** Submits a Patient for a system, which calls it `own`; gives the record's id and the CRUID. */
export async function submit(server, patient, source = 'openmrs', own = null) {
  number += 1;
  const called = own ?? `e2e-${number}`;
  const identifier = [{ system: `http://clientregistry.org/${source}`, value: called }, ...(patient.identifier ?? [])];
  const answer = await fetch(`${server.base}/fhir/Patient`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': source },
    body: JSON.stringify({ resourceType: 'Patient', ...patient, identifier }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  const bare = (reference) => reference.split('/').find((part, at, all) => all[at - 1] === 'Patient');
  return { id: JSON.parse(text).id, cruid: bare(answer.headers.get('locationcruid')), number: called, source };
}

/** The CRUID that a record belongs to by now. */
export async function personOf(server, { id, source }) {
  const answer = await fetch(`${server.base}/fhir/Patient/${id}`, { headers: { 'x-openhim-clientid': source } });
  return (await answer.json()).link[0].other.reference.replace('Patient/', '');
}

/** Submits a record again, with what its system says of it since. */
export async function update(server, { id, number: own, source }, patient) {
  const identifier = [{ system: `http://clientregistry.org/${source}`, value: own }, ...(patient.identifier ?? [])];
  const answer = await fetch(`${server.base}/fhir/Patient/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': source },
    body: JSON.stringify({ resourceType: 'Patient', id, ...patient, identifier }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** Somebody with a national id, so that two records of the same person are linked. */
export function somebody(name, more = {}) {
  number += 1;
  const id = `NX${100000 + number}`;
  return {
    name: name ? [{ use: 'official', ...name }] : undefined, gender: 'female', birthDate: '1987-04-12',
    telecom: [{ system: 'phone', value: `0772${300000 + number}` }],
    identifier: [
      { system: 'http://clientregistry.org/nationalid', value: id },
      { system: 'http://clientregistry.org/artnumber', value: `ART-${id}` },
    ],
    address: [{ use: 'home', district: 'Gulu', city: 'Laroo' }], ...more,
  };
}

/** A person with two records that differ a little. */
export async function pair(server, name, other = name, more = {}) {
  const patient = somebody(name, more);
  const first = await submit(server, patient);
  const second = await submit(server, { ...patient, name: other ? [{ use: 'official', ...other }] : undefined, address: [{ use: 'home', district: 'Gulu', city: 'Pece' }] });
  return { first, second, patient };
}

let phones = 0;
/** A record that the rules take for perhaps one person with those of a patient: the phone is another one. */
export async function doubtful(server, patient) {
  phones += 7919;
  const other = { ...patient, telecom: [{ system: 'phone', value: `0${710_000_000 + phones}` }] };
  return { ...await submit(server, other), patient: other };
}

const tokens = new Map();
/** A bearer token of somebody; one a server, since an account has so many sessions and no more. */
async function tokenFor(server, [username, password]) {
  const key = `${server.base} ${username}`;
  if (tokens.has(key)) return tokens.get(key);
  const signed = await fetch(`${server.base}/ocrux/user/authenticate`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password }),
  });
  const { token } = await signed.json();
  tokens.set(key, token);
  return token;
}

/** What the API says of some records, their persons, and all that waits: to hold two moments against each other. */
export async function snapshot(server, records, who) {
  const token = await tokenFor(server, who);
  const ask = async (path, headers) => {
    const answer = await fetch(server.base + path, { headers });
    assert.equal(answer.status, 200, path);
    return answer.json();
  };
  // Each system sees its own records, and their persons.
  const of = (reference, source) => ask(`/fhir/${reference}`, { 'x-openhim-clientid': source });
  const stands = ({ id, link, meta }) => ({ id, link, tags: meta.tag ?? null });
  const patients = await Promise.all(records.map(({ id, source }) => of(`Patient/${id}`, source)));
  const persons = new Map(patients.map(({ link }, at) => [link[0].other.reference, records[at].source]));
  const bearer = { authorization: `Bearer ${token}` };
  return {
    records: patients.map(stands),
    persons: (await Promise.all([...persons].sort().map(([person, source]) => of(person, source)))).map(stands),
    waits: await ask('/ocrux/match/get-match-issues', bearer),
    automatic: await ask('/ocrux/match/get-new-auto-matches', bearer),
  };
}
