import type { FileHandle } from 'node:fs/promises'

/** Takes the bytes of one part, chunk by chunk, to its place in the upload's file. */
export class PartWriter {
  private readonly file: FileHandle
  private readonly start: number
  private readonly bytesExpected: number
  private readonly onEnd: (whole: boolean) => Promise<void>
  private written = 0
  private ended = false

  constructor(file: FileHandle, start: number, bytesExpected: number, onEnd: (whole: boolean) => Promise<void>) {
    this.file = file
    this.start = start
    this.bytesExpected = bytesExpected
    this.onEnd = onEnd
  }

  /** One call at a time. @throws RangeError past the part's size. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.written + chunk.length > this.bytesExpected) {
      throw new RangeError(`the part has ${this.bytesExpected} bytes, and more came`)
    }
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await this.file.write(chunk, at, chunk.length - at, this.start + this.written)
      at += bytesWritten
      this.written += bytesWritten
    }
  }

  /** Resolves when the part is on stable storage, and counts. @throws RangeError when bytes are missing. */
  async finish(): Promise<void> {
    if (this.written !== this.bytesExpected) {
      throw new RangeError(`the part has ${this.bytesExpected} bytes, and ${this.written} came`)
    }
    await this.file.datasync()
    await this.end(true)
  }

  /** What came does not count. May be called after anything. */
  async abandon(): Promise<void> {
    await this.end(false)
  }

  private async end(whole: boolean): Promise<void> {
    if (this.ended) return
    this.ended = true
    await this.file.close()
    await this.onEnd(whole)
  }
}
