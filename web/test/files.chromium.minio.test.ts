import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchBrowser } from './browser.js'
import { exchangeFiles } from './file-exchange.js'
import { Server } from './server.js'

/** The same with the bytes in a real S3 store: the page sends them there, and gets them there, by presigned addresses. */

const gateway = process.env.CHAT4ALL_TEST_MINIO ?? ''
const s3 = gateway.includes('://') ? gateway : `http://${gateway}`
const BUCKET = 'test-web-files'
let server: Server
let browser: Browser

before(async () => {
  server = await Server.start({
    CHAT4ALL_S3: s3,
    CHAT4ALL_S3_ACCESS_KEY: process.env.CHAT4ALL_TEST_MINIO_KEY ?? 'chat4all-test',
    CHAT4ALL_S3_SECRET_KEY: process.env.CHAT4ALL_TEST_MINIO_SECRET ?? 'chat4all-test-secret',
    CHAT4ALL_S3_BUCKET: BUCKET,
  })
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await server?.dispose()
})

test('with S3: a picture shows itself, a paused file arrives whole, and no byte passes the server', async () => {
  const store = `${new URL(s3).origin}/${BUCKET}/`
  const arrived = await exchangeFiles(browser, server, `${store}**`)
  assert.ok(arrived.length >= 4 && arrived.every((url) => url.startsWith(store)), `${arrived}`)
})
