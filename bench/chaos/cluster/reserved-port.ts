import { createServer } from 'node:net'

/**
 * Ports for processes that are restarted during a run. They lie below those that systems give to outgoing connections
 * (Linux: from 32768): a port from there would sooner or later be taken while its process is down.
 */
const FIRST = 20_000
const COUNT = 12_000
const TRIES = 200

const given = new Set<number>()

export async function reservedPort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no free port between ${FIRST} and ${FIRST + COUNT}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
