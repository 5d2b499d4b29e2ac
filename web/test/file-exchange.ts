import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { SECRET, type Server } from './server.js'

/** Files between two windows, wherever their bytes are kept. */

const WAIT = { timeout: 60_000 }

/** Who uses the page; what the page complains of is added to `faults`. */
export async function signIn(browser: Browser, server: Server, user: string, faults: string[]): Promise<Page> {
  const page = await (await browser.newContext({ acceptDownloads: true })).newPage()
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()))
  await page.goto(`${server.url}/#user=${user}&client_id=demo&secret=${SECRET}`)
  await page.waitForSelector('.chat', WAIT)
  return page
}

/** Begins a conversation with somebody. Resolves with its id. */
export async function begin(page: Page, other: string): Promise<string> {
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

/**
 * A picture that shows itself to the other, and a file that is paused and goes on.
 * @param parts addresses that parts are put to
 * @returns the addresses of parts that arrived there, without their signatures
 */
export async function exchangeFiles(browser: Browser, server: Server, parts: string): Promise<string[]> {
  const faults: string[] = []
  const alice = await signIn(browser, server, 'alice', faults)
  const bob = await signIn(browser, server, 'bob', faults)
  const arrived: string[] = []
  alice.on('response', (response) => {
    const { origin, pathname } = new URL(response.url())
    if (response.request().method() === 'PUT' && response.ok()) arrived.push(origin + pathname)
  })
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
  await alice.route(parts, (route) => route.abort())
  const bytes = randomBytes(20 * 1024 * 1024)
  await alice.setInputFiles('input[type=file]', { name: 'large.bin', mimeType: 'application/x-thing', buffer: bytes })
  await alice.click('.upload .pause', WAIT)
  await alice.waitForSelector('.upload[data-phase=paused]', WAIT)
  await alice.unroute(parts)
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
  return arrived
}
