import type { LogId, Offset } from '@chat4all/protocol'
import type { FileSystem, OpenFile } from '../../file-system/port.js'
import { CorruptLogError } from '../port.js'
import { durableBelow, type LogState } from './log-state.js'
import { checksumSeed, isIntact, MAGIC_BYTES, readHeader } from './record.js'
import { RecordReader } from './record-reader.js'
import { Segment, segmentNumber, segmentPath } from './segment.js'

/** Where the end of a log was cut off, after a crash: what stood there is part of a write that was never acknowledged. */
export interface TornTail {
  readonly log: LogId
  readonly file: string
  readonly position: number
  /** The offset that the torn entry would have had. */
  readonly offset: Offset
}

export interface RecoveredSegments {
  /** Those that hold entries, in order. */
  readonly segments: Segment[]
  readonly torn: TornTail | undefined
  /** From here on no file has the number. */
  readonly nextNumber: number
}

/**
 * Reads every record of a log and finds its end (docs/decisions/0012):
 * - zeroes: the end, as preallocated;
 * - bytes that are no intact record, and nothing proves that one was ever durable here: a torn tail, cut off;
 * - the same, but a record behind it, or the log's state, says that an entry here was durable: damaged.
 * @throws CorruptLogError
 */
export async function recoverSegments(
  fileSystem: FileSystem,
  folder: string,
  log: LogId,
  state: LogState,
): Promise<RecoveredSegments> {
  const numbers = ((await fileSystem.listFolder(folder)) ?? []).map(segmentNumber).filter((n) => n !== undefined)
  numbers.sort((a, b) => a - b)
  const recovery = new Recovery(log, state)
  for (const number of numbers) {
    const path = segmentPath(folder, number)
    const file = await fileSystem.openFile(path, 'read')
    try {
      await recovery.read(file, path, number)
    } finally {
      await file.close()
    }
  }
  recovery.checkEnd(folder)
  await cutOff(fileSystem, folder, numbers, recovery)
  return { segments: recovery.segments, torn: recovery.torn, nextNumber: (numbers.at(-1) ?? 0) + 1 }
}

interface Place {
  readonly path: string
  readonly position: number
}

class Recovery {
  readonly segments: Segment[] = []
  torn: TornTail | undefined
  private readonly log: LogId
  private readonly state: LogState
  private readonly seed: number
  /** The offset that comes next. */
  private end = 0 as Offset
  /** Where the record of entry `end` should stand. */
  private stopped: Place | undefined

  constructor(log: LogId, state: LogState) {
    this.log = log
    this.state = state
    this.seed = checksumSeed(log)
  }

  async read(file: OpenFile, path: string, number: number): Promise<void> {
    const reader = new RecordReader(file, this.seed, 0)
    const first = await reader.next(undefined)
    if (first !== undefined && this.segments.length === 0) this.begin(first.header.offset, path)
    if (first?.header.offset === this.end) {
      const segment = new Segment(path, number, this.end)
      this.segments.push(segment)
      segment.add(0)
      for (;;) {
        const position = reader.position
        if ((await reader.next(segment.end)) === undefined) break
        segment.add(position)
      }
      this.end = segment.end
      this.torn = undefined
      this.stopped = { path, position: reader.position }
    } else if (first === undefined || this.stopped === undefined) {
      this.stopped = { path, position: 0 }
    }
    const rest = await contentFrom(file, this.stopped.path === path ? this.stopped.position : 0)
    if (rest === undefined) return
    if (provesDurable(rest, this.seed, this.end)) {
      throw damaged(this.torn ?? this.stopped, `entry ${this.end} is not intact, and entries behind it are`)
    }
    this.torn ??= { log: this.log, file: this.stopped.path, position: this.stopped.position, offset: this.end }
  }

  /** What lies below the first entry was dropped: then a durable cursor has passed it. */
  private begin(first: Offset, path: string): void {
    if (first > this.state.materialised) {
      const { materialised } = this.state
      throw damaged(
        { path, position: 0 },
        `it begins with entry ${first}, but only those below ${materialised} may be gone`,
      )
    }
    this.end = first
  }

  checkEnd(folder: string): void {
    const below = durableBelow(this.state)
    if (this.end >= below) return
    const place = this.torn ?? this.stopped ?? { path: folder, position: 0 }
    throw damaged(place, `entry ${this.end} is not intact, and all below ${below} were stored`)
  }
}

function damaged(place: Place | TornTail, what: string): CorruptLogError {
  return new CorruptLogError('path' in place ? place.path : place.file, place.position, what)
}

const WINDOW_BYTES = 1024 * 1024
const zeroes = Buffer.alloc(WINDOW_BYTES)

/** What stands in the file from `position` on; undefined when that is nothing but zeroes. */
async function contentFrom(file: OpenFile, position: number): Promise<Buffer | undefined> {
  const size = await file.size()
  const window = Buffer.allocUnsafeSlow(Math.max(0, Math.min(WINDOW_BYTES, size - position)))
  for (let at = position; at < size; at += window.length) {
    const got = window.subarray(0, await file.read(window, at))
    if (got.equals(zeroes.subarray(0, got.length))) continue
    const rest = Buffer.allocUnsafeSlow(size - position)
    await file.read(rest, position)
    return rest
  }
  return undefined
}

/** Whether an intact record in these bytes says that entry `offset` was durable before it was written itself. */
function provesDurable(bytes: Buffer, seed: number, offset: Offset): boolean {
  for (let at = bytes.indexOf(MAGIC_BYTES); at >= 0; at = bytes.indexOf(MAGIC_BYTES, at + 1)) {
    const header = readHeader(bytes, at)
    if (header !== undefined && header.synced > offset && isIntact(bytes, at, header, seed)) return true
  }
  return false
}

/** Removes the torn tail, and segments that hold nothing: whatever is appended next begins a new one. */
async function cutOff(fileSystem: FileSystem, folder: string, numbers: number[], recovery: Recovery): Promise<void> {
  const { segments, torn } = recovery
  if (torn !== undefined && torn.file === segments.at(-1)?.path) {
    const file = await fileSystem.openFile(torn.file, 'durable')
    try {
      await file.truncate(torn.position)
      await file.sync()
    } finally {
      await file.close()
    }
  }
  const kept = new Set(segments.map((segment) => segment.number))
  const empty = numbers.filter((number) => !kept.has(number))
  for (const number of empty) await fileSystem.removeFile(segmentPath(folder, number))
  if (empty.length > 0) await fileSystem.syncFolder(folder)
}
