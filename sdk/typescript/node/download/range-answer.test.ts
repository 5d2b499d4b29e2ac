import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeAnswer, UnsuitedAnswer } from './range-answer.js'
import { StoreFault } from './store-fault.js'

const RANGE = { start: 10, end: 30 }
const head = (first: string, ...lines: string[]) => [first, ...lines].join('\r\n')
const PARTIAL = 'HTTP/1.1 206 Partial Content'
const LENGTH = 'Content-Length: 20'

test('an answer with the range that was asked for is taken, however its headers are written', () => {
  const answer = rangeAnswer(
    head(PARTIAL, 'CONTENT-RANGE:bytes 10-29/100', 'content-length:\t20 ', 'ETag: "a:b"'),
    RANGE,
  )
  assert.equal(answer.isKeptOpen, true)
  const whole = { start: 0, end: 20 }
  assert.equal(rangeAnswer(head('HTTP/1.1 200 OK', LENGTH, 'Connection: Close'), whole).isKeptOpen, false)
  assert.equal(rangeAnswer(head('HTTP/1.0 200 OK', LENGTH), whole).isKeptOpen, false)
})

test('another status, another range or the whole instead of a piece is a fault of the store', () => {
  for (const text of [
    head('HTTP/1.1 503 Slow Down', LENGTH),
    head('HTTP/1.1 403 Forbidden', 'Transfer-Encoding: chunked'),
    head('HTTP/1.1 200 OK', 'Content-Length: 100'),
    head(PARTIAL, 'Content-Range: bytes 0-19/100', LENGTH),
    head(PARTIAL, 'Content-Range: bytes 10-290/1000', LENGTH),
    head(PARTIAL, LENGTH),
  ]) {
    assert.throws(() => rangeAnswer(text, RANGE), StoreFault, text)
  }
})

test('what is not just the bytes, or no HTTP at all, is left to who can read it', () => {
  const range = 'Content-Range: bytes 10-29/100'
  for (const text of [
    head(PARTIAL, range, 'Transfer-Encoding: chunked'),
    head(PARTIAL, range, LENGTH, 'Content-Encoding: gzip'),
    head(PARTIAL, range),
    head(PARTIAL, range, 'Content-Length: 19'),
    head(PARTIAL, range, LENGTH, LENGTH),
    head(PARTIAL, range, LENGTH, ' folded'),
    head('HTTP/1.1 100 Continue'),
    head('HTTP/2 206', range, LENGTH),
    '',
  ]) {
    assert.throws(() => rangeAnswer(text, RANGE), UnsuitedAnswer, text)
  }
})
