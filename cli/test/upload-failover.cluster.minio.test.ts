import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { testEngine } from '@chat4all/protocol/testing'
import { blobSource, requestToken, type UploadState } from '@chat4all/sdk'
import { nodeFiles } from '@chat4all/sdk/node'
import { EngineCluster } from './engine-cluster.js'

// Parts go to a real S3 store; two edges, each a process, know where they belong.

const S3 = testEngine('CHAT4ALL_TEST_MINIO')
const PART_BYTES = 8 * 1024 * 1024
/** More parts than the first answer has addresses for: a second edge has to give the rest. */
const PARTS = 18
const SECRET = 'a-secret-for-this-test-only'

describe('an upload whose edge is killed', () => {
  const cluster = new EngineCluster({
    CHAT4ALL_S3: S3.includes('://') ? S3 : `http://${S3}`,
    CHAT4ALL_S3_ACCESS_KEY: process.env.CHAT4ALL_TEST_MINIO_KEY ?? 'chat4all-test',
    CHAT4ALL_S3_SECRET_KEY: process.env.CHAT4ALL_TEST_MINIO_SECRET ?? 'chat4all-test-secret',
    CHAT4ALL_S3_BUCKET: 'test-upload-failover',
  })
  const uploaded: string[] = []
  let token: string

  before(async () => {
    await cluster.spawn('shard-node', 'node-1')
    for (const name of ['edge-1', 'edge-2']) await cluster.spawn('edge', name)
    await Promise.all(['edge-1', 'edge-2'].map((name) => cluster.process(name).ready()))
    const { url } = cluster.process('edge-2')
    token = (await requestToken(url, { clientId: 'demo', clientSecret: SECRET, user: 'ann' })).accessToken
  })
  after(async () => {
    const files = nodeFiles({ url: cluster.process('edge-2').url, token })
    for (const id of uploaded) await files.remove(id)
    await cluster.end()
  })

  /** Random bytes, as a file of a browser or an app would give them. */
  function newFile() {
    const bytes = randomBytes((PARTS - 1) * PART_BYTES + 5)
    const source = blobSource(new File([bytes], 'film.bin', { lastModified: 1 }))
    return { bytes, source, checksum: createHash('sha256').update(bytes).digest('hex') }
  }

  /** Files of an app that counts how often each part reached the store whole. */
  function countingFiles(urls: readonly string[], onStored: () => void) {
    const stored = new Map<number, number>()
    const files = nodeFiles({
      url: urls,
      token,
      async transport(url, body, { signal, onSent }) {
        const { status } = await fetch(url, { method: 'PUT', body, signal })
        if (status === 200) {
          const part = Number(new URL(url).searchParams.get('partNumber'))
          stored.set(part, (stored.get(part) ?? 0) + 1)
          onSent(body.length)
          onStored()
        }
        return status
      },
    })
    return { files, stored, again: () => [...stored.values()].reduce((sum, times) => sum + times - 1, 0) }
  }

  async function downloadedChecksum(id: string): Promise<string> {
    const { url } = await nodeFiles({ url: cluster.process('edge-2').url, token }).downloadUrl(id)
    const hash = createHash('sha256')
    for await (const chunk of (await fetch(url)).body!) hash.update(chunk)
    return hash.digest('hex')
  }

  test('goes on through another edge, and no part is sent twice', async () => {
    const { source, checksum } = newFile()
    const [one, two] = ['edge-1', 'edge-2'].map((name) => cluster.process(name))
    let killing: Promise<unknown> | undefined
    const { files, stored, again } = countingFiles([one!.url, two!.url], () => {
      if (stored.size === 5) killing = one!.end('SIGKILL')
    })
    const file = await files.uploadFile(source).result
    uploaded.push(file.file_id)
    await killing
    assert.notEqual(killing, undefined)
    assert.equal(file.checksum, checksum)
    assert.deepEqual([stored.size, again()], [PARTS, 0])
    assert.equal(await downloadedChecksum(file.file_id), checksum)
    await (await cluster.spawn('edge', 'edge-1')).ready()
  })

  test('goes on through another edge after the client died with it, and sends only what was not there', async () => {
    const { source, checksum } = newFile()
    const [one, two] = ['edge-1', 'edge-2'].map((name) => cluster.process(name))
    let state: UploadState | undefined
    let die = (): void => {}
    const dead = new Promise<void>((resolve) => {
      die = resolve
    })
    const first = countingFiles([one!.url], () => first.stored.size === 7 && die())
    const onState = (now: UploadState | undefined): void => {
      state = now
    }
    const upload = first.files.uploadFile(source, { onState })
    await dead
    await Promise.all([one!.end('SIGKILL'), upload.abort()])
    const there = new Set(first.stored.keys())
    const second = countingFiles([two!.url], () => {})
    const file = await second.files.uploadFile(source, { resume: state }).result
    uploaded.push(file.file_id)
    assert.equal(file.checksum, checksum)
    const sentAgain = [...second.stored.keys()].filter((part) => there.has(part))
    assert.ok(sentAgain.length <= 1, `parts ${sentAgain} were there, and were sent again`)
    // Parts that arrived while their sender died are there too, and are not sent either.
    assert.ok(
      there.size >= 7 && second.stored.size <= PARTS - there.size,
      `${there.size} and ${second.stored.size} parts`,
    )
    assert.equal(await downloadedChecksum(file.file_id), checksum)
  })
})
