import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeOnly, importsOf, withoutComments } from './source-text.js'

test('imports are found in every form, with their lines', () => {
  const text = [
    "import 'a'",
    "import b, { type B } from 'b'",
    "import type { C } from 'c'",
    'import {',
    '  one,',
    '  two,',
    "} from 'd'",
    "export * from 'e'",
    "export type { F } from 'f'",
    "const g = await import('g')",
    "type H = import('h').H",
  ].join('\n')
  assert.deepEqual(
    importsOf(text).map(({ specifier, line, typeOnly }) => `${line} ${specifier}${typeOnly ? ' type' : ''}`),
    ['1 a', '2 b', '3 c type', '4 d', '8 e', '9 f type', '10 g', '11 h'],
  )
})

test('imports in comments are none', () => {
  assert.deepEqual(importsOf("// import 'a'\n/*\nimport 'b'\n*/\n"), [])
})

test('an export of something else is no import', () => {
  assert.deepEqual(importsOf("export const from = 'a'\nexport function f() { return 'b' }\n"), [])
})

test('code is told from comments, strings, templates and patterns', () => {
  const template = ['`Date $', '{Math.random({ b: `$', '{c}` })} Date`'].join('')
  const text = `a /* Date */ 'Date' ${template} = /Date'/g.test(x) // Date\nd / e / f`
  const code = codeOnly(text)
  assert.equal(code.length, text.length)
  assert.doesNotMatch(code, /Date/)
  assert.match(code, /^a .*Math\.random\(\{ b: .*c.* \}\).*\.test\(x\) +\nd \/ e \/ f$/)
})

test('a string that holds the sign of a comment is none', () => {
  assert.equal(withoutComments('a(\'//b\', "/*") // c'), 'a(\'//b\', "/*")     ')
})
