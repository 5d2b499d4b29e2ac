import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { openApiText } from './openapi-file.js'

// From edge/dist/rest/description to the root.
const FILE = new URL('../../../../docs/api/openapi.json', import.meta.url)
const document = JSON.parse(openApiText())

/** Every object in the document, with where it stands. */
function* objectsIn(value: unknown, path: string): Generator<[path: string, object: Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [path, value as Record<string, unknown>]
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${path}/${key}`)
}

test('docs/api/openapi.json is what the server serves', async () => {
  assert.equal(await readFile(FILE, 'utf8'), openApiText(), 'run: npm run openapi -w @chat4all/edge')
})

test('every reference leads somewhere, and every schema is used', () => {
  const used = new Set<string>()
  for (const [path, object] of objectsIn(document, '#')) {
    if (typeof object.$ref !== 'string') continue
    const name = object.$ref.replace('#/components/schemas/', '')
    assert.ok(Object.hasOwn(document.components.schemas, name), `${path} refers to ${object.$ref}`)
    used.add(name)
  }
  assert.deepEqual(
    Object.keys(document.components.schemas).filter((name) => !used.has(name)),
    [],
  )
})

test('every schema is a JSON Schema, and its examples are valid', () => {
  const ajv = new Ajv2020({ strict: false, formats: { uuid: true, 'date-time': true } })
  ajv.addSchema(document, 'openapi')
  for (const [name, schema] of Object.entries<{ example?: unknown }>(document.components.schemas)) {
    const validate = ajv.compile({ $ref: `openapi#/components/schemas/${name}` })
    if (schema.example !== undefined) assert.ok(validate(schema.example), `${name}: ${ajv.errorsText(validate.errors)}`)
  }
})

test('every operation has a name of its own, a summary and a tag', () => {
  const operations = Object.values<Record<string, { operationId: string; summary: string; tags: string[] }>>(
    document.paths,
  ).flatMap((methods) => Object.values(methods))
  const names = operations.map(({ operationId }) => operationId)
  assert.deepEqual(names, [...new Set(names)])
  for (const { summary, tags } of operations) assert.ok(summary.length > 0 && tags.length === 1)
})
