import { Client } from 'minio'

export interface S3Target {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
}

const BUCKET = 'large-file-alone'
const PART_BYTES = 8 * 1024 * 1024

/** The S3 client by itself, with parts of the same size: what there is to compare with. */
export class S3Alone {
  private readonly client: Client

  constructor(target: S3Target) {
    this.client = clientOf(target)
  }

  async upload(path: string): Promise<number> {
    if (!(await this.client.bucketExists(BUCKET))) await this.client.makeBucket(BUCKET, 'us-east-1')
    return seconds(() => this.client.fPutObject(BUCKET, 'file', path, {}))
  }

  download(path: string): Promise<number> {
    return seconds(() => this.client.fGetObject(BUCKET, 'file', path))
  }

  remove(): Promise<number> {
    return seconds(() => this.client.removeObject(BUCKET, 'file'))
  }
}

/** Removes a bucket, and all that is in it. */
export async function removeBucket(target: S3Target, bucket: string): Promise<void> {
  const client = clientOf(target)
  const names: string[] = []
  for await (const { name } of client.listObjectsV2(bucket, '', true)) names.push(name as string)
  await client.removeObjects(bucket, names)
  await client.removeBucket(bucket)
}

function clientOf({ endpoint, accessKey, secretKey }: S3Target): Client {
  const { hostname, port, protocol } = new URL(endpoint)
  return new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey,
    secretKey,
    region: 'us-east-1',
    partSize: PART_BYTES,
  })
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await act()
  return (performance.now() - startedMs) / 1000
}
