import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { Ajv, type AnySchema } from 'ajv'
import { ERRORS, type ErrorEntry } from '../errors.js'
import { DIRECTIONS } from '../schema/channels.js'
import { referenceFiles } from './reference-files.js'

const require = createRequire(import.meta.url)
const files = referenceFiles()

test('the written reference is what the schema makes: `npm run docs` writes it', () => {
  for (const [path, text] of files) {
    assert.equal(readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8'), text, path)
  }
})

test('the AsyncAPI document is valid by the official schema', () => {
  const official = require('@asyncapi/specs/schemas/3.0.0-without-$id.json') as AnySchema
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  const validate = ajv.compile(official)
  validate(JSON.parse(files.get('protocol/asyncapi.json')!))
  assert.deepEqual(validate.errors ?? [], [])
})

test('every reference inside of the AsyncAPI document leads somewhere', () => {
  const document = JSON.parse(files.get('protocol/asyncapi.json')!) as object
  const missing: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { $ref } = value as { $ref?: string }
    if ($ref !== undefined && at(document, $ref) === undefined) missing.push($ref)
    for (const inner of Object.values(value)) visit(inner)
  }
  visit(document)
  assert.deepEqual(missing, [])
})

function at(document: object, reference: string): unknown {
  let value: unknown = document
  for (const part of reference.slice(2).split('/')) value = (value as Record<string, unknown> | undefined)?.[part]
  return value
}

test('each frame is in the AsyncAPI document and on the page, with its number', () => {
  const page = files.get('protocol/frames.md')!
  const { components } = JSON.parse(files.get('protocol/asyncapi.json')!) as {
    components: { messages: Record<string, { payload: { 'x-code': number } }> }
  }
  for (const { channel, frames } of DIRECTIONS) {
    for (const { code, name } of frames) {
      assert.equal(components.messages[`${channel}-${name}`]?.payload['x-code'], code)
      assert.ok(page.includes(`### ${code} \`${name}\``), name)
    }
  }
})

test('numbers of errors are never shared, and close codes say whether to connect again', () => {
  const entries = Object.values(ERRORS) as ErrorEntry[]
  assert.equal(new Set(entries.map(({ wire }) => wire)).size, entries.length)
  const closing = entries.filter(({ close }) => close !== undefined)
  assert.equal(new Set(closing.map(({ close }) => close)).size, closing.length)
  // Waiting is all that `after` asks for: then the client may come back as it is.
  for (const { close, retry } of closing) {
    assert.equal(close! < 4_500, retry === 'reconnect' || retry === 'after', `${close}`)
  }
})

test('each error is on the page', () => {
  const page = files.get('errors.md')!
  for (const code of Object.keys(ERRORS)) assert.ok(page.includes(`\n## ${code}\n`), code)
})
