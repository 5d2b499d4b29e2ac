import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, loadConfig } from './load-config.js'

const KEYS = { CHAT4ALL_S3_ACCESS_KEY: 'key', CHAT4ALL_S3_SECRET_KEY: 'secret' }
const load = (environment: Record<string, string>) => loadConfig('all', environment, {}).config

test('one store needs no name; several have names and shares', () => {
  assert.deepEqual(load({ CHAT4ALL_S3: 'https://s3.example.org/', ...KEYS }).s3, [
    { id: 's3', endpoint: 'https://s3.example.org', weight: 1 },
  ])
  const two = 'east@http://10.0.0.1:9000*2, west@https://s3.example.org*0'
  assert.deepEqual(load({ CHAT4ALL_S3: two, ...KEYS }).s3, [
    { id: 'east', endpoint: 'http://10.0.0.1:9000', weight: 2 },
    { id: 'west', endpoint: 'https://s3.example.org', weight: 0 },
  ])
})

test('lists of stores that make no sense, and stores without keys, end the start', () => {
  for (const bad of [
    's3.example.org',
    'http://a,http://b',
    'a@http://a*0',
    'http://a/bucket',
    'ftp://a',
    'http://u:p@a',
  ]) {
    assert.throws(() => load({ CHAT4ALL_S3: bad, ...KEYS }), ConfigError, bad)
  }
  assert.throws(() => load({ CHAT4ALL_S3: 'http://a' }), /CHAT4ALL_S3_ACCESS_KEY[\s\S]*CHAT4ALL_S3_SECRET_KEY/)
})
