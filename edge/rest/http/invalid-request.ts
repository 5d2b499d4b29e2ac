import { Chat4AllError } from '@chat4all/protocol'
import type { z } from 'zod'

export interface WrongField {
  /** JSON Pointer into the body, or the name of a parameter. */
  readonly path: string
  readonly message: string
}

const WRONG_FIELDS_TOLD_MAX = 20

/** INVALID, with the fields that are wrong. */
export class InvalidRequest extends Chat4AllError {
  readonly fields: readonly WrongField[]

  constructor(fields: readonly WrongField[]) {
    const [first] = fields
    super(
      'INVALID',
      first === undefined ? undefined : `${first.path === '' ? 'The body' : first.path}: ${first.message}`,
    )
    this.fields = fields
  }
}

/** The value as the schema has it. @throws InvalidRequest */
export function validated<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: 'body' | 'parameters',
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const fields = result.error.issues.slice(0, WRONG_FIELDS_TOLD_MAX).map(({ path, message }) => ({
    path: place === 'body' ? jsonPointer(path) : path.join('.'),
    message,
  }))
  throw new InvalidRequest(fields)
}

/** RFC 6901. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
