import type { Direction } from './channels.js'
import type { JsonSchema } from './types.js'

/**
 * Everything about frames that peers must agree on, as one text: numbers, names, fields in their order, types, bounds.
 * What frames and fields are *said* to mean is left out; words may be improved freely.
 */
export function agreementText(directions: readonly Direction[]): string {
  return JSON.stringify(
    directions.map(({ name, frames }) => [
      name,
      frames.map(({ code, name, schema }) => [code, name, withoutWords(schema)]),
    ]),
  )
}

function withoutWords(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutWords(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value as JsonSchema)
    .filter(([key]) => isNames || (key !== 'description' && key !== 'examples'))
    .map(([key, inner]) => [key, withoutWords(inner, key === 'properties')])
}
