import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort, ServerProcess } from './server-process.js'

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))
const SECRET = 'a-secret-for-this-test'

describe('chat4all, as users run it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chat4all-cli-'))
  let server: ServerProcess
  before(async () => {
    const args = ['all', '--demo', '--data-dir', join(folder, 'data')]
    server = ServerProcess.spawn(args, { CHAT4ALL_DEMO_SECRET: SECRET }, await freePort())
    await server.wrote(/The server stays up/)
    for (const user of ['ann', 'ben']) {
      const login = ['login', '--url', server.url, '--client-id', 'demo', '--user', user, '--profile', user]
      const { exitCode, stderr } = await run(login, { CHAT4ALL_CLIENT_SECRET: SECRET })
      assert.equal(exitCode, 0, stderr)
    }
  })
  after(async () => {
    await server.end('SIGTERM')
    rmSync(folder, { recursive: true })
  })

  function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CHAT4ALL_'))
    return spawn(process.execPath, [MAIN, ...args], {
      env: { ...Object.fromEntries(inherited), CHAT4ALL_HOME: join(folder, 'home'), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = start(args, environment)
    let stdout = ''
    let stderr = ''
    child.stdout!.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr!.on('data', (chunk) => {
      stderr += chunk
    })
    const [exitCode] = (await once(child, 'close')) as [number]
    return { exitCode, stdout, stderr }
  }

  /** What a command that must succeed prints as JSON. */
  async function json(user: string, ...args: string[]) {
    const { exitCode, stdout, stderr } = await run([...args, '--profile', user, '--json'])
    assert.equal(exitCode, 0, stderr)
    return JSON.parse(stdout)
  }

  test('login keeps the secret where only its owner can read it, and whoami asks the server', async () => {
    assert.equal(statSync(join(folder, 'home', 'profiles.json')).mode & 0o777, 0o600)
    const { stdout } = await run(['whoami', '--profile', 'ann'])
    assert.match(stdout, /^ann of demo at http:/)
  })

  test('a wrong secret, an unknown profile and a server that is not there: one line, with what to do', async () => {
    const credentials = ['--client-id', 'demo', '--client-secret', 'wrong', '--user', 'x']
    const wrong = await run(['login', '--url', server.url, ...credentials])
    assert.deepEqual([wrong.exitCode, wrong.stderr.trim().split('\n').length], [1, 1])
    assert.match(wrong.stderr, /^chat4all: UNAUTHENTICATED: .*Get a token/)
    const unknown = await run(['whoami', '--profile', 'nobody'])
    assert.match(
      unknown.stderr,
      /^chat4all: no profile nobody\. Known: ann, ben\. .*chat4all login --profile nobody\n$/,
    )
    const nowhere = await run(['login', '--url', `http://127.0.0.1:${await freePort()}`, ...credentials])
    assert.match(nowhere.stderr, /^chat4all: UNAVAILABLE: No answer from .*ECONNREFUSED/)
  })

  test('a message sent to a user is stored, followed by the other’s tail, and in the history of both', async () => {
    const first = await json('ann', 'send', '@ben', 'one')
    assert.match(first.message_id, /^[0-9a-f-]{36}$/)
    const tail = start(['tail', '@ann', '--profile', 'ben', '--json', '--since', '0'])
    const events: { event: string; seq?: number; payload?: { text?: string } }[] = []
    const got = new Promise<void>((resolve) => {
      let rest = ''
      tail.stdout!.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines) events.push(JSON.parse(line))
        if (events.some(({ payload }) => payload?.text === 'one')) started()
        if (events.some(({ payload }) => payload?.text === 'two')) resolve()
      })
    })
    let started = () => {}
    await new Promise<void>((resolve) => {
      started = resolve
    })
    const second = await json('ann', 'send', first.conversation_id, 'two')
    await got
    tail.kill('SIGINT')
    assert.deepEqual(await once(tail, 'close'), [0, null])
    const texts = events.filter(({ payload }) => payload?.text !== undefined)
    assert.deepEqual(
      texts.map(({ seq, payload }) => [seq, payload?.text]),
      [
        [first.seq, 'one'],
        [second.seq, 'two'],
      ],
    )

    const { messages } = await json('ben', 'history', '@ann')
    assert.deepEqual(
      messages.filter((message: { payload: { type: string } }) => message.payload.type === 'text').at(-1).payload.text,
      'two',
    )
    const plain = await run(['history', first.conversation_id, '--profile', 'ann', '--limit', '1'], { NO_COLOR: '1' })
    assert.match(plain.stdout, /^ +\d+ {2}\d\d:\d\d {2}ann {2}two\n$/)
    const [view] = await json('ben', 'conversations')
    assert.deepEqual([view.conversation_id, view.head], [first.conversation_id, second.seq])
  })

  test('a message repeated under its message_id is the same message, with other content a conflict', async () => {
    const first = await json('ann', 'send', '@ben', 'once')
    const repeat = ['send', '@ben', '--message-id', first.message_id]
    assert.equal((await json('ann', ...repeat, 'once')).seq, first.seq)
    const { exitCode, stderr } = await run([...repeat, 'another', '--profile', 'ann'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^chat4all: CONFLICT: /)
  })

  test('roles are changed, and what was said is erased: of one user, then of all', async () => {
    const { conversation_id: id } = await json('ann', 'create-group', 'ben', 'dora', '--title', 'Words')
    await json('ann', 'members', 'role', id, '@ben', 'admin')
    const roles = async () => (await json('ben', 'members', 'list', id)).map(({ role }: { role: string }) => role)
    assert.deepEqual((await roles()).sort(), ['admin', 'admin', 'member'])
    await json('ann', 'members', 'role', id, '@ben', 'member')
    assert.deepEqual((await roles()).sort(), ['admin', 'member', 'member'])
    const refused = await run(['members', 'role', id, '@ben', 'admin', '--profile', 'ben'])
    assert.match(refused.stderr, /^chat4all: FORBIDDEN: only an admin of the group/)
    const dora = ['--url', server.url, '--client-id', 'demo', '--user', 'dora', '--profile', 'dora']
    await run(['login', ...dora], { CHAT4ALL_CLIENT_SECRET: SECRET })
    for (const user of ['ben', 'dora']) await json(user, 'send', id, `words of ${user}`)
    const unsure = await run(['erase', 'user', '@dora', '--profile', 'ann'])
    assert.match(unsure.stderr, /^chat4all: what is erased cannot be brought back: add --yes/)
    assert.equal((await json('ann', 'erase', 'user', '@dora', '--yes')).status, 'done')
    const { messages } = await json('ann', 'history', id)
    const said = messages.map(({ from, payload }: { from: string; payload: { type: string } }) => [from, payload.type])
    assert.deepEqual(said.slice(-3), [
      ['ben', 'text'],
      ['erased', 'erased'],
      ['demo', 'membership'],
    ])
    await json('ann', 'erase', 'conversation', id, '--yes')
    const gone = await run(['send', id, 'x', '--profile', 'ben'])
    assert.match(gone.stderr, /^chat4all: NOT_FOUND/)
    const again = await run(['erase', 'conversation', id, '--yes', '--profile', 'ann'])
    assert.match(again.stderr, /^chat4all: NOT_FOUND/)
  })

  test('a group is created, gets a member, loses one, and says who may not', async () => {
    const group = await json('ann', 'create-group', 'cleo', '--title', 'Trip')
    const id: string = group.conversation_id
    await json('ann', 'members', 'add', id, '@ben')
    const names = async () =>
      (await json('ann', 'members', 'list', id)).map(({ user }: { user: string }) => user).sort()
    assert.deepEqual(await names(), ['ann', 'ben', 'cleo'])
    const refused = await run(['members', 'remove', id, 'ann', '--profile', 'ben'])
    assert.match(refused.stderr, /^chat4all: FORBIDDEN: /)
    await json('ann', 'members', 'remove', id, 'cleo')
    assert.deepEqual(await names(), ['ann', 'ben'])
    await json('ben', 'members', 'remove', id, 'ben')
    const gone = await run(['send', id, 'x', '--profile', 'ben'])
    assert.match(gone.stderr, /^chat4all: NOT_FOUND: /)
    const { stdout } = await run(['conversations', '--profile', 'ann'])
    assert.match(stdout, /Trip/)
  })
})
