// Submits made-up people, hard to show, as a point-of-service system does.
import assert from 'node:assert/strict';

/** Texts of these people that must not stand in any URL. */
export const NAMES = ["O'Brien", '<script>', 'ወርቅነህ', 'عائشة', 'Suharto', 'Åsa'];

let number = 0;

/** Submits a Patient for a system; gives the record's id and the CRUID. */
export async function submit(server, patient, source = 'openmrs') {
  number += 1;
  const identifier = [{ system: 'http://clientregistry.org/openmrs', value: `e2e-${number}` }, ...(patient.identifier ?? [])];
  const answer = await fetch(`${server.base}/fhir/Patient`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', 'x-openhim-clientid': source },
    body: JSON.stringify({ resourceType: 'Patient', ...patient, identifier }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  const bare = (reference) => reference.split('/').find((part, at, all) => all[at - 1] === 'Patient');
  return { id: JSON.parse(text).id, cruid: bare(answer.headers.get('locationcruid')), number: `e2e-${number}` };
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
