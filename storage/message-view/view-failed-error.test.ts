import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailureOfFiles, ViewFailedError } from './view-failed-error.js'

const errorOf = (code: string, message: string) => Object.assign(new Error(message), { code })

test('a failed view is fatal and names the system’s error, however deep the engine buried it', () => {
  const cases: [string, string | undefined][] = [
    ['IO error: /data/view/000003.log: No space left on device', 'ENOSPC'],
    ['IO error: /data/view/000003.log: Input/output error', 'EIO'],
    ['IO error: /data/view/000003.log: I/O error', 'EIO'],
    ['IO error: /data/view/000003.log: Disk quota exceeded', 'EDQUOT'],
    ['IO error: /data/view/000003.log: Read-only file system', 'EROFS'],
    ['IO error: /data/view/000003.ldb: Too many open files', 'EMFILE'],
    ['IO error: /data/view/000003.ldb: Too many open files in system', 'ENFILE'],
    ['IO error: /data/view/000003.ldb: something new', undefined],
  ]
  for (const [message, code] of cases) {
    const cause = new Error('the batch was not written', { cause: errorOf('LEVEL_IO_ERROR', message) })
    assert.equal(isFailureOfFiles(cause), true)
    const error = new ViewFailedError(cause)
    assert.equal(error.fatal, true)
    assert.equal(error.code, code)
    assert.match(error.message, /takes no more changes: IO error: /)
    assert.equal(error.cause, cause)
  }
})

test('an error about one call is no failure of the files', () => {
  assert.equal(isFailureOfFiles(errorOf('LEVEL_CORRUPTION', 'Corruption: bad block')), true)
  assert.equal(isFailureOfFiles(errorOf('LEVEL_DATABASE_NOT_OPEN', 'Database is not open')), false)
  assert.equal(isFailureOfFiles(new Error('messages 5 to 6 of c1 came, and the view ends at 3')), false)
  assert.equal(isFailureOfFiles('LEVEL_IO_ERROR'), false)
})
