import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InternTable } from './intern-table.js'

const ascii = (text: string) => new Uint8Array(Buffer.from(text, 'ascii'))

test('a string that was kept is found by its bytes, wherever they lie', () => {
  const table = new InternTable()
  table.keep(ascii('ann'), 0, 3, 'ann')
  assert.equal(table.find(ascii('..ann..'), 2, 3), 'ann')
  assert.equal(table.find(ascii('anx'), 0, 3), undefined)
  assert.equal(table.find(ascii('an'), 0, 2), undefined)
})

test('strings that share a place push each other out and are never taken for each other', () => {
  const table = new InternTable()
  const words = fc.array(fc.stringMatching(/^[a-c]{1,10}$/), { minLength: 50, maxLength: 200 })
  fc.assert(
    fc.property(words, (texts) => {
      for (const text of texts) {
        const bytes = ascii(text)
        const found = table.find(bytes, 0, bytes.length)
        assert.ok(found === undefined || found === text)
        table.keep(bytes, 0, bytes.length, text)
        assert.equal(table.find(bytes, 0, bytes.length), text)
      }
    }),
  )
  // Ids that differ only before their last eight characters always share a place.
  table.keep(ascii('one-12345678'), 0, 12, 'one-12345678')
  assert.equal(table.find(ascii('two-12345678'), 0, 12), undefined)
})
