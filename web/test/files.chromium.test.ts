import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from './browser.js'
import { SECRET, Server } from './server.js'

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

async function signIn(user: string, faults: string[]): Promise<Page> {
  const page = await (await browser.newContext({ acceptDownloads: true })).newPage()
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()))
  await page.goto(`${server.url}/#user=${user}&client_id=demo&secret=${SECRET}`)
  await page.waitForSelector('.chat', WAIT)
  return page
}

async function begin(page: Page, other: string): Promise<string> {
  await page.fill('input[name=with]', other)
  await page.click('.list form button')
  const thread = await page.waitForSelector('.thread', WAIT)
  return (await thread.getAttribute('data-conversation')) ?? ''
}

/** The smallest PNG there is: one red point. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
)

test('a picture shows itself to the other, and a file that was paused arrives whole', async () => {
  const faults: string[] = []
  const alice = await signIn('alice', faults)
  const bob = await signIn('bob', faults)
  const conversation = await begin(alice, 'bob')

  await alice.setInputFiles('input[type=file]', { name: 'point.png', mimeType: 'image/png', buffer: PNG })
  await alice.waitForSelector('.message.own .file', WAIT)
  await bob.click(`[data-conversation="${conversation}"]`, WAIT)
  await bob.waitForFunction(
    () => document.querySelector<HTMLImageElement>('img.preview')?.naturalWidth === 1,
    undefined,
    WAIT,
  )

  // Parts of the next file do not get through until it was paused: so it is surely under way then.
  let isOpen = false
  await alice.route('**/objects/**', async (route) => (isOpen ? route.continue() : route.abort()))
  const bytes = randomBytes(20 * 1024 * 1024)
  await alice.setInputFiles('input[type=file]', { name: 'large.bin', mimeType: 'application/x-thing', buffer: bytes })
  await alice.click('.upload .pause', WAIT)
  await alice.waitForSelector('.upload[data-phase=paused]', WAIT)
  isOpen = true
  assert.equal(await alice.isVisible('.upload[data-phase=paused] .pause:has-text("Go on")'), true)
  await alice.click('.upload .pause')
  await alice.waitForSelector('.message.own .file:has-text("large.bin")', WAIT)

  const button = await bob.waitForSelector('.file .download:has-text("large.bin · 20.0 MiB")', WAIT)
  const [download] = await Promise.all([bob.waitForEvent('download', WAIT), button.click()])
  assert.equal(download.suggestedFilename(), 'large.bin')
  const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
  assert.equal(sha256(await readFile(await download.path())), sha256(bytes))
  // The parts that were cut off on purpose are all that went wrong.
  assert.deepEqual(
    faults.filter((fault) => !/ERR_FAILED/.test(fault)),
    [],
  )
})

test('an upload that is given up is gone, and nothing is sent', async () => {
  const faults: string[] = []
  const carol = await signIn('carol', faults)
  await begin(carol, 'dave')
  await carol.route('**/objects/**', (route) => route.abort())
  await carol.setInputFiles('input[type=file]', { name: 'x.bin', mimeType: 'a/b', buffer: randomBytes(1_000_000) })
  await carol.click('.upload .give-up', WAIT)
  await carol.waitForSelector('.upload', { state: 'detached', ...WAIT })
  assert.equal(await carol.$('.message'), null)
})
