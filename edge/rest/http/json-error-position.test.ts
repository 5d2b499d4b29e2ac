import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonErrorPosition } from './json-error-position.js'

test('points at the first character that cannot be there', () => {
  const cases: [text: string, position: number][] = [
    ['', 0],
    ['   ', 3],
    ['{"a":}', 5],
    ['{"a":1,}', 7],
    ['{a:1}', 1],
    ['{"a" 1}', 5],
    ['[1,2', 4],
    ['[1 2]', 3],
    ['[1,,2]', 3],
    ['"open', 5],
    ['"bad \\x"', 6],
    ['"line\nbreak"', 5],
    ['{"a":"b\\u12"}', 11],
    ['truth', 3],
    ['nul', 3],
    ['-x', 1],
    ['01', 1],
    ['1.', 1],
    ['{} {}', 3],
    ['[]]', 2],
    ["{'a':1}", 1],
    ['{"a":[{"b":null},{"c":tru}]}', 25],
  ]
  for (const [text, position] of cases) {
    assert.throws(() => JSON.parse(text), text)
    assert.equal(jsonErrorPosition(text), position, text)
  }
})

test('agrees with the platform wherever that names a place', () => {
  let compared = 0
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', ',', '}', ']', '"', 'x', '\\', ':', ' 1'),
      (json, n, extra) => {
        const cut = n % (json.length + 1)
        const text = json.slice(0, cut) + extra + json.slice(extra === '' ? json.length : cut)
        try {
          JSON.parse(text)
        } catch (error) {
          const at = jsonErrorPosition(text)
          assert.ok(at >= 0 && at <= text.length)
          const told = /at position (\d+)/.exec((error as Error).message)
          if (told === null || String(error).includes('number')) return
          compared++
          assert.equal(at, Number(told[1]), JSON.stringify(text))
        }
      },
    ),
    { numRuns: 2000 },
  )
  assert.ok(compared > 50, `only ${compared} compared`)
})

test('a text of nothing but opening brackets does not exhaust the stack', () => {
  assert.equal(jsonErrorPosition('['.repeat(200_000)), 200_000)
  assert.equal(jsonErrorPosition('{"a":'.repeat(50_000)), 250_000)
})
