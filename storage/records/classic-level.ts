import { ClassicLevel } from 'classic-level'
import { DamagedFileError } from '../file-system/damaged-file-error.js'
import { behindPrefix, checkList, checkPartition, checkPlace, checkPut, firstVersion, nextVersion } from './place.js'
import type { KeyedRecord, ListRange, Partition, Place, PutOptions, Records, StoredRecord, Version } from './port.js'

export interface ClassicLevelRecordsOptions {
  /** Belongs to this adapter alone; LevelDB locks it. */
  readonly folder: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** From 0 to below 1. */
  readonly random?: () => number
}

/** A put that has a ttl also looks at so many rows for expired ones: what was forgotten costs no room for ever. */
const SWEPT_PER_PUT = 4
const HEADER_BYTES = 16
const NEVER = 0

type Row = StoredRecord & { readonly expires: number }

/**
 * Opens the records of one process in LevelDB. Row: `kind 0 partition 0 key` → version, when it expires (ms since
 * 1970, 0: never), value. Every write is on stable storage when it resolves.
 * @throws DamagedFileError
 */
export async function openClassicLevelRecords(options: ClassicLevelRecordsOptions): Promise<Records> {
  const database = new ClassicLevel<Buffer, Buffer>(options.folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  try {
    await database.open()
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException }
    if (cause?.code !== 'LEVEL_CORRUPTION') throw error
    throw new DamagedFileError(options.folder, cause.message, { cause })
  }
  return new ClassicLevelRecords(database, options)
}

class ClassicLevelRecords implements Records {
  private readonly database: ClassicLevel<Buffer, Buffer>
  private readonly now: () => number
  private readonly random: () => number
  private last: Promise<unknown> = Promise.resolve()
  private failure: Error | undefined
  private sweptTo: Buffer = Buffer.alloc(0)

  constructor(
    database: ClassicLevel<Buffer, Buffer>,
    { now = Date.now, random = Math.random }: ClassicLevelRecordsOptions,
  ) {
    this.database = database
    this.now = now
    this.random = random
  }

  async get(place: Place): Promise<StoredRecord | undefined> {
    checkPlace(place)
    const row = await this.row(rowKey(place))
    return row && { value: row.value, version: row.version }
  }

  async put(
    place: Place,
    value: Uint8Array,
    expected: Version | undefined,
    options: PutOptions = {},
  ): Promise<boolean> {
    checkPut(place, value, options)
    const { ttlSeconds } = options
    return this.inTurn(async () => {
      const key = rowKey(place)
      const stored = await this.row(key)
      if (stored?.version !== expected) return false
      const version = stored === undefined ? firstVersion(this.random) : nextVersion(stored.version)
      const expires = ttlSeconds === undefined ? NEVER : this.now() + ttlSeconds * 1_000
      await this.database.put(key, encodeRow({ value, version, expires }), { sync: true })
      if (ttlSeconds !== undefined) await this.sweep()
      return true
    })
  }

  async remove(place: Place, expected: Version): Promise<boolean> {
    checkPlace(place)
    return this.inTurn(async () => {
      const key = rowKey(place)
      if ((await this.row(key))?.version !== expected) return false
      await this.database.del(key, { sync: true })
      return true
    })
  }

  async list(partition: Partition, range: ListRange): Promise<KeyedRecord[]> {
    checkList(partition, range)
    const start = partitionKey(partition)
    const at = (key: string) => Buffer.concat([start, Buffer.from(key)])
    const { after, prefix = '', limit } = range
    const behind = behindPrefix(prefix)
    const from = after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0 ? after : undefined
    const bounds = {
      ...(from === undefined ? { gte: at(prefix) } : { gt: at(from) }),
      lt: behind === undefined ? behindPartition(start) : at(behind),
    }
    const found: KeyedRecord[] = []
    for await (const [key, bytes] of this.database.iterator(bounds)) {
      const { value, version, expires } = decodeRow(bytes)
      if (this.expired(expires)) continue
      found.push({ key: key.toString('utf8', start.length), value, version })
      if (found.length === limit) break
    }
    return found
  }

  async close(): Promise<void> {
    await this.last
    await this.database.close()
  }

  private async row(key: Buffer): Promise<Row | undefined> {
    const bytes = await this.database.get(key)
    if (bytes === undefined) return undefined
    const row = decodeRow(bytes)
    return this.expired(row.expires) ? undefined : row
  }

  private expired(expires: number): boolean {
    return expires !== NEVER && expires <= this.now()
  }

  /**
   * One writer at a time: each compares with what the one before it left. After a write that failed nobody knows how
   * LevelDB's journal ends, and what came behind it could be lost at the next start: so nothing more is written.
   */
  private inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const done = this.last.then(async () => {
      if (this.failure !== undefined) throw this.failure
      try {
        return await run()
      } catch (error) {
        this.failure = new Error(`records take no more changes until a new start: ${(error as Error).message}`, {
          cause: error,
        })
        throw this.failure
      }
    })
    this.last = done.catch(() => {})
    return done
  }

  /** Deletes what has expired among the next few rows, round and round. */
  private async sweep(): Promise<void> {
    const rows = await this.database.iterator({ gt: this.sweptTo, limit: SWEPT_PER_PUT }).all()
    this.sweptTo = rows.length < SWEPT_PER_PUT ? Buffer.alloc(0) : rows.at(-1)![0]
    for (const [key, bytes] of rows) if (this.expired(decodeRow(bytes).expires)) await this.database.del(key)
  }
}

function partitionKey(partition: Partition): Buffer {
  checkPartition(partition)
  return Buffer.from(`${partition.kind}\0${partition.partition}\0`)
}

function rowKey(place: Place): Buffer {
  return Buffer.concat([partitionKey(place), Buffer.from(place.key)])
}

/** Its last byte is the zero that ends the partition's name. */
function behindPartition(start: Buffer): Buffer {
  const behind = Buffer.from(start)
  behind[behind.length - 1] = 1
  return behind
}

function encodeRow({ value, version, expires }: Row): Buffer {
  const row = Buffer.allocUnsafe(HEADER_BYTES + value.length)
  row.writeDoubleBE(version, 0)
  row.writeDoubleBE(expires, 8)
  row.set(value, HEADER_BYTES)
  return row
}

function decodeRow(row: Buffer): Row {
  return {
    version: row.readDoubleBE(0) as Version,
    expires: row.readDoubleBE(8),
    value: row.subarray(HEADER_BYTES),
  }
}
