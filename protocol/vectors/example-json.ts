import type { JsonSchema } from '../schema/types.js'
import { fieldsOf, isShape, variants } from './wire-json.js'

/**
 * Values, as JSON shows them, that a schema of the reference allows: always the same ones, so that vectors and
 * reference change only when the schema does.
 */

/** The least: fields that may be absent are. */
export function leastExample(schema: JsonSchema): unknown {
  if (schema.oneOf !== undefined) {
    const [{ name, fields }] = variants(schema) as [ReturnType<typeof variants>[number]]
    return { type: name, ...leastFields(fields) }
  }
  if (isShape(schema)) return leastFields(fieldsOf(schema))
  if (schema.enum !== undefined) return (schema.enum as string[])[0]
  switch (schema.type) {
    case 'integer':
      return 0
    case 'boolean':
      return false
    case 'string':
      if (schema.contentEncoding === 'base16') return '00'.repeat((schema.minLength as number) / 2)
      return schema.examples === undefined ? '' : (schema.examples as string[])[0]
    case 'array':
      return []
    case 'object':
      return {}
    default:
      return null
  }
}

function leastFields({ schemas, required }: ReturnType<typeof fieldsOf>): object {
  return Object.fromEntries(required.map((name) => [name, leastExample(schemas[name] as JsonSchema)]))
}

/** Full ones: every field there, numbers at their maximum; one more for each other name or shape that may stand in a place. */
export function fullExamples(schema: JsonSchema): unknown[] {
  if (schema.oneOf !== undefined) {
    return variants(schema).flatMap(({ name, fields }) => fullFields(fields).map((value) => ({ type: name, ...value })))
  }
  if (isShape(schema)) return fullFields(fieldsOf(schema))
  if (schema.enum !== undefined) return schema.enum as string[]
  switch (schema.type) {
    case 'integer':
      return [schema.maximum]
    case 'boolean':
      return [true]
    case 'string':
      return [fullString(schema)]
    case 'array':
      return [fullExamples(schema.items as JsonSchema)]
    case 'object':
      return [{ priority: 'high', 'schlüssel 🔑': 'wert' }]
    default:
      return [{ list: [1, 2.5, 'three', null, true], nested: { deep: [] } }]
  }
}

function fullFields({ names, schemas }: ReturnType<typeof fieldsOf>): object[] {
  const choices = names.map((name) => [name, fullExamples(schemas[name] as JsonSchema)] as const)
  const first = Object.fromEntries(choices.map(([name, [value]]) => [name, value]))
  const others = choices.flatMap(([name, [, ...rest]]) => rest.map((value) => ({ ...first, [name]: value })))
  return [first, ...others]
}

function fullString(schema: JsonSchema): string {
  if (schema.contentEncoding === 'base16') {
    return (schema.maxLength as number) === 32 ? '1b4e28ba2fa14d2b883f0016d3cca427' : '9101'
  }
  if (schema.examples !== undefined) return (schema.examples as string[])[0]!
  return 'Grüße, 世界 👋'.slice(0, schema.maxLength as number)
}
