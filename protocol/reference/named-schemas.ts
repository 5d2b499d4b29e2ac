import * as parts from '../schema/parts.js'
import type { JsonSchema } from '../schema/types.js'

/** Shapes that several frames share, by the name under which the reference describes them once. */
export const NAMED_SCHEMAS: ReadonlyMap<JsonSchema, string> = new Map([
  [parts.payload.schema, 'payload'],
  [parts.storedPayload.schema, 'storedPayload'],
  [parts.extras.schema, 'extras'],
  [parts.message.schema, 'message'],
  [parts.member.schema, 'member'],
  [parts.conversationInfo.schema, 'conversationInfo'],
])

/** The schema with references in the place of shared shapes (itself excepted). */
export function withReferences(schema: JsonSchema, base: string): JsonSchema {
  return replaceInside(schema, base) as JsonSchema
}

function replaceInside(value: unknown, base: string): unknown {
  if (Array.isArray(value)) return value.map((item) => replace(item, base))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner, base)]))
}

function replace(value: unknown, base: string): unknown {
  const name = NAMED_SCHEMAS.get(value as JsonSchema)
  return name === undefined ? replaceInside(value, base) : { $ref: `${base}${name}` }
}
