import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox, type OutboxRequest } from './outbox.js'

const LIMITS = { requestsMax: 5, bytesMax: 100, inFlightMax: 3, inFlightBytesMax: 60 }

interface Named extends OutboxRequest {
  readonly name: string
}

function named(name: string, size = 10): Named {
  return {
    name,
    size,
    refusals: 0,
    inFlight: false,
    frame: (cseq) => ({ t: 'send', cseq, conversation: name }) as never,
  }
}

function outboxOf(...names: string[]): Outbox<Named> {
  const outbox = new Outbox<Named>(LIMITS)
  for (const name of names) outbox.add(named(name))
  return outbox
}

/** What it gives out, as `cseq name`. */
function taken(outbox: Outbox<Named>, now = 0): string[] {
  const frames: string[] = []
  for (let frame = outbox.take(now); frame !== undefined; frame = outbox.take(now)) {
    const { cseq, conversation } = frame as { cseq: number; conversation: string }
    frames.push(`${cseq} ${conversation}`)
  }
  return frames
}

test('no more than the window is on its way; an answer makes room', () => {
  const outbox = outboxOf('a', 'b', 'c', 'd')
  assert.deepEqual(taken(outbox), ['1 a', '2 b', '3 c'])
  assert.equal(outbox.answered(2)?.name, 'b')
  assert.deepEqual(taken(outbox), ['4 d'])
  assert.equal(outbox.answered(2), undefined)
})

test('one large request goes alone, however small the window', () => {
  const outbox = new Outbox<Named>(LIMITS)
  outbox.add(named('large', 80))
  outbox.add(named('small'))
  assert.deepEqual(taken(outbox), ['1 large'])
})

test('after busy the same frames follow again from there on, under the same numbers, when the wait is over', () => {
  const outbox = outboxOf('a', 'b', 'c', 'd')
  taken(outbox)
  outbox.answered(1)
  assert.equal(outbox.goBack(2, 100), true)
  assert.equal(outbox.wakeAt(50), 100)
  assert.deepEqual(taken(outbox, 50), [])
  assert.deepEqual(taken(outbox, 100), ['2 b', '3 c', '4 d'])
})

test('busy about something that was answered cannot be put right in this session', () => {
  const outbox = outboxOf('a', 'b')
  taken(outbox)
  outbox.answered(2)
  assert.equal(outbox.goBack(1, 0), false)
})

test('a new session numbers anew, and keeps the order', () => {
  const outbox = outboxOf('a', 'b', 'c', 'd')
  taken(outbox)
  outbox.answered(2)
  outbox.closed()
  assert.deepEqual(taken(outbox), ['1 a', '2 c', '3 d'])
})

test('when it is full, one more is refused at once', () => {
  assert.throws(() => outboxOf('a', 'b', 'c', 'd', 'e', 'f'), { code: 'BUSY' })
  const outbox = outboxOf('a')
  assert.throws(() => outbox.add(named('large', 95)), { code: 'BUSY' })
})

test('what an earlier run left goes first', () => {
  const outbox = outboxOf('new')
  outbox.restore([named('old')])
  assert.deepEqual(taken(outbox), ['1 old', '2 new'])
})

test('a request that the server could not decide goes again before what was not sent, and later', () => {
  const outbox = outboxOf('a', 'b', 'c', 'd')
  taken(outbox)
  outbox.again(2, 10)
  assert.deepEqual(taken(outbox, 10), ['4 b'])
})

test('thousands of requests cost no more than their number', () => {
  const outbox = new Outbox<Named>({ ...LIMITS, requestsMax: 20_000, bytesMax: 1e9 })
  for (let i = 0; i < 20_000; i++) outbox.add(named(`${i}`))
  for (let i = 1; i <= 20_000; i++) {
    assert.notEqual(outbox.take(0), undefined)
    assert.equal(outbox.answered(i)?.name, `${i - 1}`)
  }
  assert.equal(outbox.size, 0)
})
