import { randomBytes } from 'node:crypto'
import { objectStoreContract } from './contract.js'
import { openS3 } from './s3.js'

// CHAT4ALL_TEST_MINIO=http://host:port, of a store whose root is these two.
const endpoint = process.env.CHAT4ALL_TEST_MINIO
const accessKey = process.env.CHAT4ALL_TEST_MINIO_KEY ?? 'chat4all-test'
const secretKey = process.env.CHAT4ALL_TEST_MINIO_SECRET ?? 'chat4all-test-secret'

if (endpoint !== undefined) {
  const bucket = `test-objects-${randomBytes(6).toString('hex')}`
  objectStoreContract('S3', async () => {
    const store = openS3({ endpoint: withScheme(endpoint), accessKey, secretKey, bucket, region: 'us-east-1' })
    return { store, close: () => store.close() }
  })
}

function withScheme(address: string): string {
  return address.includes('://') ? address : `http://${address}`
}
