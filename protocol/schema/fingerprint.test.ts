import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DIRECTIONS, type Direction } from './channels.js'
import { PROTOCOL_VERSION } from './client-frames.js'
import { agreementText } from './fingerprint.js'
import { LINK_VERSION } from './link-frames.js'
import { frame } from './shapes.js'
import { uint } from './types.js'

/**
 * The schemas as they were when somebody last thought about their version. A change fails here until that has happened
 * again: does a peer of the version before still understand, and is it still understood? If not, raise the version.
 * Then put the new fingerprint here and into a line of docs/protocol/history.md that says what changed and why.
 */
const PINNED = {
  client: [1, 'f8a1924ab9566cf4'],
  link: [1, 'aa2c9bc81ddf8025'],
}

const fingerprint = (directions: readonly Direction[]) =>
  createHash('sha256').update(agreementText(directions)).digest('hex').slice(0, 16)

const client = DIRECTIONS.filter(({ channel }) => channel === 'client')
const link = DIRECTIONS.filter(({ channel }) => channel === 'link')

test('a changed schema of client frames asks for a thought about PROTOCOL_VERSION', () => {
  assert.deepEqual([PROTOCOL_VERSION, fingerprint(client)], PINNED.client)
})

test('a changed schema of link frames asks for a thought about LINK_VERSION', () => {
  assert.deepEqual([LINK_VERSION, fingerprint(link)], PINNED.link)
})

test('the history has a line for each pinned schema', () => {
  const history = readFileSync(new URL('../../../docs/protocol/history.md', import.meta.url), 'utf8')
  for (const [channel, [version, print]] of Object.entries(PINNED)) {
    assert.match(history, new RegExp(`^\\| ${channel} \\| ${version} \\| \`${print}\` \\|`, 'm'))
  }
})

test('what peers must agree on changes the fingerprint, words do not', () => {
  const of = (about: string, max: number, name = 'a') =>
    fingerprint([{ ...client[0]!, frames: [frame(1, 'x', about, { [name]: uint(about, max) })] }])
  assert.equal(of('one', 5), of('another', 5))
  assert.notEqual(of('one', 5), of('one', 6))
  assert.notEqual(of('one', 5), of('one', 5, 'b'))
  // A field may be called like a keyword that is left out.
  assert.notEqual(of('one', 5, 'description'), of('one', 5, 'examples'))
})
