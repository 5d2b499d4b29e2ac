import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { TestAuthority } from '@chat4all/router/test-certificates'
import { readCertificate } from './certificate-files.js'
import { openPublicPort } from './public-port.js'

const authority = new TestAuthority('an authority')
const { ca } = authority.issue('edge.example.org')

function inFolder(run: (files: { cert: string; key: string }) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'chat4all-tls-'))
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  return run(files).finally(() => rmSync(folder, { recursive: true }))
}

function write(files: { cert: string; key: string }, name: string): void {
  const { cert, key } = authority.issue(name)
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
}

async function dial(url: string): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    ca,
    checkServerIdentity: () => undefined,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** The name in the certificate that is shown now. */
async function shown(url: string): Promise<string> {
  const socket = await dial(url)
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

test('a renewed certificate is shown to whoever comes next, and nobody who is there is sent away', () =>
  inFolder(async (files) => {
    write(files, 'first')
    const renewed: string[] = []
    const faults: string[] = []
    const port = await openPublicPort({
      host: '127.0.0.1',
      port: 0,
      tls: files,
      mount: (app) => void app.get('/', (res) => void res.end('here')),
      onRenewed: ({ subject }) => renewed.push(subject),
      onNotRenewed: ({ message }) => faults.push(message),
    })
    try {
      assert.match(port.url, /^https:/)
      const early = await dial(port.url)
      assert.match(await ask(early), /here/)
      await port.renew()
      assert.deepEqual(renewed, [])

      write(files, 'second')
      await port.renew()
      assert.deepEqual(renewed, ['CN=second'])
      assert.equal(await shown(port.url), 'second')
      assert.match(await ask(early), /here/)

      // Written one after the other: for a moment they do not belong together.
      writeFileSync(files.cert, authority.issue('third').cert)
      await port.renew()
      await port.renew()
      assert.equal(faults.length, 1)
      assert.match(faults[0]!, /is not the key of the certificate/)
      assert.equal(await shown(port.url), 'second')
      write(files, 'third')
      await port.renew()
      assert.equal(await shown(port.url), 'third')
      early.destroy()
    } finally {
      port.close()
    }
  }))

test('files are looked at by themselves', () =>
  inFolder(async (files) => {
    write(files, 'first')
    let tell = () => {}
    const renewed = new Promise<void>((resolve) => {
      tell = resolve
    })
    const options = { host: '127.0.0.1', port: 0, tls: files, lookMs: 20, mount: () => {}, onRenewed: () => tell() }
    const port = await openPublicPort(options)
    try {
      write(files, 'second')
      await renewed
      assert.equal(await shown(port.url), 'second')
    } finally {
      port.close()
    }
  }))

test('what is wrong with the files is said', () =>
  inFolder(async (files) => {
    write(files, 'one')
    writeFileSync(files.key, authority.issue('other').key)
    assert.throws(() => readCertificate(files), /key\.pem is not the key of the certificate in .*cert\.pem/)
    writeFileSync(files.key, 'no key')
    assert.throws(() => readCertificate(files), /key\.pem holds no private key/)
    writeFileSync(files.cert, 'no certificate')
    assert.throws(() => readCertificate(files), /cert\.pem holds no certificate/)
    rmSync(files.cert)
    assert.throws(() => readCertificate(files), /ENOENT/)
  }))

test('without files the port speaks in the clear', async () => {
  const port = await openPublicPort({
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    mount: (app) => void app.get('/', (res) => void res.end('clear')),
  })
  try {
    assert.match(port.url, /^http:/)
    assert.equal(await (await fetch(port.url)).text(), 'clear')
  } finally {
    port.close()
  }
})
