import { decode, encode } from '@msgpack/msgpack'
import { InternTable } from '../codec/intern-table.js'
import { PROTO, Reader } from '../codec/reader.js'
import type { Writer } from '../codec/writer.js'
import { Chat4AllError } from '../errors.js'
import { NESTING_MAX } from '../limits.js'

/**
 * The vocabulary in which every frame is described once. A Type is at the same time the TypeScript type (T),
 * the decoder that validates, the encoder, and the JSON Schema from which the written reference is made.
 * Here are the types of single values and lists; shapes.ts puts them together with names.
 */
export interface Type<T> {
  /** Decodes the next value. @throws Chat4AllError MALFORMED_FRAME */
  read(reader: Reader): T
  /** Passes over the next value, accepting and refusing exactly what `read` does, and builds nothing. */
  check(reader: Reader): void
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
    check: (r) => void r.uint(max),
    write: (w, v) => w.uint(v),
    schema: { type: 'integer', minimum: 0, maximum: max, description: about },
  }
}

/** A form that a string must have as a whole, and one that has it. */
export interface Form {
  readonly pattern: RegExp
  readonly example: string
}

/** String of at most `max` bytes of UTF-8, of a form where one is given. */
export function str<T extends string = string>(about: string, max: number, form?: Form): Type<T> {
  const read = (r: Reader): T => {
    const text = r.str(max)
    if (form !== undefined) demandMatch(r, text, about, form.pattern)
    return text as T
  }
  return {
    read,
    check: form === undefined ? (r) => r.skipStr(max) : (r) => void read(r),
    write: (w, v) => w.str(v),
    schema: {
      type: 'string',
      // JSON Schema counts characters here; the bound that is checked counts bytes.
      maxLength: max,
      ...(form !== undefined && { pattern: form.pattern.source, examples: [form.example] }),
      'x-bytes-max': max,
      description: about,
    },
  }
}

function demandMatch(r: Reader, text: string, about: string, pattern: RegExp): void {
  if (pattern.test(text)) return
  throw new Chat4AllError('MALFORMED_FRAME', `expected ${about} (${pattern.source}) before byte ${r.at}`)
}

/**
 * String of at most `max` ASCII characters of a form. The same few come again and again (who talks,
 * and where), so recent ones are kept: a repeated id costs no allocation, no match, and hashes once for every Map.
 */
export function id<T extends string = string>(about: string, max: number, { pattern, example }: Form): Type<T> {
  const recent = new InternTable()
  const read = (r: Reader): T => {
    const length = r.strHead(max)
    const from = r.at - length
    const known = recent.find(r.bytes, from, length)
    if (known !== undefined) return known as T
    const text = r.text(from, length)
    demandMatch(r, text, about, pattern)
    recent.keep(r.bytes, from, length, text)
    return text as T
  }
  return {
    read,
    check: (r) => void read(r),
    write: (w, v) => w.str(v),
    schema: { type: 'string', maxLength: max, pattern: pattern.source, examples: [example], description: about },
  }
}

/** Binary of `min` to `max` bytes; decoded as a view of the frame's bytes. */
export function bin(about: string, min: number, max: number): Type<Uint8Array> {
  return {
    read: (r) => r.bin(min, max),
    check: (r) => void r.binHead(min, max),
    write: (w, v) => w.bin(v),
    schema: { type: 'string', contentEncoding: 'base16', minLength: min * 2, maxLength: max * 2, description: about },
  }
}

export function bool(about: string): Type<boolean> {
  return {
    read: (r) => r.bool(),
    check: (r) => void r.bool(),
    write: (w, v) => w.bool(v),
    schema: { type: 'boolean', description: about },
  }
}

/** One of a closed set of names, sent as its index. */
export function oneOf<const Names extends readonly string[]>(about: string, names: Names): Type<Names[number]> {
  return {
    read: (r) => names[r.uint(names.length - 1)]!,
    check: (r) => void r.uint(names.length - 1),
    write: (w, v) => w.uint(names.indexOf(v)),
    schema: { enum: names, description: about },
  }
}

export function list<T>(of: Type<T>, max: number, about = ''): Type<T[]> {
  return {
    read(r) {
      const values: T[] = []
      // Grown value by value: a length that the bytes do not hold reserves nothing.
      for (let left = r.array(max); left > 0; left--) values.push(of.read(r))
      return values
    },
    check(r) {
      for (let left = r.array(max); left > 0; left--) of.check(r)
    },
    write(w, values) {
      w.array(values.length)
      for (const value of values) of.write(w, value)
    },
    schema: { type: 'array', maxItems: max, items: of.schema, ...(about !== '' && { description: about }) },
  }
}

const LABEL_BYTES_MAX = 64

/** Map from strings to strings: labels that we carry and do not read. */
export function labels(about: string, pairs: number, bytes: number): Type<Record<string, string>> {
  return {
    read(r) {
      // No prototype: `constructor` and its like are labels as any other.
      const value: Record<string, string> = Object.create(null)
      for (let left = r.map(pairs); left > 0; left--) {
        const name = r.name(LABEL_BYTES_MAX)
        value[name] = r.str(bytes)
      }
      return value
    },
    check(r) {
      for (let left = r.map(pairs); left > 0; left--) {
        r.skipName(LABEL_BYTES_MAX)
        r.skipStr(bytes)
      }
    },
    write(w, value) {
      const entries = Object.entries(value)
      w.map(entries.length)
      for (const [name, text] of entries) {
        if (name === PROTO) throw new Chat4AllError('INVALID', `${about}: no label may have the name ${PROTO}`)
        w.str(name)
        w.str(text)
      }
    },
    schema: {
      type: 'object',
      maxProperties: pairs,
      propertyNames: { maxLength: LABEL_BYTES_MAX },
      additionalProperties: { type: 'string', maxLength: bytes },
      description: about,
    },
  }
}

/** Any value that JSON has, and binary: an app's own content; `max` bytes at most. */
export function anything(about: string, max: number): Type<unknown> {
  const check = (r: Reader): void => {
    const start = r.at
    r.skipPlain()
    if (r.at - start > max) throw new Chat4AllError('MALFORMED_FRAME', `${about} is over ${max} bytes at byte ${start}`)
  }
  return {
    read(r) {
      const start = r.at
      check(r)
      return decode(r.bytes.subarray(start, r.at))
    },
    check,
    write(w, v) {
      try {
        const bytes = encode(v, { maxDepth: NESTING_MAX + 1, ignoreUndefined: true })
        // The encoder knows more types than we take (dates, say): found out here, not by the peer that closes on us.
        check(new Reader(bytes))
        w.raw(bytes)
      } catch (cause) {
        throw new Chat4AllError('INVALID', `${about}: ${(cause as Error).message}`)
      }
    },
    schema: { 'x-bytes-max': max, description: about },
  }
}

/** May be absent: nil, or the end of the frame's array. */
export function optional<T>(of: Type<T>): Type<T | undefined> {
  return {
    read: (r) => (r.nil() ? undefined : of.read(r)),
    check(r) {
      if (!r.nil()) of.check(r)
    },
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
      of.check(r)
      return r.bytes.subarray(start, r.at)
    },
    check: (r) => of.check(r),
    write: (w, v) => w.raw(v),
    schema: of.schema,
  }
}
