import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiDocument } from '../description/openapi.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import { restFixture } from '../testing/rest-fixture.js'

const old = endpoint({
  method: 'get',
  path: '/v1/old',
  name: 'getOld',
  tag: 'Messages',
  summary: 'An endpoint that another takes the place of',
  access: 'public',
  deprecated: { since: '2027-01-31', sunset: '2028-06-30', successor: '/v2/new' },
  answers: { 204: { description: 'Nothing.' } },
  refusals: [],
  handle: async () => ({ status: 204 }),
})

const refused: Endpoint = { ...old, path: '/v1/refused', name: 'getRefused', access: 'token' }

test('an endpoint that is to end says since when, until when and what comes after it', async () => {
  const fixture = await restFixture({ endpoints: [old, refused] })
  const { status, headers } = await fixture.call('GET', '/v1/old')
  assert.equal(status, 204)
  assert.equal(headers.get('deprecation'), '@1801353600')
  assert.equal(headers.get('sunset'), 'Fri, 30 Jun 2028 00:00:00 GMT')
  assert.equal(headers.get('link'), '</v2/new>; rel="successor-version"')
  // Also where it refuses.
  assert.equal((await fixture.call('GET', '/v1/refused')).headers.get('sunset'), 'Fri, 30 Jun 2028 00:00:00 GMT')
  assert.equal(openApiDocument([old]).paths?.['/v1/old']?.get?.deprecated, true)
})
