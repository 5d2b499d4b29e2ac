import { createHash, type Hash } from 'node:crypto'
import type { ObjectDigest } from '../port.js'

/** SHA-256 of a whole and of its parts, from chunks that are cut anyhow. */
export class PartHashes {
  private readonly partBytes: number
  private readonly whole = createHash('sha256')
  private part: Hash | undefined
  private partFilled = 0
  private readonly parts: string[] = []
  private bytes = 0

  constructor(partBytes: number) {
    this.partBytes = partBytes
  }

  update(chunk: Uint8Array): void {
    this.whole.update(chunk)
    this.bytes += chunk.length
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + this.partBytes - this.partFilled)
      this.part ??= createHash('sha256')
      this.part.update(piece)
      this.partFilled += piece.length
      at += piece.length
      if (this.partFilled === this.partBytes) this.endPart()
    }
  }

  finish(): ObjectDigest {
    if (this.part !== undefined) this.endPart()
    return { bytes: this.bytes, sha256: this.whole.digest('hex'), parts: this.parts }
  }

  private endPart(): void {
    this.parts.push(this.part!.digest('hex'))
    this.part = undefined
    this.partFilled = 0
  }
}
