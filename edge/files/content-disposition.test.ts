import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contentDisposition } from './content-disposition.js'

test('a picture may be shown; what a browser could run is saved, as nothing in particular', () => {
  const shown = contentDisposition({ name: 'a.png', mime: 'image/png' }, 'inline')
  assert.equal(shown.contentType, 'image/png')
  assert.match(shown.contentDisposition, /^inline; filename="a\.png"/)
  for (const mime of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/javascript', 'text/xml']) {
    const saved = contentDisposition({ name: 'a', mime }, 'inline')
    assert.equal(saved.contentType, 'application/octet-stream', mime)
    assert.match(saved.contentDisposition, /^attachment/)
  }
})

test('any name goes into the header, and no name out of it', () => {
  const { contentDisposition: header } = contentDisposition(
    { name: 'Müller "x"\r\nset-cookie: y; (1)*.txt', mime: 'text/plain' },
    'attachment',
  )
  assert.doesNotMatch(header, /[\r\n]/)
  assert.equal(header.split('"').length, 3)
  assert.match(header, /filename\*=UTF-8''M%C3%BCller%20%22x%22%0D%0Aset-cookie%3A%20y%3B%20%281%29%2A\.txt$/)
})
