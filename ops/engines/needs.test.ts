import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from './engine.js'
import { javaMajor, missingFor, NEED } from './needs.js'

const engine = (needs: Engine['needs'], isInstalled = false): Engine => ({
  name: 'engine',
  version: '1',
  needs,
  isInstalled: () => isInstalled,
  install: () => Promise.resolve(),
  instances: () => [],
})
const skip = process.platform !== 'linux' && 'needs /proc'

test('the version of Java is read, the old way of counting too', () => {
  assert.equal(javaMajor('openjdk version "17.0.15" 2025-04-15'), 17)
  assert.equal(javaMajor('java version "1.8.0_392"'), 8)
  assert.equal(javaMajor('openjdk version "21" 2023-09-19'), 21)
  assert.equal(javaMajor('nothing'), undefined)
})

test('a program that is missing is named with its remedy; one of several will do', { skip }, () => {
  const none = { programs: ['no-such-program'], remedy: 'install it' }
  const either = { programs: ['no-such-program', 'sh'], remedy: 'install it' }
  assert.deepEqual(missingFor(engine([none])), ['no-such-program is missing; install it'])
  assert.deepEqual(missingFor(engine([either])), [])
})

test('a program of the wrong version is missing too', { skip }, () => {
  const old = { programs: ['sh'], remedy: 'install a newer one', fault: () => 'sh is version 0' }
  assert.deepEqual(missingFor(engine([old])), ['sh is version 0; install a newer one'])
})

test('what only builds an engine is not missed once it is built', { skip }, (t) => {
  const { PATH } = process.env
  t.after(() => {
    process.env.PATH = PATH
  })
  process.env.PATH = '/no/such/folder'
  assert.equal(missingFor(engine([NEED.maven, NEED.go])).length, 2)
  assert.deepEqual(missingFor(engine([NEED.maven, NEED.go], true)), [])
})
