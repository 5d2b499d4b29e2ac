import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppId, ConversationId, UserId } from '@chat4all/protocol'
import type { Records } from '../records/port.js'
import { app, at, content, file, reference, sha256 } from './contract-samples.js'
import type { FileId, StoredContent } from './port.js'
import { recordsFiles } from './records.js'

/**
 * What a FileStore promises on any adapter of records, as tests.
 * @param open opens records of their own, empty
 */
export function filesContract(name: string, open: () => Promise<Records>): void {
  const behaves = (what: string, run: (records: Records) => Promise<void>) =>
    test(`files, ${name}: ${what}`, async () => {
      const records = await open()
      try {
        await run(records)
      } finally {
        await records.close()
      }
    })

  behaves('there is no file of an id that none can have', async (records) => {
    const files = recordsFiles(records)
    for (const id of ['', 'x'.repeat(5_000), 'a\u0000b', '\ud800']) {
      assert.equal(await files.get(app, id as FileId), undefined)
    }
  })

  behaves('a file is reminded of from before it exists until that is done', async (records) => {
    const files = recordsFiles(records)
    for (const id of ['f1', 'f2', 'f3']) await files.create(file(id), at(100))
    await files.remind(app, 'f1' as FileId, at(50))
    assert.deepEqual(await files.due(at(49), 10), [])
    assert.deepEqual(await files.due(at(99), 10), [{ app, file: 'f1', at: 50 }])
    await files.done({ app, file: 'f1' as FileId, at: at(50) })
    const due = await files.due(at(100), 10)
    assert.deepEqual(due.map(({ file }) => file).sort(), ['f1', 'f2', 'f3'])
    for (const reminder of due) await files.done(reminder)
    assert.deepEqual(await files.due(at(1_000), 10), [])
  })

  behaves('changes of a file that are made at once are all made', async (records) => {
    const files = recordsFiles(records)
    await files.create(file('f1'), at(1))
    await Promise.all(
      Array.from({ length: 8 }, () =>
        files.update(app, 'f1' as FileId, (current) => ({ ...current, name: `${current.name}.` })),
      ),
    )
    assert.equal((await files.get(app, 'f1' as FileId))!.name, 'a.txt........')
    assert.equal(await files.update(app, 'f1' as FileId, () => undefined), undefined)
    assert.equal(await files.update(app, 'f9' as FileId, (current) => current), undefined)
    assert.equal(await files.get('other' as AppId, 'f1' as FileId), undefined)
  })

  behaves('a file that is removed is in no conversation any more', async (records) => {
    const files = recordsFiles(records)
    const id = 'f1' as FileId
    await files.create(file('f1'), at(1))
    for (const one of ['c1', 'c2', 'c2']) await files.share(app, id, one as ConversationId)
    assert.deepEqual(await files.conversationsOf(app, id, { limit: 10 }), ['c1', 'c2'])
    assert.deepEqual(await files.conversationsOf(app, id, { limit: 10, after: 'c1' as ConversationId }), ['c2'])
    assert.equal(await files.isShared(app, id, 'c1' as ConversationId), true)
    assert.equal(await files.isShared('other' as AppId, id, 'c1' as ConversationId), false)
    await files.remove(app, id)
    await files.remove(app, id)
    assert.equal(await files.get(app, id), undefined)
    assert.equal(await files.isShared(app, id, 'c1' as ConversationId), false)
  })

  behaves('the same bytes are kept once, until the last file that refers to them is gone', async (records) => {
    const { contents } = recordsFiles(records)
    const removed: string[] = []
    const nothing = async () => {}
    const release = (id: string) =>
      contents.release(reference(id), async ({ object }) => void removed.push(object as string))
    assert.equal(await contents.adopt(reference('f0'), nothing), undefined)
    assert.equal((await contents.publish(reference('f1'), content('f1'), nothing)).object, 'demo/f1')
    assert.equal((await contents.publish(reference('f2'), content('f2'), nothing)).object, 'demo/f1')
    assert.equal((await contents.adopt(reference('f3', 'bob'), nothing))!.object, 'demo/f1')
    assert.equal(await contents.ownedBy(app, sha256, 'bob' as UserId), 'f3')
    assert.equal(await contents.ownedBy(app, sha256, undefined), undefined)
    assert.equal(await contents.get('other' as AppId, sha256), undefined)
    assert.deepEqual((await contents.files(app, sha256, 10)).sort(), ['f1', 'f2', 'f3'])
    await release('f1')
    await release('f1')
    await release('f2')
    assert.equal(removed.length, 0)
    await contents.release(reference('f3', 'bob'), async ({ object }) => void removed.push(object as string))
    assert.deepEqual(removed, ['demo/f1'])
    assert.equal(await contents.get(app, sha256), undefined)
  })

  behaves('bytes whose removal failed are not given to anybody, and removed by the next who tries', async (records) => {
    const { contents } = recordsFiles(records)
    const failing = async () => {
      throw new Error('the store is away')
    }
    await contents.publish(reference('f1'), content('f1'), failing)
    await assert.rejects(contents.release(reference('f1'), failing), /away/)
    assert.equal(await contents.get(app, sha256), undefined)
    await assert.rejects(contents.adopt(reference('f2'), failing), /away/)
    let removed = 0
    await contents.release(reference('f1'), async () => void removed++)
    assert.equal(removed, 1)
    assert.equal((await contents.publish(reference('f3'), content('f3'), failing)).object, 'demo/f3')
  })

  behaves(
    'of many that refer and let go at once, the last one out removes the bytes, and no lock is left',
    async (records) => {
      const { contents } = recordsFiles(records)
      const stored = new Set<string>()
      const removeBytes = async ({ object }: StoredContent) => void stored.delete(object)
      const comeAndGo = async (id: string) => {
        stored.add(`demo/${id}`)
        const { object } = await contents.publish(reference(id), content(id), removeBytes)
        if (object !== `demo/${id}`) stored.delete(`demo/${id}`)
        assert.ok(stored.has(object), `${object} is gone while ${id} refers to it`)
        await contents.release(reference(id), removeBytes)
      }
      await Promise.all(['f1', 'f2', 'f3', 'f4'].map(comeAndGo))
      assert.deepEqual(
        [[...stored], await contents.get(app, sha256), await contents.files(app, sha256, 10)],
        [[], undefined, []],
      )
      await comeAndGo('f5')
    },
  )
}
