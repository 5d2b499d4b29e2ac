import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'

const RETRY_MS = 500

/**
 * Runs `work` while nobody else on this machine is at work under that name: two test runs would else delete each
 * other's half-built engine. The lock is a socket without a file, so that it ends with its process, however that ends.
 */
export async function withLock<T>(name: string, work: () => Promise<T>, onWait: () => void): Promise<T> {
  const path = `\0chat4all-engines-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
  let lock = await tryToListen(path)
  if (lock === undefined) onWait()
  while (lock === undefined) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    lock = await tryToListen(path)
  }
  try {
    return await work()
  } finally {
    lock.close()
  }
}

function tryToListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => resolve(server))
  })
}
