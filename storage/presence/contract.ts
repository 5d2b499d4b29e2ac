import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, EdgeId, UserId } from '@chat4all/protocol'
import type { Presence } from './port.js'

/**
 * What every adapter of Presence promises, as tests. It is a hint: an edge that is named may have no session of the
 * user, but an edge that has one, and said so, is not left out.
 */
export function presenceContract(name: string, open: () => Promise<Presence>): void {
  const behaves = (what: string, run: (presence: Presence) => Promise<void>) =>
    test(`presence, ${name}: ${what}`, async () => {
      const presence = await open()
      await run(presence)
      await presence.close()
    })

  behaves('every edge that a user arrived at is found', async (presence) => {
    await presence.arrive(app, user, edge('one'))
    await presence.arrive(app, user, edge('two'))
    await mustFind(presence, ['one', 'two'])
  })

  behaves('arriving twice is arriving, and an edge that the user did not leave is still found', async (presence) => {
    await presence.arrive(app, user, edge('one'))
    await presence.arrive(app, user, edge('one'))
    await presence.arrive(app, user, edge('two'))
    await presence.leave(app, user, edge('two'))
    await mustFind(presence, ['one'])
  })

  behaves('a user who left can arrive again, and leaving where one is not does no harm', async (presence) => {
    await presence.leave(app, user, edge('one'))
    await presence.arrive(app, user, edge('one'))
    await presence.leave(app, user, edge('one'))
    await presence.arrive(app, user, edge('one'))
    await mustFind(presence, ['one'])
  })

  behaves('users of the same name in two apps are two', async (presence) => {
    await presence.arrive(app, user, edge('one'))
    await presence.leave('other-app' as AppId, user, edge('one'))
    await mustFind(presence, ['one'])
  })
}

const app = 'app' as AppId
const user = 'ana' as UserId
const edge = (name: string): EdgeId => `edge-${name}` as EdgeId

async function mustFind(presence: Presence, names: readonly string[]): Promise<void> {
  const found = await presence.where(app, user)
  if (found === 'everywhere') return
  for (const name of names) assert.ok(found.includes(edge(name)), `edge ${name} is missing in ${found}`)
}
