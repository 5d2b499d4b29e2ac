import { randomUUID } from 'node:crypto'
import type { LogId, NodeId } from '@chat4all/protocol'

/** A name that no log ever had: whose it is, when it began, and chance. */
export function newLogName(node: NodeId, now: number): LogId {
  return `${node}.${new Date(now).toISOString().replace(/[-:.]/g, '')}.${randomUUID().slice(0, 8)}` as LogId
}

export function nodeOfLog(log: LogId): NodeId {
  return log.split('.').slice(0, -2).join('.') as NodeId
}
