import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from './browser.js'
import { SECRET, Server } from './server.js'

/** Two windows chat through the real server, in a real Chromium. */

const WAIT = { timeout: 15_000 }
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

async function signIn(user: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on(
    'console',
    (line) =>
      line.type() === 'error' &&
      !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(line.text()) &&
      faults.push(line.text()),
  )
  await page.goto(`${server.url}/#user=${user}&client_id=demo&secret=${SECRET}`)
  await page.waitForSelector('.chat', WAIT)
  assert.equal(new URL(page.url()).hash, '', 'the secret does not stay in the address bar')
  assert.deepEqual(faults, [])
  return page
}

async function begin(page: Page, others: string): Promise<string> {
  await page.fill('input[name=with]', others)
  await page.click('.list form button')
  const thread = await page.waitForSelector('.thread', WAIT)
  return (await thread.getAttribute('data-conversation')) ?? ''
}

async function say(page: Page, words: string): Promise<void> {
  await page.fill('.composer textarea', words)
  await page.press('.composer textarea', 'Enter')
}

const texts = (page: Page) =>
  page.$$eval('.message', (nodes) => nodes.map((node) => node.childNodes[0]?.textContent ?? ''))
const open = (page: Page, conversation: string) => page.click(`[data-conversation="${conversation}"]`, WAIT)

test('two windows chat: ticks go from sent to delivered to read, typing and presence show', async () => {
  const alice = await signIn('alice')
  const bob = await signIn('bob')
  const conversation = await begin(alice, 'bob')
  await say(alice, 'Hello Bob <b>not bold</b>')
  await alice.waitForSelector('.message.own .ticks[data-state=delivered]', WAIT)

  await bob.bringToFront()
  await open(bob, conversation)
  await bob.waitForSelector('.message:has-text("Hello Bob <b>not bold</b>")', WAIT)
  await alice.waitForSelector('.message.own .ticks[data-state=read]', WAIT)
  await alice.waitForSelector('.thread header p:has-text("online")', WAIT)

  await bob.type('.composer textarea', 'I am wri')
  await alice.waitForSelector('.thread header p:has-text("bob is typing")', WAIT)
  await say(bob, 'Hi Alice')
  await alice.waitForSelector('.message:has-text("Hi Alice")', WAIT)
  await bob.close()
  await alice.waitForFunction(() => document.querySelector('.thread header p')?.textContent === '', undefined, WAIT)
  await alice.close()
})

test('history comes by scrolling, each message once and in order', async () => {
  const created = await server.post('/v1/conversations', { type: 'private', members: ['carol', 'dave'], metadata: {} })
  const conversation = String(created.conversation_id)
  for (let i = 1; i <= 130; i++) {
    await server.post('/v1/messages', {
      message_id: randomUUID(),
      conversation_id: conversation,
      from: 'dave',
      to: ['carol'],
      channels: ['all'],
      payload: { type: 'text', text: `line ${i}` },
      metadata: {},
    })
  }
  const carol = await signIn('carol')
  await carol.waitForSelector('.badge:has-text("130")', WAIT)
  await open(carol, conversation)
  await carol.waitForSelector('.message:has-text("line 130")', WAIT)
  for (let older = 0; older < 10 && (await texts(carol)).length < 130; older++) {
    const had = (await texts(carol)).length
    await carol.$eval('.messages', (list) => list.scrollTo(0, 0))
    await carol.waitForFunction((count) => document.querySelectorAll('.message').length > count, had, WAIT)
  }
  assert.deepEqual(
    await texts(carol),
    Array.from({ length: 130 }, (_, i) => `line ${i + 1}`),
  )
  await carol.close()
})

test('a killed server comes back: the page reconnects by itself and sends what was written meanwhile', async () => {
  const erin = await signIn('erin')
  const frank = await signIn('frank')
  const conversation = await begin(erin, 'frank')
  await say(erin, 'before')
  await open(frank, conversation)
  await frank.waitForSelector('.message:has-text("before")', WAIT)

  await server.kill()
  await erin.waitForSelector('.banner:not([hidden])', WAIT)
  await say(erin, 'written while away')
  await erin.waitForSelector('.message.sending', WAIT)
  await server.start()

  await frank.waitForSelector('.message:has-text("written while away")', { timeout: 40_000 })
  await erin.waitForSelector('.message.own:last-child .ticks:not([data-state=sending])', WAIT)
  await say(frank, 'after')
  await erin.waitForSelector('.message:has-text("after")', WAIT)
  assert.deepEqual(await texts(erin), ['before', 'written while away', 'after'])
  assert.deepEqual(await texts(frank), ['before', 'written while away', 'after'])
  await erin.close()
  await frank.close()
})

test('what a user said goes from the pages that show it when the user is erased, and a conversation with all of it', async () => {
  const gina = await signIn('gina')
  const hugo = await signIn('hugo')
  const conversation = await begin(gina, 'hugo, ines')
  await say(gina, 'mine stays')
  await open(hugo, conversation)
  await say(hugo, 'a secret of hugo')
  await gina.waitForSelector('.message:has-text("a secret of hugo")', WAIT)

  await server.delete('/v1/users/hugo')
  await gina.waitForSelector('.message:has-text("Erased")', WAIT)
  assert.deepEqual(await texts(gina), ['mine stays', 'erased'])
  assert.doesNotMatch(await gina.innerText('body'), /a secret of hugo/)

  await server.delete(`/v1/conversations/${conversation}`)
  await gina.waitForFunction(() => document.querySelector('.thread') === null, undefined, WAIT)
  assert.doesNotMatch(await gina.innerText('body'), /mine stays/)
  assert.equal(await gina.$(`[data-conversation="${conversation}"]`), null)
  await gina.close()
  await hugo.close()
})

test('wrong credentials are told in words', async () => {
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${server.url}/#user=mallory&client_id=demo&secret=wrong`)
  await page.waitForSelector('.fault:not(:empty)', WAIT)
  assert.equal(await page.$('.chat'), null)
  await page.close()
})
