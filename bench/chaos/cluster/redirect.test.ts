import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'

const REDIRECT = new URL('./redirect.js', import.meta.url).href

/** Runs a line of code in a process of its own, with the redirection loaded before it. */
async function output(code: string, environment: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['--import', REDIRECT, '--input-type=module', '-e', code], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return text
}

test('what a component dials is led elsewhere, whichever way it dials', async () => {
  const server = createServer((_, response) => response.end('led here')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const routes = { CHAOS_ROUTES: `127.0.0.1:5=127.0.0.1:${port},10.0.0.9:9042=127.0.0.1:${port}` }
  const request = `const say = (socket) => { socket.write('GET / HTTP/1.0\\r\\n\\r\\n'); socket.on('data', (d) => process.stdout.write(String(d).split('\\r\\n').at(-1))) }`
  try {
    assert.equal(await output(`console.log(await (await fetch('http://localhost:5/')).text())`, routes), 'led here\n')
    for (const dial of [
      `net.connect(5, '127.0.0.1')`,
      `net.connect({ host: '10.0.0.9', port: 9042 })`,
      `new net.Socket().connect(9042, '10.0.0.9')`,
      `new net.Socket().connect({ port: 5 })`,
    ]) {
      assert.match(await output(`import net from 'node:net'; ${request}; say(${dial})`, routes), /led here/, dial)
    }
    const [, untouched] = [
      0,
      await output(`console.log(await (await fetch('http://127.0.0.1:${port}/')).text())`, routes),
    ]
    assert.equal(untouched, 'led here\n')
  } finally {
    server.close()
  }
})

test('a clock can be wrong, by every way of asking for the time', async () => {
  const code = `console.log(Date.now(), new Date().getTime(), new Date(5).getTime(), typeof Date(), Date.UTC(1970, 0, 1))`
  const [now, made, given, text, utc] = (await output(code, { CHAOS_CLOCK_MS: '-3600000' })).trim().split(' ')
  for (const told of [now, made]) assert.ok(Math.abs(Number(told) + 3_600_000 - Date.now()) < 30_000)
  assert.deepEqual([given, text, utc], ['5', 'string', '0'])
})
