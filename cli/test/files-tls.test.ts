import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { TestAuthority } from '@chat4all/server/testing'
import { HoldingProxy } from './holding-proxy.js'
import { freePort, ServerProcess } from './server-process.js'

/** Files over TLS, to a server whose authority only those know who were given it. */

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const SECRET = 'a-secret-for-this-test'
const PART_BYTES = 8 * 1024 * 1024
const FILE_BYTES = 20_000_000
const LAST_PART_BYTES = FILE_BYTES - 2 * PART_BYTES

const folder = mkdtempSync(join(tmpdir(), 'chat4all-cli-files-tls-'))
const place = (name: string) => join(folder, name)
const trusting = { NODE_EXTRA_CA_CERTS: place('authority.pem') }
let server: ServerProcess
let proxy: HoldingProxy
let url: string

before(async () => {
  const { ca, cert, key } = new TestAuthority('an authority of our own').issue('localhost')
  writeFileSync(place('authority.pem'), ca)
  writeFileSync(place('cert.pem'), cert)
  writeFileSync(place('key.pem'), key)
  const port = await freePort()
  server = ServerProcess.spawn(
    ['all', '--demo', '--data-dir', place('data')],
    { CHAT4ALL_DEMO_SECRET: SECRET, CHAT4ALL_TLS_CERT: place('cert.pem'), CHAT4ALL_TLS_KEY: place('key.pem') },
    port,
  )
  // Its own demo comes to an address that the certificate does not name, and does not know the authority.
  await server.wrote(/is left out\. The certificate of https:.*NODE_EXTRA_CA_CERTS[\s\S]*The server stays up/)
  proxy = await HoldingProxy.start(port)
  url = `https://localhost:${proxy.port}`
})
after(async () => {
  proxy?.stop()
  await server?.end('SIGTERM')
  rmSync(folder, { recursive: true })
})

function start(args: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('CHAT4ALL_') && name !== 'NODE_EXTRA_CA_CERTS',
  )
  const own = { CHAT4ALL_HOME: place('home'), CHAT4ALL_CLIENT_SECRET: SECRET }
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...Object.fromEntries(inherited), ...own, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = start(args, environment)
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.on('data', (chunk) => {
      written[name] += chunk
    })
  }
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, ...written }
}

async function told(...args: string[]) {
  const { exitCode, stdout, stderr } = await run([...args, '--json'], trusting)
  assert.equal(exitCode, 0, stderr)
  return JSON.parse(stdout)
}

/** Kills the command (-9) when `reached`; it must not have ended by itself. */
async function killedWhen(args: readonly string[], reached: (isRunning: () => boolean) => Promise<void>) {
  const child = start(args, trusting)
  const ended = once(child, 'close')
  await Promise.race([reached(() => child.exitCode === null), ended])
  child.kill('SIGKILL')
  assert.deepEqual(await ended, [null, 'SIGKILL'], `${args[0]} ended before it was killed`)
}

const login = () => ['login', '--url', url, '--client-id', 'demo', '--user', 'ann']

test('an upload and a download that are killed go on where they were, and the SHA-256 is right', async () => {
  const bytes = randomBytes(FILE_BYTES)
  const path = place('film.bin')
  const copy = place('copy.bin')
  writeFileSync(path, bytes)
  await told(...login())

  // One part after the other: the second is under way only when the server has the first.
  const upTo = { to: 'server', connectionBytes: Infinity, totalBytes: PART_BYTES + 3_000_000 } as const
  const oneIsThere = proxy.hold(upTo, 1)
  await killedWhen(['upload', path, '--parallel', '1'], () => oneIsThere)
  proxy.release()
  const uploaded = await told('upload', path)
  assert.equal(uploaded.checksum, createHash('sha256').update(bytes).digest('hex'))
  assert.equal(uploaded.sent_bytes, FILE_BYTES - PART_BYTES)

  // The last part is the shortest, and comes whole beside the others, which stand still on connections of their own.
  const connectionBytes = 5_000_000
  const totalBytes = 2 * connectionBytes + LAST_PART_BYTES + 500_000
  assert.ok(LAST_PART_BYTES + 500_000 < connectionBytes)
  const othersStandStill = proxy.hold({ to: 'client', connectionBytes, totalBytes }, 2)
  const lastIsThere = () => existsSync(`${copy}.part`) && statSync(`${copy}.part`).size === FILE_BYTES
  await killedWhen(['download', uploaded.file_id, copy], async (isRunning) => {
    await othersStandStill
    while (!lastIsThere() && isRunning()) await new Promise((resolve) => setTimeout(resolve, 5))
  })
  proxy.release()
  const downloaded = await told('download', uploaded.file_id, copy)
  assert.equal(downloaded.received_bytes, FILE_BYTES - LAST_PART_BYTES)
  assert.equal(downloaded.checksum, uploaded.checksum)
  assert.ok(readFileSync(copy).equals(bytes))
})

test('who does not accept the certificate hears so at once, and what to do', async () => {
  await told(...login())
  const path = place('note.txt')
  writeFileSync(path, 'remember the milk')
  const { file_id } = await told('upload', path)
  const commands = [
    login(),
    ['upload', path],
    ['download', file_id, place('none.txt')],
    ['send', '@ben', 'a note', '--file', path],
    ['admin', 'apps', 'list', '--url', url, '--admin-token', 'x'.repeat(32)],
  ]
  for (const command of commands) {
    const { exitCode, stdout, stderr } = await run(command, {})
    assert.match(
      stderr,
      /^chat4all: The certificate of https:\/\/localhost:\d+ is not accepted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE: .*\): start this program with NODE_EXTRA_CA_CERTS=.*\n$/,
    )
    assert.deepEqual([exitCode, stdout], [1, ''], command[0])
  }
  const elsewhere = await run([...login(), '--url', `https://127.0.0.1:${proxy.port}`], trusting)
  assert.match(
    elsewhere.stderr,
    /^chat4all: The certificate .*127\.0\.0\.1 is not in the cert's list.* an address that it names.*\n$/,
  )
  assert.equal(elsewhere.exitCode, 1)
})
