/** Where the bytes of an upload come from. */
export interface FileSource {
  readonly name: string
  readonly size: number
  /** Media type; application/octet-stream where it is not known. */
  readonly mime: string
  /** Changes when the content does, as far as can be told: an upload is not resumed with other bytes. */
  readonly fingerprint: string
  /** Bytes from `start` up to `end`. The answer may lie in `into`, which has room for them. */
  read(start: number, end: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
  close?(): Promise<void>
}

/** A File or Blob of a browser. */
export function blobSource(blob: Blob & { readonly name?: string; readonly lastModified?: number }): FileSource {
  return {
    name: blob.name ?? 'file',
    size: blob.size,
    mime: blob.type === '' ? 'application/octet-stream' : blob.type,
    fingerprint: `${blob.size} ${blob.lastModified ?? ''}`,
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  }
}
