import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Place, Records, Version } from './port.js'

/**
 * Cassandra counts whole seconds: what is to live for one may be gone in a millisecond. Of this at least four are left, for
 * what has to happen while a record lives.
 */
const TTL_SECONDS = 5

export interface RecordsContractOptions {
  /** Closes records and opens the same again; leave it out for what lives in memory. */
  readonly reopen?: (records: Records) => Promise<Records>
  /** Lets so many seconds pass. */
  readonly pass: (seconds: number) => Promise<void>
}

/**
 * What every adapter of Records promises, as tests.
 * @param open opens records of their own, empty
 */
export function recordsContract(name: string, open: () => Promise<Records>, options: RecordsContractOptions): void {
  const { reopen, pass } = options
  const behaves = (what: string, run: (records: Records) => Promise<Records | undefined>) =>
    test(`records, ${name}: ${what}`, async () => {
      const records = await open()
      await ((await run(records)) ?? records).close()
    })

  behaves('what was never put is not there', async (records) => {
    assert.equal(await records.get(place('a')), undefined)
    assert.deepEqual(await records.list(webhooks, { limit: 10 }), [])
    return undefined
  })

  behaves('a record comes back as it was put, with a version that rises with each change', async (records) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    assert.equal(await records.put(place('a'), bytes.subarray(1, 255), undefined), true)
    const first = (await records.get(place('a')))!
    assert.deepEqual([...first.value], [...bytes.subarray(1, 255)])
    assert.equal(await records.put(place('a'), new Uint8Array(), first.version), true)
    const second = (await records.get(place('a')))!
    assert.equal(second.value.length, 0)
    assert.ok(second.version > first.version)
    return undefined
  })

  behaves('a change that expects another version is not made', async (records) => {
    await records.put(place('a'), text('one'), undefined)
    const { version } = (await records.get(place('a')))!
    assert.equal(await records.put(place('a'), text('two'), undefined), false)
    assert.equal(await records.put(place('a'), text('two'), (version + 1) as Version), false)
    assert.equal(await records.put(place('b'), text('two'), version), false)
    assert.equal(await records.remove(place('a'), (version - 1) as Version), false)
    assert.equal(await records.remove(place('b'), version), false)
    assert.deepEqual(await contentOf(records, 'a'), 'one')
    assert.equal(await records.get(place('b')), undefined)
    return undefined
  })

  behaves('of several that change a record at once, exactly one does', async (records) => {
    const creators = await Promise.all(['1', '2', '3', '4'].map((one) => records.put(place('a'), text(one), undefined)))
    assert.equal(creators.filter(Boolean).length, 1)
    assert.equal(await contentOf(records, 'a'), String(creators.indexOf(true) + 1))
    const { version } = (await records.get(place('a')))!
    const changers = await Promise.all(['1', '2', '3', '4'].map((one) => records.put(place('a'), text(one), version)))
    assert.equal(changers.filter(Boolean).length, 1)
    assert.equal(await contentOf(records, 'a'), String(changers.indexOf(true) + 1))
    return undefined
  })

  behaves('who holds a version of a removed record cannot change the one made in its place', async (records) => {
    await records.put(place('a'), text('old'), undefined)
    const { version } = (await records.get(place('a')))!
    assert.equal(await records.remove(place('a'), version), true)
    assert.equal(await records.get(place('a')), undefined)
    assert.equal(await records.put(place('a'), text('new'), undefined), true)
    assert.equal(await records.put(place('a'), text('stale'), version), false)
    assert.equal(await records.remove(place('a'), version), false)
    assert.equal(await contentOf(records, 'a'), 'new')
    return undefined
  })

  behaves(
    'a partition is listed in the byte order of its keys, page by page, and nothing of its neighbours',
    async (records) => {
      // U+FF61 comes before U+1F600 in bytes, and behind it in the order of JavaScript's strings.
      const keys = ['a', 'a/1', 'a/10', 'a/2', 'ab', 'b', '\uff61', '\u{1f600}']
      for (const key of [...keys].reverse()) await records.put(place(key), text(key), undefined)
      await records.put({ ...webhooks, partition: 'app-12', key: 'x' }, text('x'), undefined)
      await records.put({ ...webhooks, partition: 'app', key: 'x' }, text('x'), undefined)
      await records.put({ ...webhooks, kind: 'webhook-2', key: 'x' }, text('x'), undefined)
      const listed = await records.list(webhooks, { limit: 1_000 })
      assert.deepEqual(
        listed.map(({ key }) => key),
        keys,
      )
      assert.deepEqual(
        listed.map(({ value }) => Buffer.from(value).toString()),
        keys,
      )
      assert.equal(listed[0]!.version, (await records.get(place('a')))!.version)
      const paged: string[] = []
      for (let page = await records.list(webhooks, { limit: 3 }); page.length > 0; ) {
        paged.push(...page.map(({ key }) => key))
        page = await records.list(webhooks, { limit: 3, after: paged.at(-1)! })
      }
      assert.deepEqual(paged, keys)
      return undefined
    },
  )

  behaves('keys with a prefix are listed alone, from any place on', async (records) => {
    const keys = ['a', 'a/', 'a/1', 'a/2', 'a0', 'b', '\u{10ffff}', '\u{10ffff}1']
    for (const key of keys) await records.put(place(key), text(key), undefined)
    const list = async (prefix: string, after?: string) =>
      (await records.list(webhooks, { limit: 10, prefix, ...(after !== undefined && { after }) })).map(({ key }) => key)
    assert.deepEqual(await list('a/'), ['a/', 'a/1', 'a/2'])
    assert.deepEqual(await list('a/', 'a'), ['a/', 'a/1', 'a/2'])
    assert.deepEqual(await list('a/', 'a/'), ['a/1', 'a/2'])
    assert.deepEqual(await list('a/', 'a/1'), ['a/2'])
    assert.deepEqual(await list('a/', 'b'), [])
    assert.deepEqual(await list('\u{10ffff}'), ['\u{10ffff}', '\u{10ffff}1'])
    assert.deepEqual(await list(''), keys)
    return undefined
  })

  behaves('a record with a time to live is gone after it, and can be made anew', async (records) => {
    await records.put(place('short'), text('1'), undefined, { ttlSeconds: TTL_SECONDS })
    await records.put(place('long'), text('1'), undefined, { ttlSeconds: 1_000 })
    const { version } = (await records.get(place('short')))!
    await pass(TTL_SECONDS + 2)
    assert.equal(await records.get(place('short')), undefined)
    assert.deepEqual(
      (await records.list(webhooks, { limit: 10 })).map(({ key }) => key),
      ['long'],
    )
    assert.equal(await records.put(place('short'), text('2'), version), false)
    assert.equal(await records.remove(place('short'), version), false)
    assert.equal(await records.put(place('short'), text('2'), undefined), true)
    await pass(TTL_SECONDS + 2)
    assert.equal(await contentOf(records, 'short'), '2')
    return undefined
  })

  behaves('each put says anew whether the record lives on', async (records) => {
    await records.put(place('kept'), text('1'), undefined, { ttlSeconds: TTL_SECONDS })
    await records.put(place('left'), text('1'), undefined)
    await records.put(place('kept'), text('2'), (await records.get(place('kept')))!.version)
    await records.put(place('left'), text('2'), (await records.get(place('left')))!.version, {
      ttlSeconds: TTL_SECONDS,
    })
    await pass(TTL_SECONDS + 2)
    assert.equal(await contentOf(records, 'kept'), '2')
    assert.equal(await records.get(place('left')), undefined)
    assert.equal(await records.put(place('left'), text('3'), undefined), true)
    return undefined
  })

  behaves('names and bounds that make no sense are refused', async (records) => {
    const put = (at: Partial<Place>) => records.put({ ...place('a'), ...at }, text('x'), undefined)
    await assert.rejects(put({ kind: 'web hook' }), RangeError)
    await assert.rejects(put({ partition: '' }), RangeError)
    await assert.rejects(put({ key: '' }), RangeError)
    await assert.rejects(put({ key: 'a\0b' }), RangeError)
    await assert.rejects(put({ key: '\ud800' }), RangeError)
    await assert.rejects(put({ key: 'ä'.repeat(513) }), RangeError)
    await assert.rejects(records.put(place('a'), text('x'), undefined, { ttlSeconds: 0.5 }), RangeError)
    await assert.rejects(records.put(place('a'), new Uint8Array(1_048_577), undefined), RangeError)
    await assert.rejects(records.list(webhooks, { limit: 0 }), RangeError)
    await assert.rejects(records.list(webhooks, { limit: 1_001 }), RangeError)
    assert.equal(await put({ key: 'k'.repeat(1_024), partition: 'p/ä'.repeat(256) }), true)
    return undefined
  })

  if (reopen === undefined) return

  behaves('records are there after a restart, at the same versions', async (records) => {
    await records.put(place('a'), text('1'), undefined)
    await records.put(place('b'), text('1'), undefined)
    const { version } = (await records.get(place('a')))!
    const again = await reopen(records)
    assert.equal(await again.put(place('a'), text('2'), version), true)
    assert.equal(await contentOf(again, 'a'), '2')
    assert.equal(await contentOf(again, 'b'), '1')
    return again
  })
}

const webhooks = { kind: 'webhook', partition: 'app-1' }
const place = (key: string): Place => ({ ...webhooks, key })
const text = (content: string): Uint8Array => Buffer.from(content)

async function contentOf(records: Records, key: string): Promise<string | undefined> {
  const record = await records.get(place(key))
  return record && Buffer.from(record.value).toString()
}
