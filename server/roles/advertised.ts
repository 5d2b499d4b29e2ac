import type { LinkListener } from '@chat4all/router'

/** A listener that tells another address than the one it listens on: where others reach it. */
export function advertised(listener: LinkListener, address: string | undefined): LinkListener {
  if (address === undefined) return listener
  return {
    async listen(accept) {
      await listener.listen(accept)
      return { address }
    },
    close: () => listener.close(),
  }
}
