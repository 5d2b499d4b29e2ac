import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decode } from '@msgpack/msgpack'
import { frameCodec } from '../codec/frame-codec.js'
import { Writer } from '../codec/writer.js'
import { Chat4AllError } from '../errors.js'
import { DIRECTIONS, type Direction } from '../schema/channels.js'
import type { JsonSchema } from '../schema/types.js'
import type { InvalidVector } from './invalid-vectors.js'
import type { ValidVector } from './valid-vectors.js'
import { vectorFiles } from './vector-files.js'
import { jsonOfWire } from './wire-json.js'

type AnyFrame = { readonly t: string }

const onDisk = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

function decodeAll({ frames }: Direction, hex: string): AnyFrame[] {
  const decoded: AnyFrame[] = []
  frameCodec(frames).decodeAll(bytesOf(hex), (frame) => decoded.push(frame as unknown as AnyFrame))
  return decoded
}

/** What our codec decoded, as JSON shows it: hex for binary, and what is passed through encoded decoded. */
function jsonOf(schema: JsonSchema, value: unknown): unknown {
  if (value instanceof Uint8Array) {
    if (schema.contentEncoding === 'base16') return Buffer.from(value).toString('hex')
    return jsonOfWire(schema, decode(value))
  }
  if (Array.isArray(value) && schema.items !== undefined) {
    return value.map((item) => jsonOf(schema.items as JsonSchema, item))
  }
  const isShape = schema.properties !== undefined || schema.oneOf !== undefined
  if (typeof value !== 'object' || value === null) return value
  // Without a prototype when decoded, so that labels cannot be mistaken for what every object has.
  if (!isShape) return Array.isArray(value) ? value : { ...value }
  const shapes = (schema.oneOf as JsonSchema[] | undefined) ?? [schema]
  const shape = shapes.find(({ properties }) => matches(properties as Record<string, JsonSchema> | undefined, value))
  const properties = (shape?.properties ?? {}) as Record<string, JsonSchema>
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonOf(properties[name] ?? {}, each)]))
}

function matches(properties: Record<string, JsonSchema> | undefined, value: object): boolean {
  const name = properties?.type?.const
  return name === undefined || name === (value as { type?: unknown }).type
}

test('the files of vectors are what the schema and the picked cases make: `npm run docs` writes them', () => {
  for (const [path, text] of vectorFiles()) assert.equal(onDisk(path), text, path)
})

for (const direction of DIRECTIONS) {
  const valid = JSON.parse(onDisk(`vectors/valid/${direction.name}.json`)) as ValidVector[]
  const invalid = JSON.parse(onDisk(`vectors/invalid/${direction.name}.json`)) as InvalidVector[]

  test(`${direction.name}: each frame has a valid vector`, () => {
    const frames = new Set(valid.map(({ frame }) => frame))
    assert.deepEqual(
      direction.frames.map(({ name }) => name).filter((name) => !frames.has(name)),
      [],
    )
  })

  test(`${direction.name}: valid vectors decode to their value, and canonical ones encode to their bytes`, () => {
    const codec = frameCodec(direction.frames)
    for (const { name, frame, hex, value, canonical } of valid) {
      const decoded = decodeAll(direction, hex)
      assert.equal(decoded.length, 1, name)
      const { t, ...fields } = decoded[0]!
      assert.equal(t, frame, name)
      const { schema } = direction.frames.find((type) => type.name === frame)!
      assert.deepEqual(jsonOf(schema, fields), value, name)
      const writer = new Writer()
      codec.encode(writer, decoded[0] as never)
      assert.equal(Buffer.from(writer.take()).toString('hex') === hex, canonical, name)
    }
  })

  test(`${direction.name}: invalid vectors are refused with their error`, () => {
    for (const { name, hex, error } of invalid) {
      assert.throws(
        () => decodeAll(direction, hex),
        (thrown: unknown) => thrown instanceof Chat4AllError && thrown.code === error,
        name,
      )
    }
  })
}

test('no two vectors of a file have the same name or bytes', () => {
  for (const [path, text] of vectorFiles()) {
    const vectors = JSON.parse(text) as { name: string; hex: string }[]
    assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length, path)
    assert.equal(new Set(vectors.map(({ hex }) => hex)).size, vectors.length, path)
  }
})
