import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashSecret, secretMatches } from './secret-hash.js'

test('a secret matches its own hash and no other secret does', async () => {
  const hash = await hashSecret('correct horse')
  assert.match(hash, /^\$scrypt\$ln=15,r=8,p=3\$/)
  assert.equal(await secretMatches('correct horse', hash), true)
  assert.equal(await secretMatches('correct horsf', hash), false)
  assert.equal(await secretMatches('', hash), false)
})

test('two hashes of one secret differ: the salt is random', async () => {
  const [one, two] = await Promise.all([hashSecret('same'), hashSecret('same')])
  assert.notEqual(one, two)
})

test('a secret typed on another keyboard layout, composed differently, is the same secret', async () => {
  const hash = await hashSecret('caf\u00e9 s\u00e9cret')
  assert.equal(await secretMatches('cafe\u0301 se\u0301cret', hash), true)
})

test('a damaged hash is an error of the operator, never a match and never hours of work', async () => {
  const good = await hashSecret('x')
  for (const bad of ['', 'x', good.replace('scrypt', 'plain'), good.slice(0, 40), good.replace('ln=15', 'ln=40')]) {
    await assert.rejects(secretMatches('x', bad), /damaged/)
  }
})
