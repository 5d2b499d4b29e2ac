import type { JsonSchema } from '../schema/types.js'

/**
 * Between a value as JSON shows it and the plain arrays that MessagePack carries, led by nothing but the JSON Schema
 * of the written reference. It shares no line with the codec: vectors and tests made with it show that whoever
 * implements the reference, in any language, speaks with our codec. Binary is hex in JSON.
 */

type Json = unknown
type Wire = unknown
type Fields = { readonly names: readonly string[]; readonly schemas: JsonSchema; readonly required: readonly string[] }

/** A value as JSON → what MessagePack carries for it. Absent fields at the end are left out. */
export function wireOfJson(schema: JsonSchema, json: Json): Wire {
  if (schema.oneOf !== undefined) {
    const variant = variants(schema).find(({ name }) => name === (json as { type: string }).type)!
    return [variant.tag, ...wireOfFields(variant.fields, json as Record<string, Json>)]
  }
  if (isShape(schema)) return wireOfFields(fieldsOf(schema), json as Record<string, Json>)
  if (schema.enum !== undefined) return (schema.enum as string[]).indexOf(json as string)
  if (schema.type === 'array') return (json as Json[]).map((item) => wireOfJson(schema.items as JsonSchema, item))
  if (schema.contentEncoding === 'base16') return new Uint8Array(Buffer.from(json as string, 'hex'))
  return json
}

function wireOfFields({ names, schemas, required }: Fields, json: Record<string, Json>): Wire[] {
  const wire = names.map((name) =>
    json[name] === undefined ? null : wireOfJson(schemas[name] as JsonSchema, json[name]),
  )
  while (wire.length > 0 && wire.at(-1) === null && !required.includes(names[wire.length - 1]!)) wire.pop()
  return wire
}

/** What MessagePack carried → the value as JSON. Fields that the schema does not know are left out. */
export function jsonOfWire(schema: JsonSchema, wire: Wire): Json {
  if (schema.oneOf !== undefined) {
    const [tag, ...rest] = wire as [number, ...Wire[]]
    const variant = variants(schema).find((each) => each.tag === tag)!
    return { type: variant.name, ...jsonOfFields(variant.fields, rest) }
  }
  if (isShape(schema)) return jsonOfFields(fieldsOf(schema), wire as Wire[])
  if (schema.enum !== undefined) return (schema.enum as string[])[wire as number]
  if (schema.type === 'array') return (wire as Wire[]).map((item) => jsonOfWire(schema.items as JsonSchema, item))
  if (schema.contentEncoding === 'base16') return Buffer.from(wire as Uint8Array).toString('hex')
  return wire
}

function jsonOfFields({ names, schemas, required }: Fields, wire: readonly Wire[]): Record<string, Json> {
  const json: Record<string, Json> = {}
  for (const [i, name] of names.entries()) {
    if (i >= wire.length) break
    if (wire[i] === null && !required.includes(name)) continue
    json[name] = jsonOfWire(schemas[name] as JsonSchema, wire[i])
  }
  return json
}

/** A frame's value as JSON → the array that MessagePack carries. */
export function wireOfFrame(frame: { readonly code: number; readonly schema: JsonSchema }, json: Json): Wire[] {
  return [frame.code, ...wireOfFields(fieldsOf(frame.schema), json as Record<string, Json>)]
}

/** True for named fields that travel as an array. */
export function isShape(schema: JsonSchema): boolean {
  return schema['x-fields'] !== undefined
}

/** The fields of a shape in the order in which they travel. */
export function fieldsOf(schema: JsonSchema): Fields {
  const names = schema['x-fields'] as string[]
  const required = (schema.required as string[]).filter((name) => names.includes(name))
  return { names, schemas: schema.properties as JsonSchema, required }
}

/** The shapes of a union: their number on the wire, and their name in JSON. */
export function variants(
  schema: JsonSchema,
): { readonly tag: number; readonly name: string; readonly fields: Fields }[] {
  return (schema.oneOf as JsonSchema[]).map((variant) => ({
    tag: variant['x-tag'] as number,
    name: (variant.properties as { type: { const: string } }).type.const,
    fields: fieldsOf(variant),
  }))
}
