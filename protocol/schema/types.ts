import { decode, encode } from '@msgpack/msgpack'
import type { Reader } from '../codec/reader.js'
import type { Writer } from '../codec/writer.js'
import { Chat4AllError } from '../errors.js'

/**
 * The vocabulary in which every frame is described once. A Type is at the same time the TypeScript type (T),
 * the decoder that validates, the encoder, and the JSON Schema from which the written reference is made.
 */
export interface Type<T> {
  read(reader: Reader): T
  write(writer: Writer, value: T): void
  /** JSON Schema 2020-12 of the value as the SDKs show it. */
  readonly schema: JsonSchema
  /** True where nil, or the end of the frame, stands for "not there". */
  readonly optional?: true
}

export type JsonSchema = { readonly [key: string]: unknown }
export type Of<X> = X extends Type<infer T> ? T : never

/** Unsigned integer from 0 to `max`. */
export function uint<T extends number = number>(about: string, max: number = Number.MAX_SAFE_INTEGER): Type<T> {
  return {
    read: (r) => r.uint(max) as T,
    write: (w, v) => w.uint(v),
    schema: { type: 'integer', minimum: 0, maximum: max, description: about },
  }
}

/** String of at most `max` bytes of UTF-8; `pattern`, where given, must match it whole. */
export function str<T extends string = string>(about: string, max: number, pattern?: RegExp): Type<T> {
  return {
    read(r) {
      const text = r.str(max)
      if (pattern !== undefined && !pattern.test(text)) {
        throw new Chat4AllError('MALFORMED_FRAME', `expected ${about} (${pattern.source}) before byte ${r.at}`)
      }
      return text as T
    },
    write: (w, v) => w.str(v),
    schema: { type: 'string', maxLength: max, ...(pattern && { pattern: pattern.source }), description: about },
  }
}

/** Binary of `min` to `max` bytes; decoded as a view of the frame's bytes. */
export function bin(about: string, min: number, max: number): Type<Uint8Array> {
  return {
    read: (r) => r.bin(min, max),
    write: (w, v) => w.bin(v),
    schema: { type: 'string', contentEncoding: 'base16', minLength: min * 2, maxLength: max * 2, description: about },
  }
}

export function bool(about: string): Type<boolean> {
  return { read: (r) => r.bool(), write: (w, v) => w.bool(v), schema: { type: 'boolean', description: about } }
}

/** One of a closed set of names, sent as its index. */
export function oneOf<const Names extends readonly string[]>(about: string, names: Names): Type<Names[number]> {
  return {
    read: (r) => names[r.uint(names.length - 1)]!,
    write: (w, v) => w.uint(names.indexOf(v)),
    schema: { enum: names, description: `${about} (on the wire: the index)` },
  }
}

export function list<T>(of: Type<T>, max: number, about = ''): Type<T[]> {
  return {
    read(r) {
      const values: T[] = new Array(r.array(max))
      for (let i = 0; i < values.length; i++) values[i] = of.read(r)
      return values
    },
    write(w, values) {
      w.array(values.length)
      for (const value of values) of.write(w, value)
    },
    schema: { type: 'array', maxItems: max, items: of.schema, description: about },
  }
}

/** Map from strings to strings: labels that we carry and do not read. */
export function labels(about: string, pairs: number, bytes: number): Type<Record<string, string>> {
  return {
    read(r) {
      const value: Record<string, string> = Object.create(null)
      for (let left = r.map(pairs); left > 0; left--) {
        const name = r.str(64)
        value[name] = r.str(bytes)
      }
      return value
    },
    write(w, value) {
      const entries = Object.entries(value)
      w.map(entries.length)
      for (const [name, text] of entries) {
        w.str(name)
        w.str(text)
      }
    },
    schema: { type: 'object', maxProperties: pairs, additionalProperties: { type: 'string' }, description: about },
  }
}

/** Any MessagePack value, e.g. an app's own content; `max` bytes at most. */
export function anything(about: string, max: number): Type<unknown> {
  return {
    read(r) {
      const start = r.at
      r.skip()
      if (r.at - start > max) throw new Chat4AllError('MALFORMED_FRAME', `${about} is over ${max} bytes`)
      try {
        return decode(r.bytes.subarray(start, r.at))
      } catch (cause) {
        throw new Chat4AllError('MALFORMED_FRAME', `${about}: ${(cause as Error).message}`)
      }
    },
    write: (w, v) => w.raw(encode(v, { maxDepth: 16, ignoreUndefined: true })),
    schema: { description: about },
  }
}

/** May be absent: nil, or the end of the frame's array. */
export function optional<T>(of: Type<T>): Type<T | undefined> {
  return {
    read: (r) => (r.nil() ? undefined : of.read(r)),
    write: (w, v) => (v === undefined ? w.nil() : of.write(w, v)),
    schema: of.schema,
    optional: true,
  }
}

/**
 * The value's MessagePack bytes as they are, checked against `of` and not decoded: what passes through a hop
 * (payloads, records) is encoded once, by its author.
 */
export function encoded<T>(of: Type<T>): Type<Uint8Array> {
  return {
    read(r) {
      const start = r.at
      of.read(r)
      return r.bytes.subarray(start, r.at)
    },
    write: (w, v) => w.raw(v),
    schema: of.schema,
  }
}

