import type { Millis, Seq, UserId } from '@chat4all/protocol'
import type { ConversationData, StoredCursor, StoredMember } from '../port.js'

/** The small rows of a conversation: data, members, cursors. */

/** With the version of its labels: the seq of the change that put them so, 0 at creation. */
export interface LabelledData extends ConversationData {
  readonly version: Seq
}

export function encodeData({ app, type, created, metadata, ttl, version }: LabelledData): Buffer {
  return Buffer.from(JSON.stringify({ app, type, created, metadata, ttl, ...(version > 0 && { version }) }))
}

export function decodeLabelled(row: Buffer): LabelledData {
  const { version = 0 } = JSON.parse(row.toString()) as { version?: number }
  return { ...decodeData(row), version: version as Seq }
}

export function decodeData(row: Buffer): ConversationData {
  const { app, type, created, metadata, ttl } = JSON.parse(row.toString()) as ConversationData
  return { app, type, created, metadata, ttl }
}

const ADMIN = 1
const PRESENT = 2

export function encodeMember(member: StoredMember): Buffer {
  const row = Buffer.allocUnsafe(9)
  row[0] = (member.role === 'admin' ? ADMIN : 0) | (member.present ? PRESENT : 0)
  row.writeDoubleLE(member.version, 1)
  return row
}

export function decodeMember(user: UserId, row: Buffer): StoredMember {
  const flags = row[0]!
  return {
    user,
    role: (flags & ADMIN) !== 0 ? 'admin' : 'member',
    present: (flags & PRESENT) !== 0,
    version: row.readDoubleLE(1) as Seq,
  }
}

export function encodeCursor(cursor: StoredCursor): Buffer {
  const row = Buffer.allocUnsafe(16)
  row.writeDoubleLE(cursor.delivered, 0)
  row.writeDoubleLE(cursor.read, 8)
  return row
}

export function decodeCursor(user: UserId, row: Buffer): StoredCursor {
  return { user, delivered: row.readDoubleLE(0) as Seq, read: row.readDoubleLE(8) as Seq }
}

export function encodeTime(time: Millis): Buffer {
  const row = Buffer.allocUnsafe(8)
  row.writeDoubleLE(time)
  return row
}

export function decodeTime(row: Buffer): Millis {
  return row.readDoubleLE() as Millis
}

/** Each field only rises. */
export function laterCursor(a: StoredCursor, b: StoredCursor | undefined): StoredCursor {
  if (b === undefined) return a
  return {
    user: a.user,
    delivered: Math.max(a.delivered, b.delivered) as Seq,
    read: Math.max(a.read, b.read) as Seq,
  }
}
