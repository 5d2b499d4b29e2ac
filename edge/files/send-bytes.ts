import type { HttpResponse } from 'uWebSockets.js'
import type { OpenObject } from '@chat4all/storage'

const CHUNK_BYTES = 256 * 1024

/**
 * Streams bytes of an object as the rest of an answer, no faster than the client takes them: one chunk is in memory.
 * Resolves when the last is written or the connection is gone. `isGone` tells whether it is: then nothing is touched.
 */
export async function sendBytes(
  res: HttpResponse,
  object: OpenObject,
  range: { readonly from: number; readonly to: number },
  isGone: () => boolean,
  onGone: (listener: () => void) => void,
): Promise<void> {
  const total = range.to - range.from
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, total))
  let wake = (): void => {}
  onGone(() => wake())
  for (let at = range.from; at < range.to; ) {
    const read = await object.read(buffer.subarray(0, Math.min(buffer.length, range.to - at)), at)
    if (isGone()) return
    // The object is shorter than it says: an end that the client can tell from a whole answer.
    if (read === 0) return void res.close()
    const chunk = buffer.subarray(0, read)
    const start = res.getWriteOffset()
    let [ok, done] = [true, false]
    res.cork(() => {
      ;[ok, done] = res.tryEnd(chunk, total)
    })
    at += read
    if (done) return
    if (ok) continue
    // The part that was not taken is offered again once there is room.
    await new Promise<void>((resolve) => {
      wake = resolve
      res.onWritable((offset) => {
        const [taken, ended] = res.tryEnd(chunk.subarray(offset - start), total)
        if (taken || ended) resolve()
        return taken
      })
    })
    if (isGone()) return
  }
}
