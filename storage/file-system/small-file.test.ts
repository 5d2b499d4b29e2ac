import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { nodeFileSystem } from './node.js'
import { writeWhole } from './port.js'
import { SimulatedFileSystem } from './simulated.js'
import { readSmallFile, replaceFile } from './small-file.js'

test('a small file is replaced as a whole, on the real file system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-file-'))
  try {
    const path = join(folder, 'file')
    assert.equal(await readSmallFile(nodeFileSystem, path), undefined)
    await replaceFile(nodeFileSystem, path, 'a first content that is long')
    await replaceFile(nodeFileSystem, path, 'äöü')
    assert.equal(await readSmallFile(nodeFileSystem, path), 'äöü')
    assert.deepEqual(await nodeFileSystem.listFolder(folder), ['file'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('wherever the power fails, a small file has its old content or its new one', async () => {
  const seen = new Set<string | undefined>()
  for (const survives of [0, 0.99]) {
    for (let call = 1; ; call++) {
      const disk = new SimulatedFileSystem()
      await replaceFile(disk, '/file', 'old')
      let calls = 0
      let after: SimulatedFileSystem | undefined
      disk.fault = () => {
        if (++calls === call) after = disk.crash(() => survives)
        return undefined
      }
      await replaceFile(disk, '/file', 'new').catch(() => {})
      const content = await readSmallFile(after ?? disk.crash(() => survives), '/file')
      assert.ok(content === 'old' || content === 'new')
      seen.add(content)
      if (after !== undefined) continue
      assert.equal(content, 'new')
      break
    }
  }
  assert.deepEqual([...seen].sort(), ['new', 'old'])
})

test('a damaged byte anywhere in a small file is found', async () => {
  for (let position = 0; position < 8 + 1 + 7; position++) {
    const disk = new SimulatedFileSystem()
    await replaceFile(disk, '/file', 'content')
    disk.damage('/file', position)
    if (position === 8) continue // the line break behind the checksum: nobody reads it
    await assert.rejects(readSmallFile(disk, '/file'), { name: 'DamagedFileError', file: '/file' })
  }
})

test('durable writes, short writes and reads past the end, on the real file system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chat4all-file-'))
  try {
    const path = join(folder, 'file')
    await (await nodeFileSystem.openFile(path, 'create')).close()
    await assert.rejects(nodeFileSystem.openFile(path, 'create'), { code: 'EEXIST' })
    const file = await nodeFileSystem.openFile(path, 'durable')
    await writeWhole(file, [Buffer.from('abc'), Buffer.alloc(0), Buffer.from('def')], 2)
    const bytes = Buffer.alloc(20)
    assert.equal(await file.read(bytes, 0), 8)
    assert.equal(bytes.toString('latin1', 0, 8), '\0\0abcdef')
    await file.truncate(4)
    assert.equal(await file.size(), 4)
    await file.close()
    await nodeFileSystem.removeFile(path)
    await nodeFileSystem.removeFile(path)
    assert.equal(await nodeFileSystem.listFolder(join(folder, 'none')), undefined)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a write that comes short again and again loses no byte and doubles none', async () => {
  for (const bytes of [1, 2, 3, 5]) {
    const disk = new SimulatedFileSystem()
    const file = await disk.openFile('/file', 'create')
    disk.fault = ({ kind }) => (kind === 'write' ? bytes : undefined)
    await writeWhole(file, [Buffer.from('ab'), Buffer.from('cde'), Buffer.from('f')], 0)
    const read = Buffer.alloc(6)
    await file.read(read, 0)
    assert.equal(read.toString(), 'abcdef')
  }
})
