import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort, ServerProcess } from './server-process.js'

/** Files as users of the command line have them, through a server that keeps them in its folder. */

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const SECRET = 'a-secret-for-this-test'
const folder = mkdtempSync(join(tmpdir(), 'chat4all-cli-files-'))
let port: number
let server: ServerProcess

before(async () => {
  port = await freePort()
  await startServer()
  for (const user of ['ann', 'ben']) {
    const login = ['login', '--url', server.url, '--client-id', 'demo', '--user', user, '--profile', user]
    await run(login, { CHAT4ALL_CLIENT_SECRET: SECRET })
  }
})
after(async () => {
  await server.end('SIGTERM')
  rmSync(folder, { recursive: true })
})

async function startServer(): Promise<void> {
  const args = ['all', '--demo', '--data-dir', join(folder, 'data')]
  server = await ServerProcess.spawn(args, { CHAT4ALL_DEMO_SECRET: SECRET }, port).ready()
}

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CHAT4ALL_'))
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...Object.fromEntries(inherited), CHAT4ALL_HOME: join(folder, 'home'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = start(args, environment)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [exitCode] = await once(child, 'close')
  assert.equal(exitCode, 0, stderr)
  return stdout
}

const as = async (user: string, ...args: string[]) => JSON.parse(await run([...args, '--profile', user, '--json']))
const partsOnDisk = () =>
  readdirSync(join(folder, 'data', 'files', 'uploads')).flatMap((id) =>
    readdirSync(join(folder, 'data', 'files', 'uploads', id, 'parts')),
  )

test('a file is sent, and downloaded by the other', async () => {
  const path = join(folder, 'note.txt')
  writeFileSync(path, 'remember the milk')
  const { conversation_id } = await as('ann', 'send', '@ben', 'a note', '--file', path)
  const { messages } = await as('ben', 'history', conversation_id)
  const { file_id } = messages[0].payload
  const copy = join(folder, 'copy.txt')
  await as('ben', 'download', file_id, copy, '--conversation', conversation_id)
  assert.equal(readFileSync(copy, 'utf8'), 'remember the milk')
})

test('an upload outlives kill -9 of the server, and its bytes are sent once', async () => {
  const bytes = randomBytes(90 * 1024 * 1024)
  const path = join(folder, 'large.bin')
  writeFileSync(path, bytes)
  const uploading = as('ann', 'upload', path)
  while (partsOnDisk().length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  await server.end('SIGKILL')
  const there = partsOnDisk().length
  await startServer()
  const uploaded = await uploading
  assert.equal(uploaded.checksum, createHash('sha256').update(bytes).digest('hex'))
  // Whatever was on its way when the server died went again, and nothing else.
  assert.ok(there >= 3 && uploaded.sent_bytes === bytes.length, `${uploaded.sent_bytes} bytes were sent`)
  const again = await as('ann', 'upload', path)
  assert.deepEqual([again.reused, again.sent_bytes], [true, 0])

  // A download that is killed goes on with the parts that are not there.
  const copy = join(folder, 'large-copy.bin')
  const download = ['download', uploaded.file_id as string, copy]
  const isHalfThere = () => existsSync(`${copy}.part`) && statSync(`${copy}.part`).size > bytes.length / 2
  do {
    // One that was faster than the kill counts for nothing.
    rmSync(copy, { force: true })
    const killed = start([...download, '--profile', 'ann'])
    const ended = once(killed, 'close')
    while (!isHalfThere() && killed.exitCode === null) await new Promise((resolve) => setImmediate(resolve))
    killed.kill('SIGKILL')
    await ended
  } while (existsSync(copy))
  const { received_bytes } = await as('ann', ...download)
  assert.ok(received_bytes > 0 && received_bytes < bytes.length, `${received_bytes} bytes came`)
  assert.ok(readFileSync(copy).equals(bytes))
})
