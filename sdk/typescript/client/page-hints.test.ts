import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageHints } from './page-hints.js'

test('what the page tells reaches the client, until it is stopped', (t) => {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'hidden' })
  Object.assign(globalThis, { window, document })
  t.after(() => {
    Object.assign(globalThis, { window: undefined, document: undefined })
  })
  const heard: string[] = []
  const stop = pageHints({
    online: () => heard.push('online'),
    uncertain: () => heard.push('uncertain'),
    leaving: () => heard.push('leaving'),
  })
  window.dispatchEvent(new Event('online'))
  window.dispatchEvent(new Event('offline'))
  document.dispatchEvent(new Event('visibilitychange'))
  document.visibilityState = 'visible'
  document.dispatchEvent(new Event('visibilitychange'))
  window.dispatchEvent(new Event('pagehide'))
  assert.deepEqual(heard, ['online', 'uncertain', 'uncertain', 'leaving'])
  stop()
  window.dispatchEvent(new Event('online'))
  assert.equal(heard.length, 4)
})
