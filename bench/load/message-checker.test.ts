import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AcknowledgementChecker, DeliveryChecker, FaultLog, SEQ_UNTOLD } from './message-checker.js'
import { isText, patchCounter, textTemplate } from './message-text.js'

function acknowledgements(sent: number, base = 0) {
  const faults = new FaultLog()
  const checker = new AcknowledgementChecker('a', faults)
  checker.base = base
  for (let i = 0; i < sent; i++) checker.send()
  return { checker, faults }
}

test('acknowledgements may come out of order, each once', () => {
  const { checker, faults } = acknowledgements(4, 10)
  for (const k of [2, 1, 4, 3]) checker.acknowledged(k, 10 + k, true)
  checker.finish()
  assert.equal(faults.total, 0)
  assert.equal(checker.acknowledgedCount, 4)
})

test('a second acknowledgement is found, also of one that came ahead', () => {
  const { checker, faults } = acknowledgements(3)
  for (const k of [1, 3, 3, 1]) checker.acknowledged(k, k, true)
  assert.deepEqual(faults.summary(), { 'acknowledged twice': 2 })
})

test('wrong seq, wrong message_id, never sent and never acknowledged are told apart', () => {
  const { checker, faults } = acknowledgements(4)
  checker.acknowledged(1, 2, true)
  checker.acknowledged(2, 2, false)
  checker.acknowledged(9, 9, true)
  checker.acknowledged(3, SEQ_UNTOLD, true)
  checker.finish()
  assert.deepEqual(faults.summary(), {
    'acknowledged with another seq': 1,
    'acknowledged with another message_id': 1,
    'acknowledged, never sent': 1,
    'never acknowledged': 1,
  })
})

test('a gap, a double and a loss at the end are told apart', () => {
  const faults = new FaultLog()
  const checker = new DeliveryChecker('r', faults, 5)
  for (const seq of [6, 7, 7, 9]) checker.delivered(seq, true)
  checker.finish(5)
  assert.deepEqual(faults.summary(), {
    'delivered twice': 1,
    'gap before delivery': 1,
    'acknowledged, never delivered': 2,
  })
})

test('a text is recognised only as itself: another message, another pair, one byte changed are not', () => {
  const template = textTemplate(3, 128)
  const text = textTemplate(3, 128)
  patchCounter(text, 0, 1234567890)
  assert.ok(isText(template, 1234567890, text, 0, text.length))
  assert.ok(!isText(template, 1234567891, text, 0, text.length))
  assert.ok(!isText(textTemplate(4, 128), 1234567890, text, 0, text.length))
  assert.ok(!isText(template, 1234567890, text, 0, text.length - 1))
  text[127] = 0
  assert.ok(!isText(template, 1234567890, text, 0, text.length))
  assert.throws(() => textTemplate(1, 10), /at least/)
})
