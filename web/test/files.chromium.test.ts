import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchBrowser } from './browser.js'
import { begin, exchangeFiles, signIn } from './file-exchange.js'
import { Server } from './server.js'

/** Files go from one window to another, through the real server, in a real Chromium. */

const WAIT = { timeout: 30_000 }
let server: Server
let browser: Browser

before(async () => {
  server = await Server.start()
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await server?.dispose()
})

test('a picture shows itself to the other, and a file that was paused arrives whole', async () => {
  const arrived = await exchangeFiles(browser, server, '**/objects/**')
  assert.ok(arrived.length >= 4 && arrived.every((url) => url.startsWith(`${server.url}/objects/`)), `${arrived}`)
})

test('an upload that is given up is gone, and nothing is sent', async () => {
  const faults: string[] = []
  const carol = await signIn(browser, server, 'carol', faults)
  await begin(carol, 'dave')
  await carol.route('**/objects/**', (route) => route.abort())
  await carol.setInputFiles('input[type=file]', { name: 'x.bin', mimeType: 'a/b', buffer: randomBytes(1_000_000) })
  await carol.click('.upload .give-up', WAIT)
  await carol.waitForSelector('.upload', { state: 'detached', ...WAIT })
  assert.equal(await carol.$('.message'), null)
})
