import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mountsBelow } from './supervisor.js'

test('only what is mounted below the folder is unmounted, the innermost first', () => {
  const mounts = `tmpfs /a/run/nomad/x/secrets tmpfs rw 0 0
tmpfs /a/run/nomad/x/secrets/deep tmpfs rw 0 0
tmpfs /a/run/nomad-2/y tmpfs rw 0 0
/dev/vda / ext4 rw 0 0
`
  assert.deepEqual(mountsBelow('/a/run/nomad', mounts), ['/a/run/nomad/x/secrets/deep', '/a/run/nomad/x/secrets'])
})
