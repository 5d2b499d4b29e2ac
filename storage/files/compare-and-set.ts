import type { Place, Records, StoredRecord } from '../records/port.js'

/** Records as JSON, and changes that are made to what is there now. */

export function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

export function decode<T>({ value }: Pick<StoredRecord, 'value'>): T {
  return JSON.parse(Buffer.from(value).toString()) as T
}

/**
 * Changes a record to what `change` makes of it; again when another was faster. `change` returns `leave` to end without a
 * change, and undefined to remove the record. Resolves with what is there in the end.
 */
export async function changeRecord<T>(
  records: Records,
  place: Place,
  change: (current: T | undefined) => T | undefined | typeof leave,
): Promise<{ readonly changed: boolean; readonly value: T | undefined }> {
  for (;;) {
    const record = await records.get(place)
    const current = record && decode<T>(record)
    const next = change(current)
    if (next === leave) return { changed: false, value: current }
    const done =
      next !== undefined
        ? await records.put(place, encode(next), record?.version)
        : record === undefined || (await records.remove(place, record.version))
    if (done) return { changed: true, value: next }
  }
}

export const leave = Symbol('leave the record as it is')
