import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import { testEngine } from '@chat4all/protocol/testing'
import { Client } from 'minio'
import { objectStoreContract } from './contract.js'
import { openS3 } from './s3.js'

// CHAT4ALL_TEST_MINIO=http://host:port, of a store whose root is these two.
const endpoint = testEngine('CHAT4ALL_TEST_MINIO')
const accessKey = process.env.CHAT4ALL_TEST_MINIO_KEY ?? 'chat4all-test'
const secretKey = process.env.CHAT4ALL_TEST_MINIO_SECRET ?? 'chat4all-test-secret'

const bucket = `test-objects-${randomBytes(6).toString('hex')}`
after(() => removeBucket())
objectStoreContract('S3', async () => {
  const store = openS3({ endpoint: withScheme(endpoint), accessKey, secretKey, bucket, region: 'us-east-1' })
  return { store, close: () => store.close() }
})

async function removeBucket(): Promise<void> {
  const { hostname, port, protocol } = new URL(withScheme(endpoint))
  const useSSL = protocol === 'https:'
  const client = new Client({
    endPoint: hostname,
    ...(port !== '' && { port: Number(port) }),
    useSSL,
    accessKey,
    secretKey,
  })
  for await (const { key, uploadId } of client.listIncompleteUploads(bucket, '', true)) {
    await client.abortMultipartUpload(bucket, key, uploadId)
  }
  for await (const { name } of client.listObjectsV2(bucket, '', true)) await client.removeObject(bucket, name as string)
  await client.removeBucket(bucket)
}

function withScheme(address: string): string {
  return address.includes('://') ? address : `http://${address}`
}
