import { unlink } from 'node:fs/promises'
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

  constructor({ endpoint, accessKey, secretKey }: S3Target) {
    const { hostname, port, protocol } = new URL(endpoint)
    this.client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: protocol === 'https:',
      accessKey,
      secretKey,
      region: 'us-east-1',
      partSize: PART_BYTES,
    })
  }

  async upload(path: string): Promise<number> {
    if (!(await this.client.bucketExists(BUCKET))) await this.client.makeBucket(BUCKET, 'us-east-1')
    return seconds(() => this.client.fPutObject(BUCKET, 'file', path, {}))
  }

  async download(path: string): Promise<number> {
    const took = await seconds(() => this.client.fGetObject(BUCKET, 'file', path))
    await unlink(path)
    return took
  }

  async remove(): Promise<void> {
    await this.client.removeObject(BUCKET, 'file')
  }

  async removeBucket(bucket: string): Promise<void> {
    const names: string[] = []
    for await (const { name } of this.client.listObjectsV2(bucket, '', true)) names.push(name as string)
    await this.client.removeObjects(bucket, names)
    await this.client.removeBucket(bucket)
  }
}

export async function seconds(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await act()
  return (performance.now() - startedMs) / 1000
}
