import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { consulMembers } from './consul.js'
import type { Member } from './port.js'

/** The part of Consul that is watched: one member, and an index that rises when it changes. */
class FakeConsul {
  readonly server = createServer((req, res) => {
    const url = new URL(req.url ?? '', 'http://consul')
    if (this.broken) {
      this.refusals++
      res.writeHead(400).end('Bad request')
    } else if (!/^\/v1\/(health\/service|kv)\//.test(url.pathname)) res.end('{}')
    else if (url.searchParams.get('index') === String(this.index)) this.waiting.push(res)
    else this.answer(res, url.pathname.includes('/health/') ? [this.entry()] : [])
  })
  private index = 7
  private port = 7070
  private readonly waiting: ServerResponse[] = []
  broken = false
  refusals = 0

  private entry(): object {
    const Service = { ID: 'c-shard-node.n1', Address: '127.0.0.1', Port: this.port, Meta: { node: 'n1' } }
    return { Service, Checks: [{ Status: 'passing', Output: '' }] }
  }

  private answer(res: ServerResponse, found: object): void {
    res.writeHead(200, { 'x-consul-index': String(this.index), 'content-type': 'application/json' })
    res.end(JSON.stringify(found))
  }

  /** The member moves; those who wait are cut off, and find out when they ask again. */
  move(port: number): void {
    this.port = port
    this.index++
    for (const res of this.waiting.splice(0)) res.destroy()
  }
}

test('members go on to be followed after an answer for which the library gives its watches up', {
  timeout: 60_000,
}, async () => {
  const consul = new FakeConsul()
  consul.server.listen(0, '127.0.0.1')
  await once(consul.server, 'listening')
  const { port } = consul.server.address() as AddressInfo
  const members = consulMembers({ url: `http://127.0.0.1:${port}`, cluster: 'c' })
  let seen: readonly Member[] = []
  let wake = () => {}
  members.watch((all) => {
    seen = all
    wake()
  })
  const seesPort = async (wanted: number): Promise<void> => {
    while (seen[0]?.address !== `127.0.0.1:${wanted}`) await new Promise<void>((resolve) => (wake = resolve))
  }
  try {
    await seesPort(7070)
    consul.broken = true
    consul.move(7071)
    while (consul.refusals < 6) await new Promise((resolve) => setTimeout(resolve, 10))
    consul.broken = false
    await seesPort(7071)
    consul.move(7072)
    await seesPort(7072)
  } finally {
    await members.close()
    consul.server.closeAllConnections()
    consul.server.close()
  }
})
