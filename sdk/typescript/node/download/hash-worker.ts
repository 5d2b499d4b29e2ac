import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import type { HashAnswer, HashRequest } from './file-hash.js'

// Runs in a thread of its own, so that bytes go on arriving while others are hashed. It reads what was just written:
// the file is still in memory, so that costs a copy, and what is hashed is what the file holds.

const READ_BYTES = 1024 * 1024

interface Hashing {
  readonly file: number
  readonly hash: Hash
}

const underWay = new Map<number, Hashing | { readonly fault: string }>()
const buffer = Buffer.allocUnsafe(READ_BYTES)

parentPort!.on('message', (request: HashRequest) => {
  const { id } = request
  switch (request.type) {
    case 'add':
      return add(id, request.path, request.start, request.end)
    case 'digest':
      parentPort!.postMessage(digest(id))
      return end(id)
    case 'discard':
      return end(id)
  }
})

function add(id: number, path: string, start: number, endOffset: number): void {
  try {
    const hashing = underWay.get(id) ?? { file: openSync(path, 'r'), hash: createHash('sha256') }
    if ('fault' in hashing) return
    underWay.set(id, hashing)
    for (let at = start; at < endOffset; ) {
      const bytes = readSync(hashing.file, buffer, 0, Math.min(READ_BYTES, endOffset - at), at)
      if (bytes === 0) throw new Error(`${path} ends at ${at}`)
      hashing.hash.update(buffer.subarray(0, bytes))
      at += bytes
    }
  } catch (error) {
    end(id)
    underWay.set(id, { fault: (error as Error).message })
  }
}

function digest(id: number): HashAnswer {
  const hashing = underWay.get(id)
  if (hashing === undefined) return { id, digest: createHash('sha256').digest('hex') }
  return 'fault' in hashing ? { id, fault: hashing.fault } : { id, digest: hashing.hash.digest('hex') }
}

function end(id: number): void {
  const hashing = underWay.get(id)
  if (hashing !== undefined && 'file' in hashing) closeSync(hashing.file)
  underWay.delete(id)
}
