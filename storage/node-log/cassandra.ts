import type { LogId, Offset } from '@chat4all/protocol'
import { type Client, types } from 'cassandra-driver'
import type { LogCursors, NodeLogs } from './port.js'

/** Entries under one partition key: a log has few, and dropping one frees space soon. */
const SEGMENT_ENTRIES = 256
/** Entries of one answer: 4 MB of the largest that a flush makes. */
const READ_ENTRIES = 64
/** Far above any lag that a cursor is allowed: what is written late to a dropped segment cleans itself up. */
const ENTRY_TTL_SECONDS = 14 * 24 * 3600
/** The names of logs that were not dropped stand in one partition. */
const RING = 0

/**
 * Node logs in Cassandra: plain writes and the seal check (design §4).
 *
 * Clocks decide nothing: a cell is only ever written with one value, at the timestamp WRITTEN, and what is deleted is
 * deleted at DROPPED, for good. `open` writes the row without `sealed`, and a missing row counts as sealed: so the row
 * of a dropped log can go, and what its owner may still write when it wakes up does not bring it back. Only `log_ends`
 * is decided by lightweight transactions, and is kept.
 */
const WRITTEN = 1
const DROPPED = 2

const KEEP = `INSERT INTO logs_kept (ring, log) VALUES (?, ?) USING TIMESTAMP ${WRITTEN}`
const FORGET = `DELETE FROM logs_kept USING TIMESTAMP ${DROPPED} WHERE ring = ? AND log = ?`
const LIST = 'SELECT log FROM logs_kept WHERE ring = ?'
const OPEN = `INSERT INTO logs (log, opened) VALUES (?, true) USING TIMESTAMP ${WRITTEN}`
const SEAL = `INSERT INTO logs (log, sealed) VALUES (?, true) USING TIMESTAMP ${WRITTEN}`
const CHECK = 'SELECT opened, sealed FROM logs WHERE log = ?'
const DROP_LOG = `DELETE FROM logs USING TIMESTAMP ${DROPPED} WHERE log = ?`
const APPEND = `INSERT INTO log_entries (log, segment, offset, entry) VALUES (?, ?, ?, ?) USING TIMESTAMP ${WRITTEN} AND TTL ${ENTRY_TTL_SECONDS}`
const READ = 'SELECT offset, entry FROM log_entries WHERE log = ? AND segment = ? AND offset >= ? LIMIT ?'
const DROP_SEGMENT = `DELETE FROM log_entries USING TIMESTAMP ${DROPPED} WHERE log = ? AND segment = ?`
const DECIDE = 'INSERT INTO log_ends (log, end) VALUES (?, ?) IF NOT EXISTS'
const END = 'SELECT end FROM log_ends WHERE log = ?'
const CURSORS = 'SELECT view_name, cursor FROM log_cursors WHERE log = ?'
const SAVE_CURSOR = 'INSERT INTO log_cursors (log, view_name, cursor) VALUES (?, ?, ?) USING TIMESTAMP ?'

/** May be asked of a second coordinator when the first does not answer: all that is not a lightweight transaction. */
const REPEATABLE = { prepare: true, isIdempotent: true }

const segmentOf = (offset: number) => Math.floor(offset / SEGMENT_ENTRIES)
const long = (value: number) => types.Long.fromNumber(value)

export function cassandraNodeLogs(client: Client): NodeLogs {
  return new CassandraNodeLogs(client)
}

class CassandraNodeLogs implements NodeLogs {
  private readonly client: Client
  /** The first segment that was not dropped, as far as known here. */
  private readonly firstSegments = new Map<LogId, number>()
  /** Of logs whose end was decided, or asked for, here: those may be dropped whole. */
  private readonly ends = new Map<LogId, Offset>()

  constructor(client: Client) {
    this.client = client
  }

  async open(log: LogId): Promise<void> {
    // Listed first: no log may have entries and be found by nobody.
    await this.run(KEEP, [RING, log])
    await this.run(OPEN, [log])
  }

  async append(log: LogId, offset: Offset, entry: Uint8Array): Promise<void> {
    const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.length)
    await this.run(APPEND, [log, segmentOf(offset), long(offset), bytes])
  }

  writeBack(log: LogId, offset: Offset, entry: Uint8Array): Promise<void> {
    return this.append(log, offset, entry)
  }

  async isSealed(log: LogId): Promise<boolean> {
    const { rows } = await this.run(CHECK, [log])
    const row = rows[0]
    return row?.opened !== true || row.sealed === true
  }

  async seal(log: LogId): Promise<void> {
    await this.run(SEAL, [log])
  }

  async read(log: LogId, from: Offset, limit: number): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = []
    let next = from as number
    while (entries.length < limit) {
      const segment = segmentOf(next)
      const wanted = Math.min(limit - entries.length, (segment + 1) * SEGMENT_ENTRIES - next, READ_ENTRIES)
      const { rows } = await this.run(READ, [log, segment, long(next), wanted])
      for (const row of rows) {
        if (Number(row.offset) !== next) return entries
        entries.push(row.entry as Buffer)
        next++
      }
      if (rows.length < wanted) return entries
    }
    return entries
  }

  async decideEnd(log: LogId, end: Offset): Promise<Offset> {
    const result = await this.client.execute(DECIDE, [log, long(end)], { prepare: true })
    const decided = result.wasApplied() ? end : (Number(result.rows[0]!.end) as Offset)
    this.ends.set(log, decided)
    return decided
  }

  async endOf(log: LogId): Promise<Offset | undefined> {
    const { rows } = await this.run(END, [log])
    if (rows[0] === undefined) return undefined
    const end = Number(rows[0].end) as Offset
    this.ends.set(log, end)
    return end
  }

  async cursors(log: LogId): Promise<LogCursors> {
    const cursors = await this.savedCursors(log)
    return { materialised: cursors.get('materialised') ?? NONE, published: cursors.get('published') ?? NONE }
  }

  async saveCursor(log: LogId, view: keyof LogCursors | 'dropped', cursor: Offset): Promise<void> {
    // Whichever write arrives last, the highest stays.
    await this.run(SAVE_CURSOR, [log, view, long(cursor), long(cursor + 1)])
  }

  async dropBelow(log: LogId, below: Offset): Promise<void> {
    const end = this.ends.get(log)
    const whole = end !== undefined && below >= end
    const stays = whole ? segmentOf(below) + 1 : segmentOf(below)
    const first = this.firstSegments.get(log) ?? segmentOf((await this.savedCursors(log)).get('dropped') ?? 0)
    for (let segment = first; segment < stays; segment++) await this.run(DROP_SEGMENT, [log, segment])
    if (stays > first) {
      this.firstSegments.set(log, stays)
      await this.saveCursor(log, 'dropped', (stays * SEGMENT_ENTRIES) as Offset)
    }
    if (!whole) return
    await this.run(DROP_LOG, [log])
    await this.run(FORGET, [RING, log])
    this.firstSegments.delete(log)
    this.ends.delete(log)
  }

  async list(): Promise<LogId[]> {
    const logs: LogId[] = []
    for await (const row of await this.run(LIST, [RING])) logs.push(row.log as LogId)
    return logs
  }

  async close(): Promise<void> {}

  private async savedCursors(log: LogId): Promise<Map<string, Offset>> {
    const { rows } = await this.run(CURSORS, [log])
    return new Map(rows.map((row) => [row.view_name as string, Number(row.cursor) as Offset]))
  }

  private run(query: string, params: unknown[]) {
    return this.client.execute(query, params, REPEATABLE)
  }
}

const NONE = 0 as Offset
