import type { Reader } from '../codec/reader.js'
import type { Writer } from '../codec/writer.js'
import { Chat4AllError } from '../errors.js'
import type { JsonSchema, Of, Type } from './types.js'

/**
 * Types made of named fields: tuples, unions and frames. On the wire they are arrays, the names are known to both
 * sides. A decoder accepts more fields than it knows (a newer peer) and fewer when the missing ones are optional, so
 * fields may be added at the end without a version.
 */

/** Fields in an array on the wire, those of newer peers included. */
const FIELDS_MAX = 64

type Fields = { readonly [name: string]: Type<unknown> }
type OptionalNames<F extends Fields> = { [K in keyof F]: undefined extends Of<F[K]> ? K : never }[keyof F]
/** The TypeScript type of named fields; optional ones may be left out. */
export type Shape<F extends Fields> = { [K in Exclude<keyof F, OptionalNames<F>>]: Of<F[K]> } & {
  [K in OptionalNames<F>]?: Of<F[K]>
}

type Values = Record<string, unknown>

/** The fields of one shape, laid out for decoding and encoding. */
class FieldRow {
  private readonly names: readonly string[]
  private readonly types: readonly Type<unknown>[]
  /** Fields that must be there: all up to the last that is not optional. */
  private readonly needed: number

  constructor(fields: Fields) {
    this.names = Object.keys(fields)
    this.types = Object.values(fields)
    this.needed = this.types.findLastIndex((type) => type.optional === undefined) + 1
  }

  private demand(r: Reader, present: number, what: string): void {
    if (present >= this.needed) return
    throw new Chat4AllError('MALFORMED_FRAME', `${what}: field ${this.names[present]} is missing at byte ${r.at}`)
  }

  /** Reads `present` fields into a new object. */
  read(r: Reader, present: number, what: string): Values {
    this.demand(r, present, what)
    const { names, types } = this
    const known = Math.min(present, names.length)
    const value: Values = {}
    for (let i = 0; i < known; i++) {
      const field = types[i]!.read(r)
      if (field !== undefined) value[names[i]!] = field
    }
    for (let i = known; i < present; i++) r.skip()
    return value
  }

  check(r: Reader, present: number, what: string): void {
    this.demand(r, present, what)
    const { types } = this
    const known = Math.min(present, types.length)
    for (let i = 0; i < known; i++) types[i]!.check(r)
    for (let i = known; i < present; i++) r.skip()
  }

  /** Writes an array of the fields, `code` (where there is one) before them. Absent ones at the end are left out. */
  write(w: Writer, value: Values, code: number | undefined): void {
    const { names, types } = this
    let last = names.length
    while (last > this.needed && value[names[last - 1]!] === undefined) last--
    if (code === undefined) w.array(last)
    else {
      w.array(last + 1)
      w.uint(code)
    }
    for (let i = 0; i < last; i++) types[i]!.write(w, value[names[i]!])
  }
}

function objectSchema(fields: Fields): { readonly properties: Values; readonly required: string[] } {
  const required = Object.keys(fields).filter((name) => fields[name]!.optional === undefined)
  const properties = Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, type.schema]))
  return { properties, required }
}

/** Named fields, sent as an array in the order of their declaration. */
export function tuple<F extends Fields>(about: string, fields: F): Type<Shape<F>> & { readonly fields: F } {
  const row = new FieldRow(fields)
  return {
    fields,
    read: (r) => row.read(r, r.array(FIELDS_MAX), about) as Shape<F>,
    check: (r) => row.check(r, r.array(FIELDS_MAX), about),
    write: (w, value) => row.write(w, value as Values, undefined),
    schema: { type: 'object', description: about, ...objectSchema(fields), 'x-fields': Object.keys(fields) },
  }
}

/** One kind of frame: its number, its name, its fields. */
export interface FrameType<Name extends string, F extends Fields> {
  readonly code: number
  readonly name: Name
  readonly about: string
  readonly fields: F
  readonly schema: JsonSchema
  /** Decodes the fields behind the code; `present` of them are in the frame's array. */
  readFields(reader: Reader, present: number): Shape<F> & { readonly t: Name }
  /** Passes over the fields, accepting and refusing what `readFields` does. */
  checkFields(reader: Reader, present: number): void
  write(writer: Writer, value: Shape<F>): void
}

// biome-ignore lint/suspicious/noExplicitAny: stands for every frame type; fields are checked where one is made.
export type AnyFrameType = FrameType<any, any>

/** A frame: a MessagePack array [code, field, field …]. */
export function frame<const Name extends string, F extends Fields>(
  code: number,
  name: Name,
  about: string,
  fields: F,
): FrameType<Name, F> {
  const row = new FieldRow(fields)
  return {
    code,
    name,
    about,
    fields,
    schema: { type: 'object', description: about, ...objectSchema(fields), 'x-fields': Object.keys(fields) },
    readFields(r, present) {
      const value = row.read(r, present, name)
      value.t = name
      return value as Shape<F> & { readonly t: Name }
    },
    checkFields: (r, present) => row.check(r, present, name),
    write: (w, value) => row.write(w, value as Values, code),
  }
}

/** The value of a frame type, with its name as `t`. */
export type FrameOf<X> = X extends FrameType<infer Name, infer F> ? { readonly t: Name } & Shape<F> : never

type Variants = { readonly [name: string]: readonly [tag: number, fields: Fields] }
type VariantOf<V extends Variants> = { [K in keyof V]: { readonly type: K } & Shape<V[K][1]> }[keyof V]

/** One of several shapes, sent as an array [tag, field, field …]; its name is `type` in TypeScript and JSON. */
export function union<const V extends Variants>(about: string, variants: V): Type<VariantOf<V>> {
  const byTag: ({ readonly name: string; readonly row: FieldRow } | undefined)[] = []
  for (const [name, [tag, fields]] of Object.entries(variants)) byTag[tag] = { name, row: new FieldRow(fields) }

  const variantAt = (r: Reader, present: number) => {
    const tag = present === 0 ? -1 : r.uint(0xffff)
    const variant = byTag[tag]
    if (variant !== undefined) return variant
    throw new Chat4AllError('MALFORMED_FRAME', `no ${about} has tag ${tag} before byte ${r.at}`)
  }
  return {
    read(r) {
      const present = r.array(FIELDS_MAX)
      const { name, row } = variantAt(r, present)
      const value = row.read(r, present - 1, name)
      value.type = name
      return value as VariantOf<V>
    },
    check(r) {
      const present = r.array(FIELDS_MAX)
      const { name, row } = variantAt(r, present)
      row.check(r, present - 1, name)
    },
    write(w, value) {
      const [tag] = variants[value.type as keyof V & string]!
      byTag[tag]!.row.write(w, value as Values, tag)
    },
    schema: {
      description: about,
      oneOf: Object.entries(variants).map(([name, [tag, fields]]) => {
        const { properties, required } = objectSchema(fields)
        return {
          type: 'object',
          properties: { type: { const: name }, ...properties },
          required: ['type', ...required],
          'x-tag': tag,
          'x-fields': Object.keys(fields),
        }
      }),
    },
  }
}
