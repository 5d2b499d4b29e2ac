import { DIRECTIONS, type Direction } from '../schema/channels.js'
import type { AnyFrameType } from '../schema/shapes.js'
import type { JsonSchema } from '../schema/types.js'
import { fieldsOf, isShape, variants } from '../vectors/wire-json.js'
import { GENERATED, table } from './markdown.js'
import { NAMED_SCHEMAS } from './named-schemas.js'

const HEADINGS: Readonly<Record<Direction['name'], string>> = {
  'client-to-edge': 'Client to edge',
  'edge-to-client': 'Edge to client',
  'edge-to-node': 'Edge to shard-node',
  'node-to-edge': 'Shard-node to edge',
}

const INTRODUCTION = `# Frames

${GENERATED}

Every frame is a MessagePack array: its number, then its fields in the order given here. A binary WebSocket message holds
one or more frames, one behind the other. How a session goes is told in [README.md](README.md), errors in
[errors.md](../errors.md); [asyncapi.json](asyncapi.json) says the same for programs, and \`protocol/vectors/\` has every
frame as bytes.

- *Needed: no* means that the field may be nil, or left out where only such fields follow.
- Fields that you do not know, behind those that you do, are to be passed over: a newer peer has added them.
- A shape (such as \`message\`) is an array of its fields. One of several shapes has its number first.
- "index of" means that the place in the list travels, from 0.
- Bounds of text count bytes of UTF-8. Text must be UTF-8, and integers are at most 2^53 - 1.`

/** docs/protocol/frames.md */
export function framesPage(): string {
  const shared = [...NAMED_SCHEMAS].map(([schema, name]) => shapeSection(name, schema))
  return `${[
    INTRODUCTION,
    ...DIRECTIONS.flatMap(({ name, frames }) => [`## ${HEADINGS[name]}`, ...frames.map(frameSection)]),
    '## Shapes',
    ...shared,
  ].join('\n\n')}\n`
}

function frameSection(type: AnyFrameType): string {
  const parts = [`### ${type.code} \`${type.name}\``, type.about]
  const fields = fieldTable(type.schema)
  return [...parts, fields ?? 'No fields.'].join('\n\n')
}

function shapeSection(name: string, schema: JsonSchema): string {
  const heading = `### \`${name}\``
  if (isShape(schema)) return [heading, schema.description, fieldTable(schema)].join('\n\n')
  const each = (schema.oneOf as JsonSchema[]).map((variant, i) => {
    const { tag, name: variantName } = variants(schema)[i]!
    return [`**${tag} \`${variantName}\`**`, fieldTable(variant) ?? 'No fields.'].join('\n\n')
  })
  return [heading, 'One of these, its number first:', ...each].join('\n\n')
}

function fieldTable(schema: JsonSchema): string | undefined {
  const { names, schemas, required } = fieldsOf(schema)
  if (names.length === 0) return undefined
  const rows = names.map((name) => {
    const field = schemas[name] as JsonSchema
    return [`\`${name}\``, typeText(field), required.includes(name) ? 'yes' : 'no', meaning(field)]
  })
  return table(['Field', 'Type', 'Needed', 'Meaning'], rows)
}

function meaning(schema: JsonSchema): string {
  if (NAMED_SCHEMAS.has(schema)) return ''
  return String(schema.description ?? '')
}

/** A type in a few words. */
function typeText(schema: JsonSchema): string {
  const name = NAMED_SCHEMAS.get(schema)
  if (name !== undefined) return `[${name}](#${name.toLowerCase()})`
  if (schema.enum !== undefined) return `index of ${(schema.enum as string[]).map((each) => `\`${each}\``).join(', ')}`
  if (schema.oneOf !== undefined) {
    return `one of ${variants(schema)
      .map(({ tag, name, fields }) => `${tag} \`${name}\` (${fields.names.join(', ') || 'no fields'})`)
      .join('; ')}`
  }
  if (isShape(schema)) {
    const { names, schemas } = fieldsOf(schema)
    return `(${names.map((field) => `\`${field}\` ${typeText(schemas[field] as JsonSchema)}`).join(', ')})`
  }
  switch (schema.type) {
    case 'integer':
      return schema.maximum === Number.MAX_SAFE_INTEGER ? 'uint' : `uint ≤ ${schema.maximum}`
    case 'boolean':
      return 'bool'
    case 'string':
      return stringText(schema)
    case 'array':
      return `list of at most ${schema.maxItems}: ${typeText(schema.items as JsonSchema)}`
    case 'object':
      return `map of text to text, at most ${schema.maxProperties}`
    default:
      return `any value that JSON has, or binary, ≤ ${schema['x-bytes-max']} bytes`
  }
}

function stringText(schema: JsonSchema): string {
  if (schema.contentEncoding === 'base16') {
    const min = (schema.minLength as number) / 2
    const max = (schema.maxLength as number) / 2
    return min === max ? `bin of ${max} bytes` : `bin ≤ ${max} bytes`
  }
  return schema.pattern === undefined ? `text ≤ ${schema.maxLength} bytes` : `text, \`${schema.pattern}\``
}
