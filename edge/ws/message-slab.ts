const SLAB_BYTES = 64 * 1024

/**
 * Keeps copies of what uWebSockets lends for the time of a callback. Small messages share one piece of memory: an
 * ArrayBuffer of its own for each costs more than the copy.
 */
export class MessageSlab {
  private slab = new Uint8Array(SLAB_BYTES)
  private at = 0

  copy(lent: ArrayBuffer): Uint8Array {
    const length = lent.byteLength
    if (length > SLAB_BYTES / 4) return new Uint8Array(lent.slice(0))
    if (this.at + length > SLAB_BYTES) {
      this.slab = new Uint8Array(SLAB_BYTES)
      this.at = 0
    }
    const copied = this.slab.subarray(this.at, this.at + length)
    copied.set(new Uint8Array(lent))
    this.at += length
    return copied
  }
}
