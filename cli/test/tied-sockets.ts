import type { Socket } from 'node:net'

/** Lets each of two sockets end with the other; `open` has them until then. What one is told, and how, is the caller's. */
export function tieSockets(near: Socket, far: Socket, open: Set<Socket>): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    open.add(from)
    from.on('error', () => {})
    from.on('close', () => {
      open.delete(from)
      to.destroy()
    })
  }
}
