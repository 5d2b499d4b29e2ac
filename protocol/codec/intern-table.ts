/**
 * Recent short ASCII strings, found by their bytes. Of a fixed size: a new string takes the place of whichever hashed
 * to the same one, so what a hostile client sends can only make it miss.
 */

const PLACES = 4096

export class InternTable {
  private readonly places: (string | undefined)[] = new Array<string | undefined>(PLACES).fill(undefined)

  /** The string whose characters are these bytes, if it is here. */
  find(bytes: Uint8Array, from: number, length: number): string | undefined {
    const text = this.places[place(bytes, from, length)]
    if (text === undefined || text.length !== length) return undefined
    for (let i = 0; i < length; i++) {
      if (text.charCodeAt(i) !== bytes[from + i]) return undefined
    }
    return text
  }

  /** Keeps `text`, whose characters are these bytes: the caller has made sure that it is ASCII. */
  keep(bytes: Uint8Array, from: number, length: number, text: string): void {
    this.places[place(bytes, from, length)] = text
  }
}

/** Hashes the end only: that is where ids differ. */
function place(bytes: Uint8Array, from: number, length: number): number {
  let hash = length
  const end = from + length
  for (let i = length > 8 ? end - 8 : from; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return (hash ^ (hash >>> 15)) & (PLACES - 1)
}
