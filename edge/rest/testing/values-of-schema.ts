import fc from 'fast-check'

/**
 * Values that a JSON Schema of the OpenAPI document describes, and values that it nearly describes: for tests that ask
 * every endpoint for everything, also those that nobody has written yet.
 */

export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly example?: unknown
}

export interface Generation {
  readonly resolve: (reference: string) => JsonSchema
  /** Values of this name that mean something to the server: ids of things that exist. Asked when a value is made. */
  readonly known: (name: string) => readonly unknown[]
}

const DEPTH_MAX = 6
const ITEMS_MAX = 4

/** Whatever a client may send, right or wrong. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, -1, 0, 1.5, 1e308, 2 ** 53, '', 'x'.repeat(20_000), [], {}, '\u0000', '\ud800', true),
)

/** Mostly values as the schema has them; here and there one that is wrong, or missing. */
export function valuesOf(schema: JsonSchema, generation: Generation, name = '', depth = 0): fc.Arbitrary<unknown> {
  const good = goodValues(schema, generation, name, depth)
  return fc.oneof({ weight: 24, arbitrary: good }, { weight: 1, arbitrary: anything })
}

function goodValues(schema: JsonSchema, generation: Generation, name: string, depth: number): fc.Arbitrary<unknown> {
  if (depth > DEPTH_MAX) return fc.constant(null)
  if (schema.$ref !== undefined) return goodValues(generation.resolve(schema.$ref), generation, name, depth)
  const known = fc
    .nat()
    .map((n) => {
      const values = generation.known(name)
      return values.length === 0 ? undefined : values[n % values.length]
    })
    .filter((value) => value !== undefined)
  const made = ofShape(schema, generation, name, depth)
  const examples = schema.example === undefined ? made : fc.oneof(made, fc.constant(schema.example))
  return generation.known(name).length === 0
    ? examples
    : fc.oneof({ weight: 6, arbitrary: known }, { weight: 1, arbitrary: examples })
}

function ofShape(schema: JsonSchema, generation: Generation, name: string, depth: number): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const variants = schema.anyOf ?? schema.oneOf
  if (variants !== undefined) return fc.oneof(...variants.map((one) => goodValues(one, generation, name, depth)))
  const [first, ...rest] = schema.allOf ?? []
  if (first !== undefined) return rest.length === 0 ? goodValues(first, generation, name, depth) : anything
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  if (types.length === 0) return fc.jsonValue({ maxDepth: 3 })
  return fc.oneof(...types.map((type) => ofType(type, schema, generation, name, depth)))
}

function ofType(
  type: string,
  schema: JsonSchema,
  generation: Generation,
  name: string,
  depth: number,
): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object':
      return objects(schema, generation, depth)
    case 'array': {
      const item = schema.items === undefined ? anything : valuesOf(schema.items, generation, name, depth + 1)
      const maxLength = Math.min(schema.maxItems ?? ITEMS_MAX, ITEMS_MAX)
      return fc.array(item, { minLength: Math.min(schema.minItems ?? 0, maxLength), maxLength })
    }
    case 'string':
      return strings(schema)
    case 'integer':
    case 'number': {
      const { minimum = -1000, maximum = Number.MAX_SAFE_INTEGER } = schema
      const small = fc.integer({ min: minimum, max: Math.min(maximum, minimum + 20) })
      return fc.oneof(small, fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum))
    }
    case 'boolean':
      return fc.boolean()
    default:
      return fc.constant(null)
  }
}

function objects(schema: JsonSchema, generation: Generation, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema
  const fields = Object.entries(properties).map(([name, property]) => {
    const value = valuesOf(property, generation, name, depth + 1)
    const missing = fc.constant(undefined)
    const weight = required.includes(name) ? 40 : 2
    return [name, fc.oneof({ weight, arbitrary: value }, { weight: 1, arbitrary: missing })] as const
  })
  const named = fc.record(Object.fromEntries(fields))
  if (typeof additionalProperties !== 'object') return named
  const keys = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('priority', '', '__proto__', 'x'.repeat(70)))
  const others = fc.dictionary(keys, valuesOf(additionalProperties, generation, '', depth + 1), { maxKeys: 3 })
  return fc.tuple(named, others).map(([a, b]) => ({ ...b, ...a }))
}

function strings({ pattern, minLength = 0, maxLength = 100 }: JsonSchema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern), { size: '-1' })
  const plain = fc.string({ minLength, maxLength: Math.min(maxLength, 100), unit: 'binary' })
  const longest = fc.constant('x'.repeat(Math.min(maxLength, 20_000)))
  const shortest = fc.constant('x'.repeat(minLength))
  return fc.oneof(
    { weight: 12, arbitrary: plain },
    { weight: 1, arbitrary: longest },
    { weight: 2, arbitrary: shortest },
  )
}