type Fields = { readonly [name: string]: Type<unknown> }
type OptionalNames<F extends Fields> = { [K in keyof F]: undefined extends Of<F[K]> ? K : never }[keyof F]
/** The TypeScript type of a tuple's fields; optional ones may be left out. */
export type Shape<F extends Fields> = { [K in Exclude<keyof F, OptionalNames<F>>]: Of<F[K]> } & {
  [K in OptionalNames<F>]?: Of<F[K]>
}

/**
 * Named fields, sent as an array in the order of their declaration. A decoder accepts more fields than it knows
 * (a newer peer) and fewer when the missing ones are optional, so fields may be added at the end without a version.
 */
export function tuple<F extends Fields>(about: string, fields: F): Type<Shape<F>> & { readonly fields: F } {
  const names = Object.keys(fields)
  const types = Object.values(fields)
  const needed = types.findLastIndex((type) => type.optional === undefined) + 1
  return {
    fields,
    read(r) {
      const present = r.array(64)
      if (present < needed) {
        throw new Chat4AllError('MALFORMED_FRAME', `field ${names[present]} is missing at byte ${r.at}`)
      }
      return readFields(r, names, types, present) as Shape<F>
    },
    write(w, value) {
      writeFields(w, names, types, needed, value as Record<string, unknown>, undefined)
    },
    schema: objectSchema(about, fields),
  }
}

function objectSchema(about: string, fields: Fields): JsonSchema {
  const required = Object.keys(fields).filter((name) => fields[name]!.optional === undefined)
  const properties = Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, type.schema]))
  return { type: 'object', description: about, properties, required }
}

function readFields(r: Reader, names: string[], types: Type<unknown>[], present: number): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  const known = Math.min(present, names.length)
  for (let i = 0; i < known; i++) {
    const field = types[i]!.read(r)
    if (field !== undefined) value[names[i]!] = field
  }
  for (let i = known; i < present; i++) r.skip()
  return value
}

function writeFields(
  w: Writer,
  names: string[],
  types: Type<unknown>[],
  needed: number,
  value: Record<string, unknown>,
  code: number | undefined,
): void {
  let last = names.length
  while (last > needed && value[names[last - 1]!] === undefined) last--
  w.array(code === undefined ? last : last + 1)
  if (code !== undefined) w.uint(code)
  for (let i = 0; i < last; i++) types[i]!.write(w, value[names[i]!])
}

/** One kind of frame: its number, its name, its fields. */
export interface FrameType<Name extends string, F extends Fields> {
  readonly code: number
  readonly name: Name
  readonly about: string
  readonly fields: F
  readonly schema: JsonSchema
  readFields(reader: Reader, present: number): Shape<F> & { readonly t: Name }
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
  const names = Object.keys(fields)
  const types = Object.values(fields)
  const needed = types.findLastIndex((type) => type.optional === undefined) + 1
  return {
    code,
    name,
    about,
    fields,
    schema: objectSchema(about, fields),
    readFields(r, present) {
      if (present < needed) {
        throw new Chat4AllError('MALFORMED_FRAME', `${name}: field ${names[present]} is missing at byte ${r.at}`)
      }
      const value = readFields(r, names, types, present)
      value.t = name
      return value as Shape<F> & { readonly t: Name }
    },
    write(w, value) {
      writeFields(w, names, types, needed, value as Record<string, unknown>, code)
    },
  }
}

/** The value of a frame type, with its name as `t`. */
export type FrameOf<X> = X extends FrameType<infer Name, infer F> ? { readonly t: Name } & Shape<F> : never

type Variants = { readonly [name: string]: readonly [tag: number, fields: Fields] }
type VariantOf<V extends Variants> = { [K in keyof V]: { readonly type: K } & Shape<V[K][1]> }[keyof V]

/** One of several shapes, sent as an array [tag, field, field …]; its name is `type` in TypeScript and JSON. */
export function union<const V extends Variants>(about: string, variants: V): Type<VariantOf<V>> {
  const byTag: { name: string; names: string[]; types: Type<unknown>[]; needed: number }[] = []
  for (const [name, [tag, fields]] of Object.entries(variants)) {
    const types = Object.values(fields)
    const needed = types.findLastIndex((type) => type.optional === undefined) + 1
    byTag[tag] = { name, names: Object.keys(fields), types, needed }
  }
  const schemas = Object.entries(variants).map(([name, [, fields]]) => {
    const { properties, required } = objectSchema('', fields) as { properties: object; required: string[] }
    return { type: 'object', properties: { type: { const: name }, ...properties }, required: ['type', ...required] }
  })
  return {
    read(r) {
      const present = r.array(64)
      const tag = present === 0 ? -1 : r.uint(0xffff)
      const variant = byTag[tag]
      if (variant === undefined)
        throw new Chat4AllError('MALFORMED_FRAME', `no ${about} has tag ${tag} before byte ${r.at}`)
      if (present - 1 < variant.needed) {
        throw new Chat4AllError('MALFORMED_FRAME', `${variant.name}: field ${variant.names[present - 1]} is missing`)
      }
      const value = readFields(r, variant.names, variant.types, present - 1)
      value['type'] = variant.name
      return value as VariantOf<V>
    },
    write(w, value) {
      const [tag] = variants[value.type as keyof V & string]!
      const { names, types, needed } = byTag[tag]!
      writeFields(w, names, types, needed, value as Record<string, unknown>, tag)
    },
    schema: { oneOf: schemas, description: about },
  }
}
